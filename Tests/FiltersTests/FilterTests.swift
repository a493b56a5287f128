import EventModel
import Filters
import Testing

/// An event that owns its bytes, from a dictionary of attributes.
final class TestEvent {
    private var owned: [UnsafeMutableRawBufferPointer] = []
    private(set) var event = Event()

    init(_ attributes: KeyValuePairs<String, String> = ["id": "1", "source": "/s", "type": "order.created"]) {
        for (name, value) in attributes { set(name, value) }
    }

    func set(_ name: String, _ value: String, _ kind: Event.Extension.Kind = .string) {
        let bytes = own(value)
        switch name {
        case "id": event.id = bytes
        case "source": event.source = bytes
        case "type": event.type = bytes
        case "subject": event.subject = bytes
        case "time": event.time = bytes
        case "datacontenttype": event.dataContentType = bytes
        case "dataschema": event.dataSchema = bytes
        default: event.extensions.append(Event.Extension(name: own(name), value: bytes, kind: kind))
        }
    }

    deinit { for buffer in owned { buffer.deallocate() } }

    private func own(_ text: String) -> UnsafeRawBufferPointer {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: text.utf8.count, alignment: 1)
        buffer.copyBytes(from: Array(text.utf8))
        owned.append(buffer)
        return UnsafeRawBufferPointer(buffer)
    }

    func matches(_ filters: FilterExpression...) -> Bool {
        var matches = ContiguousArray<Int32>()
        TopicMatcher(filters: [filters]).match(event, into: &matches)
        withExtendedLifetime(self) {}
        return matches == [0]
    }

    func evaluate<Result>(_ expression: SQLExpression, _ body: (SQLValue, SQLFailure?) -> Result) -> Result {
        defer { withExtendedLifetime(self) {} }
        return expression.evaluate(event, body)
    }

    func explain(_ filters: FilterExpression...) -> [String] { TopicMatcher.explain(filters, event) }
}

func exact(_ attribute: String, _ value: String) -> FilterExpression { .exact([AttributeOperand(attribute: attribute, operand: value)]) }
func prefix(_ attribute: String, _ value: String) -> FilterExpression { .prefix([AttributeOperand(attribute: attribute, operand: value)]) }
func suffix(_ attribute: String, _ value: String) -> FilterExpression { .suffix([AttributeOperand(attribute: attribute, operand: value)]) }

@Suite("A filter")
struct FilterTests {
    let event = TestEvent([
        "id": "1", "source": "/shop/eu", "type": "order.payment.failed", "subject": "Café", "time": "2020-01-01T00:00:00Z",
        "datacontenttype": "application/json", "dataschema": "urn:x", "tenant": "acme", "empty": "",
    ])

    @Test("exact wants the whole value, in the same case")
    func exactMatches() {
        #expect(event.matches(exact("type", "order.payment.failed")))
        #expect(!event.matches(exact("type", "Order.payment.failed")))
        #expect(!event.matches(exact("type", "order.payment")))
        #expect(!event.matches(exact("type", "order.payment.failed.twice")))
    }

    @Test("prefix and suffix want the beginning and the end, also the whole")
    func ends() {
        #expect(event.matches(prefix("type", "order.")) && event.matches(prefix("type", "order.payment.failed")))
        #expect(!event.matches(prefix("type", "payment")) && !event.matches(prefix("type", "order.payment.failed.")))
        #expect(event.matches(suffix("type", ".failed")) && event.matches(suffix("type", "order.payment.failed")))
        #expect(!event.matches(suffix("type", "order")) && !event.matches(suffix("type", "x.order.payment.failed")))
    }

    @Test("sees every attribute, extensions and specversion included", arguments: [
        ("id", "1"), ("source", "/shop/eu"), ("type", "order.payment.failed"), ("subject", "Café"), ("time", "2020-01-01T00:00:00Z"),
        ("datacontenttype", "application/json"), ("dataschema", "urn:x"), ("specversion", "1.0"), ("tenant", "acme"),
    ])
    func attributes(name: String, value: String) {
        #expect(event.matches(exact(name, value)) && event.matches(prefix(name, value)) && event.matches(suffix(name, value)))
        #expect(!event.matches(exact(name, value + "x")) && !event.matches(.not(exact(name, value))))
    }

    @Test("compares bytes, not what looks alike")
    func bytes() {
        #expect(event.matches(exact("subject", "Café")))
        #expect(!event.matches(exact("subject", "Cafe\u{301}")))
    }

    @Test("on an attribute that the event does not have is false, and its negation true")
    func absent() {
        for filter in [exact("region", "eu"), prefix("region", "e"), suffix("region", "u")] {
            #expect(!event.matches(filter) && event.matches(.not(filter)))
        }
        #expect(!event.matches(prefix("empty", "x")))
    }

    @Test("with several attributes wants them all")
    func several() {
        let both = { (tenant: String) in
            FilterExpression.exact([AttributeOperand(attribute: "id", operand: "1"), AttributeOperand(attribute: "tenant", operand: tenant)])
        }
        #expect(event.matches(both("acme")) && !event.matches(both("other")))
    }

    @Test("list wants all of its filters, and an empty one nothing")
    func lists() {
        #expect(event.matches())
        #expect(event.matches(exact("id", "1"), prefix("type", "order")))
        #expect(!event.matches(exact("id", "1"), prefix("type", "payment")))
    }

    @Test("says why it does not match", arguments: [
        (prefix("type", "order.created"), #"type is "order.payment.failed", does not start with "order.created""#),
        (exact("type", "x"), #"type is "order.payment.failed", not "x""#),
        (suffix("id", "2"), #"id is "1", does not end with "2""#),
        (exact("region", "eu"), "region is absent"),
        (.not(prefix("type", "order.")), #"excluded, because type is "order.payment.failed", starts with "order.""#),
        (.any([exact("id", "2"), exact("region", "eu")]), #"none of: id is "1", not "2"; region is absent"#),
        (.all([exact("id", "1"), exact("id", "3")]), #"id is "1", not "3""#),
        (.not(.any([exact("region", "eu"), exact("id", "1")])), #"excluded, because id is "1""#),
        (.not(.all([exact("id", "1"), exact("tenant", "acme")])), #"excluded, because id is "1" and tenant is "acme""#),
    ] as [(FilterExpression, String)])
    func reasons(filter: FilterExpression, reason: String) {
        #expect(event.explain(filter) == [reason])
        #expect(!event.matches(filter))
    }

    @Test("has no reason to give when it matches")
    func noReason() { #expect(event.explain(exact("id", "1"), .not(exact("id", "2"))).isEmpty) }

    @Test("is invalid with the path to the fault and what to write instead")
    func problems() {
        func lines(_ filter: FilterExpression) -> [String] { filter.problems().map { "\($0.path): \($0.message)" } }
        #expect(lines(.any([exact("id", "1"), .not(prefix("type", ""))]))
            == ["any[1].not.prefix.type: the value to compare with must not be empty"])
        #expect(lines(.all([])) == ["all: needs at least one filter in its list"])
        #expect(lines(.any([])) == ["any: needs at least one filter in its list"])
        #expect(lines(.exact([])).first?.hasPrefix("exact: names no attribute") == true)
        #expect(lines(exact("Type", "x"))
            == [#"exact.Type: "Type" is not the name of a CloudEvents attribute: a-z and 0-9 only; did you mean type?"#])
        #expect(lines(exact("data", "x")).first?.contains("context attributes only") == true)
        #expect(lines(exact("", "x")).count == 1)
        #expect(lines(.all([exact("a", "1"), .any([suffix("b2", "x")])])).isEmpty)
    }
}

@Suite("A topic's matcher")
struct TopicMatcherTests {
    @Test("names the subscriptions that match, ascending, and keeps what is in the list")
    func indices() {
        let matcher = TopicMatcher(filters: [
            [], [exact("type", "order.created")], [exact("type", "order.paid")], [prefix("type", "order.")], [.not(prefix("type", "order."))],
        ])
        var matches: ContiguousArray<Int32> = [99]
        let event = TestEvent()
        defer { withExtendedLifetime(event) {} }
        matcher.match(event.event, into: &matches)
        #expect(matches == [99, 0, 1, 3])
        matches.removeAll()
        TopicMatcher(filters: []).match(event.event, into: &matches)
        #expect(matches.isEmpty)
    }

    /// The plain reading of the specification, to compare with.
    private func holds(_ filter: FilterExpression, _ attributes: [String: String]) -> Bool {
        func all(_ operands: [AttributeOperand], _ test: (String, String) -> Bool) -> Bool {
            operands.allSatisfy { operand in attributes[operand.attribute].map { test($0, operand.operand) } ?? false }
        }
        return switch filter {
        case .exact(let operands): all(operands) { $0 == $1 }
        case .prefix(let operands): all(operands) { $0.hasPrefix($1) }
        case .suffix(let operands): all(operands) { $0.hasSuffix($1) }
        case .all(let filters): filters.allSatisfy { holds($0, attributes) }
        case .any(let filters): filters.contains { holds($0, attributes) }
        case .not(let filter): !holds(filter, attributes)
        case .pattern: preconditionFailure("patterns are compared elsewhere")
        case .sql: preconditionFailure("random filters have no expressions")
        }
    }

    private func random(_ depth: Int, _ random: inout some RandomNumberGenerator) -> FilterExpression {
        func some() -> FilterExpression { self.random(depth - 1, &random) }
        let operands = (0..<Int.random(in: 1...2, using: &random)).map { _ in
            AttributeOperand(
                attribute: ["id", "type", "subject", "x"].randomElement(using: &random)!, operand: ["a", "b", "ab"].randomElement(using: &random)!)
        }
        switch depth == 0 ? Int.random(in: 0..<3, using: &random) : Int.random(in: 0..<6, using: &random) {
        case 0: return .exact(operands)
        case 1: return .prefix(operands)
        case 2: return .suffix(operands)
        case 3: return .all((0..<Int.random(in: 0...3, using: &random)).map { _ in some() })
        case 4: return .any((0..<Int.random(in: 0...3, using: &random)).map { _ in some() })
        default: return .not(some())
        }
    }

    @Test("agrees with the plain reading of the specification on random filters", arguments: 1...20 as ClosedRange<UInt64>)
    func agrees(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let filters = (0..<50).map { _ in (0..<Int.random(in: 0...2, using: &generator)).map { _ in random(4, &generator) } }
        let matcher = TopicMatcher(filters: filters)
        let values = ["a", "b", "ab", "ba"]
        for id in values {
            for type in values {
                let event = TestEvent(["id": id, "source": "/s", "type": type, "x": "aab"])
                defer { withExtendedLifetime(event) {} }
                let attributes = ["id": id, "source": "/s", "type": type, "x": "aab"]
                var matches = ContiguousArray<Int32>()
                matcher.match(event.event, into: &matches)
                let expected = filters.indices.filter { index in filters[index].allSatisfy { holds($0, attributes) } }
                #expect(matches.map(Int.init) == expected, "seed \(seed)")
                for index in filters.indices {
                    #expect(TopicMatcher.explain(filters[index], event.event).isEmpty == expected.contains(index), "seed \(seed)")
                }
            }
        }
    }
}
