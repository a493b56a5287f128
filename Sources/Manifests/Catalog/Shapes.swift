internal import EventModel

/// The kinds of value that keys share.
extension Shape where Value == String {
    /// Text as it is. Quotes are needed where YAML would see a number or a boolean.
    static var text: Shape {
        .scalar("text", .text, schema: ["type": "string"]) { .value($0) } show: { .string($0) }
    }

    /// Text of a given form.
    static func text(
        _ expected: String, pattern: String? = nil, check: @escaping @Sendable (String) -> Reading<Void>
    ) -> Shape {
        let schema: JSON = pattern.map { .pattern($0) } ?? ["type": "string"]
        return .scalar(expected, .text, schema: schema) { text in
            switch check(text) {
            case .value: .value(text)
            case .unexpected: .unexpected
            case .outside(let bounds): .outside(bounds)
            case .wrong(let reason): .wrong(reason)
            }
        } show: { .string($0) }
    }

    /// Any scalar, kept as it was written.
    static func anyScalar(_ expected: String, isSecret: Bool = false) -> Shape {
        .scalar(expected, .any, isSecret: isSecret, schema: ["type": ["string", "number", "boolean"]]) {
            .value($0)
        } show: { .string($0) }
    }

    /// A file that must be readable; relative to the file that names it.
    static var file: Shape {
        Shape(schema: ["type": "string"], form: .text) { node, path, reader in
            guard let text = Shape.text.read(node, path, &reader) else { return nil }
            guard !text.isEmpty else {
                reader.error(node.position, path, "must be the path of a file")
                return nil
            }
            let file = FilePath.resolve(text, from: node.position.folder)
            reader.requireFile(file, node.position, path)
            return file
        } show: { .string($0) }
    }
}

extension Shape where Value == Bool {
    static var flag: Shape {
        .scalar("true or false", .plain, schema: .orInterpolated(["type": "boolean"])) {
            switch $0 {
            case "true", "True", "TRUE": .value(true)
            case "false", "False", "FALSE": .value(false)
            default: .unexpected
            }
        } show: { .bool($0) }
    }
}

extension Shape where Value == Int {
    /// A whole number within bounds.
    static func count(_ range: ClosedRange<Int>) -> Shape {
        let schema: JSON = ["type": "integer", "minimum": .int(range.lowerBound), "maximum": .int(range.upperBound)]
        return .scalar("a whole number", .plain, schema: .orInterpolated(schema)) { text in
            guard let number = Int(text) else { return .unexpected }
            guard range.contains(number) else { return .outside("between \(range.lowerBound) and \(range.upperBound)") }
            return .value(number)
        } show: { .int($0) }
    }

    /// A size in bytes, written with its unit.
    static func size(_ range: ClosedRange<Int>) -> Shape {
        .scalar("a size such as 64KiB, 1MiB or 2GiB", .any, schema: .pattern("[0-9]+(B|KiB|MiB|GiB)")) { text in
            guard let bytes = ByteSize.parse(text) else {
                return ByteSize.isDecimal(text) ? .outside("a size with one of the units B, KiB, MiB and GiB (of 1024)") : .unexpected
            }
            guard range.contains(bytes) else {
                return .outside("between \(ByteSize.text(range.lowerBound)) and \(ByteSize.text(range.upperBound))")
            }
            return .value(bytes)
        } show: { .string(ByteSize.text($0)) }
    }
}

extension Shape where Value == Double {
    static func number(_ range: ClosedRange<Double>) -> Shape {
        let schema: JSON = ["type": "number", "minimum": .double(range.lowerBound), "maximum": .double(range.upperBound)]
        return .scalar("a number such as 0.2", .plain, schema: .orInterpolated(schema)) { text in
            // `Double` also reads "nan", "inf" and hexadecimal; none of them is meant.
            guard text.utf8.allSatisfy({ ASCII.isDigit($0) || "+-.eE".utf8.contains($0) }), let number = Double(text) else {
                return .unexpected
            }
            guard range.contains(number) else {
                return .outside("between \(JSON.double(range.lowerBound).text()) and \(JSON.double(range.upperBound).text())")
            }
            return .value(number)
        } show: { .double($0) }
    }
}

extension Shape where Value == TimeSpan {
    static func duration(_ range: ClosedRange<TimeSpan>) -> Shape {
        .scalar("a duration such as 250ms, 5s, 2m, 1h or 3d", .any, schema: .pattern("[0-9]+(ms|s|m|h|d)")) { text in
            guard let span = TimeSpan(text) else {
                return Int64(text) == nil ? .unexpected : .outside("a duration with its unit, such as 5s or 250ms")
            }
            guard range.contains(span) else { return .outside("between \(range.lowerBound) and \(range.upperBound)") }
            return .value(span)
        } show: { .string($0.description) }
    }
}

extension Shape where Value: RawRepresentable & CaseIterable & Sendable, Value.RawValue == String {
    /// One of a few words.
    static var choice: Shape {
        .choice(Value.allCases.map { ($0.rawValue, $0) }) { $0.rawValue }
    }
}

extension Shape where Value: Sendable {
    /// One of a few words, each standing for a value. Numbers among them may be written without quotes.
    static func choice(_ choices: [(word: String, value: Value)], show: @escaping @Sendable (Value) -> String) -> Shape {
        let words = choices.map(\.word)
        var allowed: [JSON] = words.map { .string($0) }
        for word in words {
            if let number = Int(word) { allowed.append(.int(number)) } else if let number = Double(word) { allowed.append(.double(number)) }
        }
        let list = words.count == 1 ? words[0] : words.dropLast().joined(separator: ", ") + " or " + words[words.count - 1]
        return .scalar(list, .any, schema: .orInterpolated(["enum": .array(allowed)])) { text in
            choices.first { $0.word == text }.map { .value($0.value) } ?? .unexpected
        } show: { .string(show($0)) }
    }
}

extension Shape where Value == [HeaderField] {
    /// A mapping of names to texts. Entries are put over those that are there, so that defaults merge.
    static func fields(
        _ expected: String, separator: Character,
        check: @escaping @Sendable (_ name: String, _ value: Node, _ text: String, _ path: String, _ reader: inout Reader) -> Void
    ) -> Shape {
        Shape(
            schema: ["type": "object", "additionalProperties": ["type": ["string", "number", "boolean"]]],
            form: .entries(separator: separator)
        ) { node, path, reader in
            guard let entries = reader.entries(node, path, expected: expected) else { return nil }
            var fields: [HeaderField] = []
            for entry in entries {
                let here = "\(path).\(entry.key)"
                // Values may hold passwords: their text stays out of messages.
                guard let text = Shape<String>.anyScalar("text", isSecret: true).read(entry.value, here, &reader) else { continue }
                check(entry.key, entry.value, text, here, &reader)
                fields.append(HeaderField(name: entry.key, value: text))
            }
            return fields
        } show: { .object($0.map { JSON.Member(name: $0.name, value: .string($0.value)) }) }
    }
}

extension [HeaderField] {
    /// These, and the others over them; names compare without regard to case.
    func merged(with others: [HeaderField]) -> [HeaderField] {
        var merged = self
        for field in others {
            if let index = merged.firstIndex(where: { $0.name.lowercased() == field.name.lowercased() }) {
                merged[index] = field
            } else {
                merged.append(field)
            }
        }
        return merged
    }
}

/// `64KiB`, `1MiB`.
enum ByteSize {
    private static let units: [(name: String, shift: Int)] = [("GiB", 30), ("MiB", 20), ("KiB", 10), ("B", 0)]

    static func parse(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits), let unit = units.first(where: { $0.name == text.dropFirst(digits.count) }) else { return nil }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: 1 << unit.shift)
        return overflow ? nil : bytes
    }

    /// Without a unit, or with one of a thousand: `1000`, `1MB`, `1M`.
    static func isDecimal(_ text: String) -> Bool {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        return !digits.isEmpty && ["", "K", "k", "M", "m", "G", "g", "KB", "kB", "MB", "mb", "GB"].contains(text.dropFirst(digits.count))
    }

    static func text(_ bytes: Int) -> String {
        for unit in units where bytes % (1 << unit.shift) == 0 && bytes != 0 { return "\(bytes >> unit.shift)\(unit.name)" }
        return "\(bytes)B"
    }
}
