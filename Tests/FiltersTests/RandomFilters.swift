import EventModel

/// Filters of all kinds, of few names and values, so that events meet them and they meet each other.
struct RandomFilters {
    var patterns: RandomPatterns

    init(seed: UInt64) { patterns = RandomPatterns(generator: SeededGenerator(seed: seed)) }

    private static let attributes = ["id", "type", "source", "subject", "x", "hop"]
    private static let values = ["a", "b", "ab", "ba", "0", "-0", "7", "true", "a-long-value-of-more-than-eight-bytes"]

    mutating func int(_ range: Range<Int>) -> Int { Int.random(in: range, using: &patterns.generator) }
    mutating func pick<Element>(_ choices: [Element]) -> Element { choices[int(0..<choices.count)] }

    // MARK: Filters

    /// Those of one subscription.
    mutating func list() -> [FilterExpression] { (0..<pick([0, 1, 1, 1, 2, 3])).map { _ in filter(2) } }

    private mutating func filter(_ depth: Int) -> FilterExpression {
        switch int(0..<(depth > 0 ? 10 : 7)) {
        case 0: return .exact(operands())
        case 1: return .prefix(operands())
        case 2: return .suffix(operands())
        case 3, 4: return .pattern(.object([.init("data", patterns.pattern())]))
        case 5: return .pattern(.object([.init(pick(Self.attributes), .list([.string(pick(Self.values)), .object([.init("exists", .boolean(int(0..<2) == 0))])]))]))
        case 6: return .sql(expression(2))
        case 7: return .all((0..<int(1..<4)).map { _ in filter(depth - 1) })
        case 8: return .any((0..<int(1..<4)).map { _ in filter(depth - 1) })
        default: return .not(filter(depth - 1))
        }
    }

    private mutating func operands() -> [AttributeOperand] {
        (0..<pick([1, 1, 2])).map { _ in AttributeOperand(attribute: pick(Self.attributes), operand: pick(Self.values)) }
    }

    private mutating func expression(_ depth: Int) -> String {
        let name = pick(Self.attributes)
        switch int(0..<(depth > 0 ? 14 : 8)) {
        case 0, 1: return "\(name) = '\(pick(Self.values))'"
        case 2: return "\(name) LIKE '\(pick(Self.values))%'"
        case 3: return "\(name) LIKE '\(pick(["%a", "a_", "0", "0%", "%", "_b%"]))'"
        case 4: return "\(name) \(pick(["IN", "NOT IN"])) ('\(pick(Self.values))', '\(pick(Self.values))')"
        case 5: return "EXISTS \(name)"
        case 6: return "\(name) \(pick(["!=", "NOT LIKE", "<>"])) '\(pick(Self.values))'"
        case 7: return pick(["hop > 1", "INT(hop) = 7", "true", "false", "x", "LENGTH(subject) = 1", "'a' = type", "hop = 7"])
        case 8, 9: return "\(expression(depth - 1)) AND \(expression(depth - 1))"
        case 10: return "\(expression(depth - 1)) OR \(expression(depth - 1))"
        case 11: return "(\(expression(depth - 1))) \(pick(["AND", "OR", "XOR"])) (\(expression(depth - 1)))"
        case 12: return "NOT (\(expression(depth - 1)))"
        default: return "EXISTS x AND x = '\(pick(Self.values))' AND \(expression(depth - 1))"
        }
    }

    // MARK: Events

    mutating func event() throws -> RandomEvent {
        let attributes = TestEvent(["id": pick(Self.values), "source": pick(Self.values), "type": pick(Self.values)])
        if int(0..<2) == 0 { attributes.set("subject", pick(Self.values)) }
        if int(0..<2) == 0 { attributes.set("x", pick(Self.values)) }
        switch int(0..<4) {
        case 0: attributes.set("hop", pick(["0", "-0", "7", "-1"]), .integer)
        case 1: attributes.set("hop", pick(["true", "false"]), .boolean)
        case 2: attributes.set("hop", pick(Self.values))
        default: break
        }
        return RandomEvent(attributes: attributes, data: try TestJSON(patterns.payload().json))
    }
}

/// An event that owns its bytes.
struct RandomEvent {
    let attributes: TestEvent
    let data: TestJSON

    func with<Result>(_ body: (Event) throws -> Result) rethrows -> Result {
        var event = attributes.event
        event.data = data.raw
        event.dataKind = .json
        return try withExtendedLifetime((attributes, data)) { try body(event) }
    }
}
