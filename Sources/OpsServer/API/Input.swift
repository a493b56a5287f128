import Manifests

/// Something that a request gives: in its path, its query, or the object in its body.
///
/// What the document says of it and what is refused come from the same place.
struct Input: Sendable {
    enum Place: String, Sendable { case path, query, body }

    enum Kind: Sendable {
        /// One line.
        case text(maximum: Int)
        /// Any text.
        case lines(maximum: Int)
        /// Texts by name.
        case texts(maximum: Int)
        case count(ClosedRange<Int>)
        case flag
        case words([String])
        /// A JSON object, whatever it holds; of a body.
        case object
        /// Texts, each of a form.
        case list(maximum: Int, schema: JSON, expected: String, isRight: @Sendable (String) -> Bool)
        /// A form of its own.
        case form(schema: JSON, expected: String, isRight: @Sendable (String) -> Bool)
    }

    let name: String
    let place: Place
    let kind: Kind
    let text: String
    var isRequired = false
    var standard: JSON?

    static func path(_ name: String, _ kind: Kind, _ text: String) -> Input {
        Input(name: name, place: .path, kind: kind, text: text, isRequired: true)
    }

    static func query(_ name: String, _ kind: Kind, _ text: String, standard: JSON? = nil) -> Input {
        Input(name: name, place: .query, kind: kind, text: text, standard: standard)
    }

    static func body(_ name: String, _ kind: Kind, _ text: String, isRequired: Bool = false, standard: JSON? = nil) -> Input {
        Input(name: name, place: .body, kind: kind, text: text, isRequired: isRequired, standard: standard)
    }
}

/// What an input was given as.
enum InputValue: Sendable, Equatable {
    case text(String)
    case count(Int)
    case flag(Bool)
    case texts([NamedText])
    case list([String])
}

struct NamedText: Sendable, Equatable {
    let name: String
    let value: String
}

extension Input {
    /// JSON Schema of it.
    var schema: JSON {
        var schema: JSON =
            switch kind {
            case .text(let maximum): ["type": "string", "maxLength": .int(maximum), "pattern": "^[^\\u0000-\\u001f\\u007f]*$"]
            case .lines(let maximum): ["type": "string", "maxLength": .int(maximum)]
            case .texts(let maximum):
                ["type": "object", "maxProperties": .int(maximum), "additionalProperties": ["type": "string"]]
            case .count(let range): ["type": "integer", "minimum": .int(range.lowerBound), "maximum": .int(range.upperBound)]
            case .flag: ["type": "boolean"]
            case .words(let words): ["type": "string", "enum": .array(words.map { .string($0) })]
            case .object: ["type": "object"]
            case .list(let maximum, let schema, _, _): ["type": "array", "minItems": 1, "maxItems": .int(maximum), "items": schema]
            case .form(let schema, _, _): schema
            }
        if place == .body { schema = schema.appending("description", .string(text)) }
        return standard.map { schema.appending("default", $0) } ?? schema
    }

    /// Reads a text of the path or the query.
    func read(_ text: String) throws(InputFault) -> InputValue {
        switch kind {
        case .flag:
            guard text == "true" || text == "false" else { throw fault }
            return .flag(text == "true")
        case .count(let range):
            let digits = text.utf8.allSatisfy { (0x30...0x39).contains($0) }
            guard digits, let count = Int(text), range.contains(count) else { throw fault }
            return .count(count)
        default: return .text(try checked(text))
        }
    }

    /// Reads a value of the body.
    func read(_ value: BodyValue) throws(InputFault) -> InputValue {
        switch (kind, value) {
        case (.flag, .flag(let flag)): return .flag(flag)
        case (.count(let range), .number(let number)):
            guard let count = Self.whole(number), range.contains(count) else { throw fault }
            return .count(count)
        case (.object, .object(let text)): return .text(text)
        case (.list(let maximum, _, _, let isRight), .list(let text)):
            guard let texts = BodyValue.list(of: text), (1...maximum).contains(texts.count), texts.allSatisfy(isRight) else { throw fault }
            return .list(texts)
        case (.texts(let maximum), .object(let text)):
            guard let texts = BodyValue.texts(of: text), texts.count <= maximum else { throw fault }
            return .texts(texts)
        case (.text, .text(let text)), (.lines, .text(let text)), (.words, .text(let text)), (.form, .text(let text)): return .text(try checked(text))
        default: throw fault
        }
    }

    /// To JSON Schema 7.0 is a whole number, too.
    private static func whole(_ number: String) -> Int? {
        Int(number) ?? Double(number).flatMap { Int(exactly: $0) }
    }

    private func checked(_ text: String) throws(InputFault) -> String {
        let isRight =
            switch kind {
            case .text(let maximum):
                text.unicodeScalars.count <= maximum && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
            case .lines(let maximum): text.unicodeScalars.count <= maximum
            case .words(let words): words.contains(text)
            case .form(_, _, let isRight): isRight(text)
            case .count, .flag, .object, .texts, .list: false
            }
        guard isRight else { throw fault }
        return text
    }

    private var fault: InputFault {
        switch kind {
        case .text(let maximum): fault("must be a text of one line, with at most \(maximum) characters")
        case .lines(let maximum): fault("must be a text of at most \(maximum) characters")
        case .texts(let maximum): fault("must be an object of at most \(maximum) texts")
        case .count(let range): fault("must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        case .flag: fault("must be true or false")
        case .words(let words): fault("must be one of \(words.joined(separator: ", "))")
        case .object: fault("must be a JSON object")
        case .list(let maximum, _, let expected, _): fault("must be a list of 1 to \(maximum) texts, each \(expected)")
        case .form(_, let expected, _): fault("must be \(expected)")
        }
    }

    func fault(_ detail: String) -> InputFault { InputFault(place: place, name: name, detail: detail) }
}

/// What is wrong with a request, and where.
struct InputFault: Error, Sendable {
    var place: Input.Place
    /// Empty for the body as a whole.
    var name: String
    var detail: String
    /// Into the body, where a name does not lead to it.
    var pointer: String?
}
