import EventModel
import Filters
import Testing

/// What a matcher says of an event.
struct Verdicts: Equatable {
    var matches = ContiguousArray<Int32>()
    var failures: [Int32] = []

    init(_ matcher: TopicMatcher, _ event: Event) {
        var failures: [Int32] = []
        matcher.match(event, into: &matches) { failures.append($0) }
        self.failures = failures
    }
}

@Suite("A matcher of many subscriptions")
struct MatcherTests {
    @Test("says of each what its filters say by themselves, errors included, while subscriptions come and go", arguments: 1...12 as ClosedRange<UInt64>)
    func changes(seed: UInt64) throws {
        var random = RandomFilters(seed: seed)
        var filters: [[FilterExpression]?] = (0..<random.pick([0, 5, 40])).map { _ in random.list() }
        let matcher = TopicMatcher(filters: filters.map { $0! })
        for _ in 0..<40 {
            for _ in 0..<random.pick([1, 3, 20]) {
                let index = random.int(0..<60)
                while filters.count <= index { filters.append(nil) }
                filters[index] = random.int(0..<3) == 0 ? nil : random.list()
                matcher.replace(at: index, with: filters[index])
            }
            if random.int(0..<5) == 0 {
                for index in filters.indices where random.int(0..<3) == 0 { filters[index] = random.int(0..<2) == 0 ? nil : random.list() }
                matcher.install(filters)
            }
            #expect(matcher.count == filters.count { $0 != nil })
            let plain = TopicMatcher(filters: [], isIndexed: false)
            plain.install(filters)
            for _ in 0..<10 {
                try random.event().with { event in
                    let expected = Verdicts(plain, event)
                    let found = Verdicts(matcher, event)
                    #expect(found == expected, "seed \(seed)")
                    let wrong = Set(found.matches).symmetricDifference(expected.matches).union(Set(found.failures).symmetricDifference(expected.failures))
                    for index in wrong { Issue.record("seed \(seed): \(filters[Int(index)]!)") }
                }
            }
        }
    }

    @Test("that had other subscriptions before is as one that is new")
    func emptied() throws {
        var random = RandomFilters(seed: 99)
        let matcher = TopicMatcher()
        for _ in 0..<5 {
            matcher.install((0..<300).map { _ in random.list() })
            matcher.install([])
            #expect(matcher.count == 0)
        }
        matcher.replace(at: 7, with: [exact("type", "order.created")])
        let event = TestEvent()
        #expect(Verdicts(matcher, event.event).matches == [7])
        withExtendedLifetime(event) {}
    }

    @Test("finds ranges that begin and end alike, and still those left when some are gone")
    func ranges() throws {
        func range(_ low: Int, _ high: Int) throws -> FilterExpression {
            try pattern("{\"amount\": [{\"numeric\": [\">=\", \(low), \"<\", \(high)]}]}")
        }
        let matcher = TopicMatcher()
        for index in 0..<400 { matcher.replace(at: index, with: [.any([try range(index % 7, 10 + index % 11), try range(index % 7, 30)])]) }
        for index in 0..<400 where index % 3 > 0 { matcher.replace(at: index, with: nil) }
        try withEvent(data: #"{"amount": 25}"#) { event in
            #expect(Verdicts(matcher, event).matches.map(Int.init) == (0..<400).filter { $0 % 3 == 0 })
        }
        try withEvent(data: #"{"amount": 0.5}"#) { event in
            #expect(Verdicts(matcher, event).matches.map(Int.init) == (0..<400).filter { $0 % 21 == 0 })
        }
    }
}

/// Counted, not timed: filters that the index thinks of, and filters that are run.
@Suite("What an event costs in a matcher of many subscriptions")
struct MatcherCostTests {
    private func steps(_ matcher: TopicMatcher, _ data: String) throws -> (found: Int, run: Int) {
        try withEvent(data: data) { event in
            _ = Verdicts(matcher, event)
            return matcher.steps
        }
    }

    private static let kinds: [(name: String, filter: @Sendable (Int) throws -> [FilterExpression])] = [
        ("exact", { [try pattern("{\"a\": [\"value-\($0)\"]}")] }),
        ("attribute", { [exact("subject", "value-\($0)")] }),
        ("prefix", { [try pattern("{\"a\": [{\"prefix\": \"value-\($0)/\"}]}")] }),
        ("suffix", { [try pattern("{\"a\": [{\"suffix\": \"-\($0)\"}]}")] }),
        ("ignoring case", { [try pattern("{\"a\": [{\"equals-ignore-case\": \"Value-\($0)\"}]}")] }),
        ("numeric", { [try pattern("{\"n\": [{\"numeric\": [\">=\", \($0), \"<\", \($0 + 1)]}]}")] }),
        ("wildcard", { [try pattern("{\"a\": [{\"wildcard\": \"*item-\($0 + 10_000)-*\"}]}")] }),
        ("address", { [try pattern("{\"a\": [{\"cidr\": \"10.\($0 / 250).\($0 % 250).0/24\"}]}")] }),
        ("sql", { [.sql("type = 'order.created' AND source LIKE '/shop/\($0)/%'")] }),
        ("sql with a list", { [.sql("source IN ('a-\($0)', 'b-\($0)') OR (EXISTS tenant AND tenant = 't-\($0)')")] }),
        ("a common condition and a rare one", { [exact("type", "order.created"), try pattern("{\"a\": [\"x-\($0)\"]}")] }),
        ("two common conditions that rarely meet", { [try pattern("{\"b\": [\"\($0 % 50)\"], \"c\": [\"\($0 / 50 % 50)\"]}")] }),
        ("one of two", { [.any([exact("subject", "s-\($0)"), .not(.not(try pattern("{\"a\": [\"y-\($0)\"]}")))])] }),
        ("anything but, beside a rare one", { [.not(exact("type", "x")), try pattern("{\"a\": [{\"anything-but\": \"q\"}], \"b\": [\"z-\($0)\"]}")] }),
        ("absent where something else is rare", { [try pattern("{\"gone\": [{\"exists\": false}], \"b\": [\"w-\($0)\"]}")] }),
    ]

    @Test("does not grow with those that do not match", arguments: kinds.map(\.name))
    func flat(kind: String) throws {
        let filter = Self.kinds.first { $0.name == kind }!.filter
        let matcher = TopicMatcher(filters: try (0..<3000).map(filter))
        let none = try steps(matcher, #"{"a": "nothing like it", "b": "3", "c": "no", "n": -5}"#)
        #expect(none.found <= 60 && none.run == 0, "\(none)")
    }

    @Test("does not grow either when they came one by one, before anybody knew what many of them share")
    func oneByOne() throws {
        let matcher = TopicMatcher()
        for index in 0..<3000 { matcher.replace(at: index, with: [exact("type", "order.created"), try pattern("{\"a\": [\"x-\(index)\"]}")]) }
        let none = try steps(matcher, #"{"a": "nothing like it"}"#)
        #expect(none.found <= 64 && none.run == 0, "\(none)")
    }

    @Test("is one answer for a condition that all of them have")
    func shared() throws {
        // What cannot be found by anything: each is run, but the pattern is asked once.
        let matcher = TopicMatcher(filters: try (0..<1000).map { _ in [try pattern(#"{"a": [{"anything-but": {"wildcard": "*x*"}}, {"exists": false}]}"#)] })
        #expect(try steps(matcher, #"{"a": "axa"}"#).run == 1000)
        #expect(matcher.asked == 1)
    }

    @Test("is bounded for stars upon stars, and for deep nesting", arguments: [2, 50, 400])
    func pathologies(size: Int) throws {
        let stars = "*" + String(repeating: "a*", count: size) + "b"
        let nested = (0..<size).reduce(exact("type", "x")) { inner, level in level % 2 == 0 ? .any([exact("id", "\(level)"), inner]) : .not(.all([inner])) }
        let filters: [[FilterExpression]] = try (0..<20).map { index in
            index % 2 == 0 ? [try pattern("{\"a\": [{\"wildcard\": \"\(stars)\"}]}")] : [nested]
        }
        let matcher = TopicMatcher(filters: filters)
        let text = String(repeating: "a", count: 10_000)
        _ = try steps(matcher, "{\"a\": \"\(text)\"}")
        // The wildcard once, and each level of the nesting at most once.
        #expect(matcher.asked <= 2 + size)
    }
}
