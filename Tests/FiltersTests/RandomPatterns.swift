import EventModel

/// Patterns and payloads of few names and values, so that they meet.
struct RandomPatterns {
    var generator: SeededGenerator

    private static let texts = ["", "a", "b", "ab", "aB", "BA", "aba", "abcab", "bcab", "10.1.2.3", "10.2.0.0"]
    private static let names = ["a", "b", "c"]

    private mutating func int(_ range: Range<Int>) -> Int { Int.random(in: range, using: &generator) }
    private mutating func pick<Element>(_ choices: [Element]) -> Element { choices[int(0..<choices.count)] }

    // MARK: Payloads

    mutating func payload() -> NaivePattern.Value { object(3) }

    private mutating func object(_ depth: Int) -> NaivePattern.Value {
        .object(Self.names.shuffled(using: &generator).prefix(int(0..<4)).map { ($0, value(depth - 1)) })
    }

    private mutating func value(_ depth: Int) -> NaivePattern.Value {
        switch int(0..<(depth > 0 ? 10 : 6)) {
        case 0, 1, 2: return .string(pick(Self.texts))
        case 3, 4: return .number(pick([0, 1, 2, -1, 1.5, 100]))
        case 5: return .other(pick(["true", "false", "null"]))
        case 6, 7: return object(depth)
        default: return .array((0..<int(0..<4)).map { _ in value(depth - 1) })
        }
    }

    // MARK: Patterns

    mutating func pattern() -> PatternTree { object(2) }

    private mutating func object(_ depth: Int) -> PatternTree {
        var members: [PatternTree.Member] = Self.names.shuffled(using: &generator).prefix(int(1..<4)).map { name in
            .init(name, depth > 0 && int(0..<3) > 0 ? object(depth - 1) : .list((0..<int(1..<3)).map { _ in item() }))
        }
        if int(0..<6) == 0 { members.insert(.init("$or", .list([object(depth - 1), object(depth - 1)])), at: int(0..<members.count + 1)) }
        return .object(members)
    }

    private mutating func text() -> PatternTree { .string(pick(Self.texts)) }
    private mutating func number() -> PatternTree { .number(pick(["0", "1", "2e0", "-1", "1.5", "100"])) }
    private mutating func matcher(_ name: String, _ operand: PatternTree) -> PatternTree { .object([.init(name, operand)]) }
    private mutating func wildcard() -> PatternTree { .string(pick(["*", "a*", "*b", "a*b", "*a*", "*ca*", "*bca*", "abc*", "a*c*b", "ab"])) }
    private mutating func some(_ one: (inout Self) -> PatternTree) -> PatternTree { int(0..<2) == 0 ? one(&self) : .list([one(&self), one(&self)]) }
    private mutating func nonempty() -> PatternTree { .string(pick(["a", "b", "ab", "10."])) }

    private mutating func item() -> PatternTree {
        switch int(0..<20) {
        case 0, 1: return text()
        case 2: return number()
        case 3: return pick([.boolean(true), .boolean(false), .null])
        case 4: return matcher("prefix", text())
        case 5: return matcher("suffix", text())
        case 6: return matcher("prefix", matcher("equals-ignore-case", text()))
        case 7: return matcher("suffix", matcher("equals-ignore-case", text()))
        case 8: return matcher("equals-ignore-case", text())
        case 9, 10: return matcher("wildcard", wildcard())
        case 11: return matcher("numeric", .list([.string(pick(["=", "<", "<=", ">", ">="])), number()]))
        case 12: return matcher("numeric", .list([.string(pick([">", ">="])), .number(pick(["-1", "0", "1"])), .string(pick(["<", "<="])), .number(pick(["1.5", "2", "100"]))]))
        case 13: return matcher("cidr", .string(pick(["10.0.0.0/8", "10.1.0.0/16"])))
        case 14: return matcher("exists", .boolean(true))
        case 15: return matcher("exists", .boolean(false))
        case 16: return matcher("anything-but", some { $0.text() })
        case 17: return matcher("anything-but", some { $0.number() })
        case 18: return matcher("anything-but", matcher(pick(["prefix", "suffix"]), some { $0.nonempty() }))
        default: return matcher("anything-but", int(0..<2) == 0 ? matcher("wildcard", some { $0.wildcard() }) : matcher("equals-ignore-case", some { $0.text() }))
        }
    }
}
