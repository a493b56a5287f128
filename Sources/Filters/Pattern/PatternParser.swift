import EventModel

/// Reads a pattern's tree, or says what is wrong with it.
struct PatternParser {
    private typealias Alternative = [String: ContentPattern.Field]

    private(set) var problems: [FilterProblem] = []

    /// `$or` inside `$or` beside `$or` multiplies.
    private static let mostAlternatives = 1000

    /// - Parameter path: of the tree, for problems.
    /// - Returns: nil after a problem.
    static func parse(_ tree: PatternTree, at path: String) -> (pattern: ContentPattern?, problems: [FilterProblem]) {
        var parser = PatternParser()
        var alternatives: [Alternative] = [[:]]
        guard case .object(let members) = tree else {
            parser.refuse(path, "must be a mapping such as { data: { amount: [ { numeric: [ \">=\", 100 ] } ] } }")
            return (nil, parser.problems)
        }
        for member in members { parser.checkTop(member, path) }
        parser.readObject(members, path, field: "", into: &alternatives)
        guard parser.problems.isEmpty else { return (nil, parser.problems) }
        return (ContentPattern(alternatives: alternatives.map { $0.values.sorted { $0.path.utf16Precedes($1.path) } }), [])
    }

    private mutating func refuse(_ path: String, _ message: String) { problems.append(FilterProblem(path: path, message: message)) }

    /// At the top there are only attributes and `data`; anything else could never match.
    private mutating func checkTop(_ member: PatternTree.Member, _ path: String) {
        let name = String(member.name.prefix { $0 != "." })
        if name == "data" || AttributeName.isLegal(name) { return }
        if name == "$or", case .list(let items) = member.value {
            for (index, item) in items.enumerated() {
                guard case .object(let members) = item else { continue }
                for member in members { checkTop(member, "\(path).$or[\(index)]") }
            }
            return
        }
        refuse("\(path).\(member.name)", "is no attribute (a-z and 0-9 only); what the payload has is under data: { data: { \(member.name): ... } }")
    }

    // MARK: Fields

    private mutating func readObject(_ members: [PatternTree.Member], _ path: String, field: String, into alternatives: inout [Alternative]) {
        if members.isEmpty { return refuse(path, "is empty; name a field, such as { currency: [EUR] }, or remove it") }
        for member in members {
            let here = "\(path).\(member.name)"
            if member.name == "$or", case .list(let items) = member.value, Self.isAlternatives(items) {
                readAlternatives(items, here, field: field, into: &alternatives)
                continue
            }
            let inner = field.isEmpty ? member.name : "\(field).\(member.name)"
            switch member.value {
            case .object(let members):
                readObject(members, here, field: inner, into: &alternatives)
            case .list(let items):
                guard let read = readMatchers(items, here) else { continue }
                let field = ContentPattern.Field(path: inner, matchers: read, shown: items.map(\.asCondition))
                // A field that stands in a `$or` and around it: the later one counts, as in event-ruler.
                for index in alternatives.indices { alternatives[index][inner] = field }
            default:
                refuse(here, "must be a list of values, or a mapping of fields; write [\(member.value.shown)]")
            }
        }
    }

    /// Whether the list under `$or` means alternatives. Elsewise it is a field of that name, as in event-ruler.
    private static func isAlternatives(_ items: [PatternTree]) -> Bool {
        items.contains { item in
            guard case .object(let members) = item else { return false }
            return !members.contains { MatcherKind(rawValue: $0.name) != nil }
        }
    }

    private mutating func readAlternatives(_ items: [PatternTree], _ path: String, field: String, into alternatives: inout [Alternative]) {
        if items.count < 2 { return refuse(path, "needs at least two alternatives") }
        let before = alternatives
        alternatives = []
        for (index, item) in items.enumerated() {
            let here = "\(path)[\(index)]"
            guard case .object(let members) = item else {
                refuse(here, "must be a mapping of fields, as the others are")
                continue
            }
            for member in members where MatcherKind(rawValue: member.name) != nil {
                refuse("\(here).\(member.name)", "is a matcher, not a field; name the field: { FIELD: [ { \(member.name): ... } ] }")
            }
            var own = before
            readObject(members, here, field: field, into: &own)
            alternatives += own
            if alternatives.count > Self.mostAlternatives {
                alternatives = before
                return refuse(path, "makes more than \(Self.mostAlternatives) combinations with the other $or; make it several subscriptions")
            }
        }
    }

    // MARK: Values

    private mutating func readMatchers(_ items: [PatternTree], _ path: String) -> [ValueMatcher]? {
        if items.isEmpty {
            refuse(path, "is an empty list, which nothing matches; write a value, or { exists: false }")
            return nil
        }
        let count = problems.count
        let matchers = items.enumerated().compactMap { readMatcher($1, "\(path)[\($0)]") }
        return problems.count == count ? matchers : nil
    }

    private mutating func readMatcher(_ item: PatternTree, _ path: String) -> ValueMatcher? {
        switch item {
        case .string(let text): return IPAddress(text).map { .address(IPRange($0)) } ?? .text(text.bytes)
        case .number(let text): return Self.number(text)
        case .boolean(let value): return .literal((value ? "true" : "false").bytes)
        case .null: return .literal("null".bytes)
        case .list:
            refuse(path, "is a list in a list; the values of a field stand in one list")
            return nil
        case .object(let members):
            guard let member = members.first, members.count == 1 else {
                refuse(path, "must have exactly one key, such as { prefix: a }; several are several items of the list")
                return nil
            }
            let here = "\(path).\(member.name)"
            guard let kind = MatcherKind(rawValue: member.name) else {
                refuse(here, "is no matcher; there are \(MatcherKind.allCases.map(\.rawValue).joined(separator: ", "))")
                return nil
            }
            return read(kind, member.value, here)
        }
    }

    private static func number(_ text: String) -> ValueMatcher { JSONNumber.value(text).map { .number($0) } ?? .literal(text.bytes) }

    private mutating func read(_ kind: MatcherKind, _ operand: PatternTree, _ path: String) -> ValueMatcher? {
        switch kind {
        case .exactly:
            return readText(operand, path).map { .text($0.bytes) }
        case .prefix, .suffix:
            if case .object(let members) = operand {
                guard let member = members.first, members.count == 1, member.name == MatcherKind.equalsIgnoreCase.rawValue else {
                    refuse(path, "must be text, or { equals-ignore-case: TEXT }")
                    return nil
                }
                let text = readText(member.value, "\(path).\(member.name)").map(CaseFolding.fold)
                return text.map { kind == .prefix ? .prefixIgnoringCase($0) : .suffixIgnoringCase($0) }
            }
            return readText(operand, path).map { kind == .prefix ? .prefix($0.bytes) : .suffix($0.bytes) }
        case .equalsIgnoreCase:
            return readText(operand, path).map { .textIgnoringCase(CaseFolding.fold($0)) }
        case .wildcard:
            return readText(operand, path).flatMap { readWildcard($0, path) }
        case .cidr:
            guard let text = readText(operand, path) else { return nil }
            if let range = IPRange(cidr: text) { return .address(range) }
            refuse(path, "must be a range such as 10.0.0.0/8 or 2001:db8::/32, of more than one address; a single address is written as it is")
            return nil
        case .exists:
            if case .boolean(let exists) = operand { return exists ? .present : .absent }
            refuse(path, "must be true or false")
            return nil
        case .numeric:
            return readRange(operand, path)
        case .anythingBut:
            return readAnythingBut(operand, path)
        }
    }

    private mutating func readText(_ operand: PatternTree, _ path: String) -> String? {
        if case .string(let text) = operand { return text }
        refuse(path, "must be text; write \"\(operand.shown)\" in quotes if that is meant")
        return nil
    }

    private mutating func readWildcard(_ text: String, _ path: String) -> ValueMatcher? {
        do throws(Wildcard.Fault) {
            return .wildcard(try Wildcard(text))
        } catch {
            switch error {
            case .adjacentStars: refuse(path, "has two * in a row; one says the same")
            case .badEscape: refuse(path, #"has a \ that is not followed by * or \; write \\ for a backslash"#)
            }
            return nil
        }
    }

    // MARK: Numbers

    private mutating func readRange(_ operand: PatternTree, _ path: String) -> ValueMatcher? {
        guard case .list(let items) = operand, items.count == 2 || items.count == 4 else {
            refuse(path, #"must be a comparison such as [ ">=", 100 ], or a range such as [ ">", 0, "<=", 100 ]"#)
            return nil
        }
        var range = NumericRange()
        for index in stride(from: 0, to: items.count, by: 2) {
            guard case .number(let text) = items[index + 1] else {
                refuse("\(path)[\(index + 1)]", "must be a number, without quotes")
                return nil
            }
            guard let number = JSONNumber.value(text) else {
                refuse("\(path)[\(index + 1)]", "has more digits, or a larger exponent, than numbers are compared with (IEEE 754 double)")
                return nil
            }
            switch items[index] {
            case .string("=") where items.count == 2: return .number(number)
            case .string(">") where index == 0: range.low = number
            case .string(">=") where index == 0: (range.low, range.includesLow) = (number, true)
            case .string("<") where index == items.count - 2: range.high = number
            case .string("<=") where index == items.count - 2: (range.high, range.includesHigh) = (number, true)
            default:
                refuse("\(path)[\(index)]", #"must be one of "=", "<", "<=", ">", ">="; of two, the first is ">" or ">=", the second "<" or "<=""#)
                return nil
            }
        }
        guard range.low < range.high else {
            refuse(path, #"holds no number: the lower bound must be below the upper one; for one number write [ "=", N ]"#)
            return nil
        }
        return .range(range)
    }

    // MARK: Anything but

    private mutating func readAnythingBut(_ operand: PatternTree, _ path: String) -> ValueMatcher? {
        if case .object(let members) = operand {
            let allowed: [MatcherKind] = [.prefix, .suffix, .equalsIgnoreCase, .wildcard]
            guard let member = members.first, members.count == 1, let kind = MatcherKind(rawValue: member.name), allowed.contains(kind) else {
                refuse(path, "must be a value, a list of values, or one of \(allowed.map(\.rawValue).joined(separator: ", ")): { prefix: a }")
                return nil
            }
            return readAnythingBut(kind, member.value, "\(path).\(member.name)")
        }
        let items = operand.items
        let texts = items.compactMap { if case .string(let text) = $0 { ValueMatcher.text(text.bytes) } else { nil } }
        let numbers = items.compactMap { if case .number(let text) = $0 { JSONNumber.value(text).map { ValueMatcher.number($0) } } else { nil } }
        let excluded = texts.isEmpty ? numbers : texts
        guard !items.isEmpty, excluded.count == items.count else {
            refuse(path, "must be text or a number (of up to 15 digits), or a list only of texts or only of numbers")
            return nil
        }
        return .anythingBut(excluded)
    }

    private mutating func readAnythingBut(_ kind: MatcherKind, _ operand: PatternTree, _ path: String) -> ValueMatcher? {
        let items = operand.items
        if items.isEmpty {
            refuse(path, "is an empty list; write what is not wanted")
            return nil
        }
        let isList = if case .list = operand { true } else { false }
        var excluded: [ValueMatcher] = []
        for (index, item) in items.enumerated() {
            let here = isList ? "\(path)[\(index)]" : path
            if case .string("") = item, kind == .prefix || kind == .suffix {
                refuse(here, "must not be empty: every text begins and ends with nothing")
            } else if case .object = item {
                refuse(here, "must be text")
            } else if let matcher = read(kind, item, here) {
                excluded.append(matcher)
            }
        }
        return excluded.count == items.count ? .anythingBut(excluded) : nil
    }
}

/// The names that stand in for values.
enum MatcherKind: String, CaseIterable {
    case exactly, prefix, suffix
    case equalsIgnoreCase = "equals-ignore-case"
    case wildcard, numeric, cidr, exists
    case anythingBut = "anything-but"
}

extension PatternTree {
    /// A value by itself is a list of one.
    fileprivate var items: [PatternTree] {
        if case .list(let items) = self { items } else { [self] }
    }

    /// A value or a matcher in words that follow "and" and "and not": `>= 100`, `prefix "a"`.
    fileprivate var asCondition: String {
        guard case .object(let members) = self, let member = members.first else { return shown }
        switch (MatcherKind(rawValue: member.name), member.value) {
        case (.exactly, let text): return text.shown
        case (.exists, .boolean(let exists)): return exists ? "present" : "absent"
        case (.cidr, .string(let range)): return "in \(range)"
        case (.numeric, .list(let terms)):
            return stride(from: 0, to: terms.count - 1, by: 2).map { index in
                guard case .string(let comparison) = terms[index] else { return "" }
                return "\(comparison) \(terms[index + 1].shown)"
            }.joined(separator: " and ")
        case (_, let operand): return "\(member.name) \(operand.operandShown)"
        }
    }

    private var operandShown: String {
        switch self {
        case .object(let members): members.map { "\($0.name) \($0.value.operandShown)" }.joined(separator: ", ")
        case .list(let items): items.map(\.shown).joined(separator: " or ")
        default: shown
        }
    }

    /// As JSON, for people.
    var shown: String {
        switch self {
        case .object(let members): "{" + members.map { "\"\($0.name)\": \($0.value.shown)" }.joined(separator: ", ") + "}"
        case .list(let items): "[" + items.map(\.shown).joined(separator: ", ") + "]"
        case .string(let text): "\"\(text)\""
        case .number(let text): text
        case .boolean(let value): value ? "true" : "false"
        case .null: "null"
        }
    }
}

extension String {
    fileprivate var bytes: ContiguousArray<UInt8> { ContiguousArray(utf8) }

    /// The order of event-ruler's paths.
    fileprivate func utf16Precedes(_ other: String) -> Bool { utf16.lexicographicallyPrecedes(other.utf16) }
}
