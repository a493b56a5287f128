import EventModel
import Manifests
import Testing

/// `window:` of a subscription: what is read, and the exact words for what is wrong.
@Suite struct WindowTests {
    typealias Case = BadManifestTests.Case

    private func window(_ keys: String) throws -> WindowPolicy {
        let loaded = load(subscription(keys))
        #expect(loaded.problems.lines == [])
        return try #require(loaded.topics.first?.subscriptions.first?.window)
    }

    @Test func everyKeyArrivesInThePolicy() throws {
        var expected = WindowPolicy(shape: .tumbling(size: .minutes(1)))
        expected.scope = .topic
        expected.time = .arrival
        expected.grace = .seconds(5)
        expected.idle = .seconds(10)
        expected.late = .drop
        expected.groupBy = [.key, .attribute("type"), .pointer("/data/customer")]
        expected.maxGroups = 500
        expected.aggregates = [
            Aggregate(name: "orders", function: .count),
            Aggregate(name: "revenue", function: .sum("/data/total")),
            Aggregate(name: "lowest", function: .min("/data/total")),
            Aggregate(name: "highest", function: .max("/data/total")),
            Aggregate(name: "mean", function: .avg("/data/total")),
            Aggregate(name: "opening", function: .first("/data/a~1b")),
            Aggregate(name: "last", function: .last("/data")),
            Aggregate(name: "image", function: .last("/data_base64")),
            Aggregate(name: "buyers", function: .distinct("/data/customer", limit: 10_000)),
            Aggregate(name: "few", function: .distinct("/tenant", limit: 5)),
            Aggregate(name: "subjects", function: .list("/subject", limit: 100)),
            Aggregate(name: "ids", function: .list("/id", limit: 7)),
        ]
        expected.eventType = "order.summary"
        let loaded = load(subscription(windowWithEveryKey))
        #expect(loaded.problems.map(\.message) == [
            "with key in groupBy the events of a group are on one partition already; write scope: partition, which needs no topic of its own"
        ])
        #expect(loaded.topics.first?.subscriptions.first?.window == expected)
    }

    @Test(arguments: [
        ("{ type: tumbling, size: 1m }", .tumbling(size: .minutes(1))),
        ("{ type: hopping, size: 10m, hop: 1m }", .hopping(size: .minutes(10), hop: .minutes(1))),
        ("{ type: hopping, size: 10m, hop: 10m }", .hopping(size: .minutes(10), hop: .minutes(10))),
        ("{ type: hopping, size: 1000s, hop: 1s }", .hopping(size: .seconds(1000), hop: .seconds(1))),
        ("{ type: session, gap: 30m }", .session(gap: .minutes(30), max: .hours(24))),
        ("{ type: session, gap: 1h, max: 1h }", .session(gap: .hours(1), max: .hours(1))),
    ] as [(String, WindowShape)])
    func whatIsLeftOutHasItsDefault(_ keys: String, _ shape: WindowShape) throws {
        #expect(try window("window: \(keys)") == WindowPolicy(shape: shape))
    }

    @Test func theExampleOfTheInterfaceIsRead() throws {
        let policy = try window(
            """
            window:
              type: tumbling
              size: 1m
              time: event
              grace: 5s
              late: deadLetter
              groupBy: [key]
              maxGroups: 100000
              aggregates: { orders: { count: true }, revenue: { sum: /data/total }, highest: { max: /data/total }, buyers: { distinct: /data/customer }, last: { last: /data }, ids: { list: /id, limit: 100 } }
              eventType: order.summary
            """)
        #expect(policy.aggregates.map(\.name) == ["orders", "revenue", "highest", "buyers", "last", "ids"])
        #expect(policy.aggregates.last?.function == .list("/id", limit: 100))
    }

    @Test(arguments: ["payload: { format: binary }", "payload: { format: raw }", "batch: {}", "delivery: { ordering: partition }", "retry: { schedule: [1s] }"])
    func aWindowGoesTogetherWith(_ keys: String) throws {
        _ = try window("window: { type: tumbling, size: 1m }\n\(keys)")
    }

    @Test func valuesMayComeFromVariables() {
        let loaded = load(
            subscription("window: { type: \"${TYPE}\", size: \"${SIZE}\", groupBy: [\"${GROUP}\"], aggregates: { n: { list: \"${PLACE}\", limit: \"${LIMIT}\" } } }"),
            variables: ["TYPE": "tumbling", "SIZE": "5s", "GROUP": "/data/customer", "PLACE": "/data/id", "LIMIT": "3"])
        let policy = loaded.topics.first?.subscriptions.first?.window
        #expect(loaded.problems.errors == [])
        #expect(policy?.shape == .tumbling(size: .seconds(5)))
        #expect(policy?.groupBy == [.pointer("/data/customer")])
        #expect(policy?.aggregates == [Aggregate(name: "n", function: .list("/data/id", limit: 3))])
    }

    @Test func aWindowReplacesThatOfTheDefaults() throws {
        let defaults = configure("defaults:\n  window: { type: hopping, size: 1h, hop: 1m, grace: 5s, groupBy: [type] }\n").defaults
        let loaded = load(
            """
            topic: t
            subscriptions:
              same: { endpoint: "https://example.com", signing: none }
              own: { endpoint: "https://example.com", signing: none, window: { type: tumbling, size: 1m } }
              none: { endpoint: "https://example.com", signing: none, window: null }
            """, defaults: defaults)
        #expect(loaded.problems.lines == [
            "fanfare.yaml:2:58: warning: subscriptions.same.window.groupBy: windows are computed per partition: a group whose events lie on several partitions has a window on each; make it the record key, and write key, or write scope: topic"
        ])
        let windows = try #require(loaded.topics.first?.subscriptions).map(\.window)
        #expect(windows.map { $0?.shape } == [.hopping(size: .hours(1), hop: .minutes(1)), .tumbling(size: .minutes(1)), nil])
        #expect(windows[1] == WindowPolicy(shape: .tumbling(size: .minutes(1))))
    }

    static let keys: [Case] = [
        Case(
            "window: tumbling",
            "topics/t.yaml:6:5: error: subscriptions.s.window: must be a mapping such as { type: tumbling, size: 1m }, not text"),
        Case(
            "window: {}",
            "topics/t.yaml:6:5: error: subscriptions.s.window: the key type is missing; write type: tumbling"),
        Case(
            "window: { type: sliding, size: 0s, sise: 1m }",
            "topics/t.yaml:6:15: error: subscriptions.s.window.type: must be tumbling, hopping or session, not \"sliding\"",
            "topics/t.yaml:6:30: error: subscriptions.s.window.size: must be between 1ms and 365d, not \"0s\"",
            "topics/t.yaml:6:40: error: subscriptions.s.window.sise: unknown key; did you mean \"size\"?"),
        Case(
            "window: { type: tumbling }",
            "topics/t.yaml:6:5: error: subscriptions.s.window: the key size is missing; write size: 1m"),
        Case(
            "window: { type: hopping }",
            "topics/t.yaml:6:5: error: subscriptions.s.window: the key size is missing; write size: 1m",
            "topics/t.yaml:6:5: error: subscriptions.s.window: the key hop is missing; write hop: 10s"),
        Case(
            "window: { type: session }",
            "topics/t.yaml:6:5: error: subscriptions.s.window: the key gap is missing; write gap: 10m"),
        Case(
            "window: { type: tumbling, size: 1m, hop: 10s, gap: 5s, max: 1h }",
            "topics/t.yaml:6:41: error: subscriptions.s.window.hop: a tumbling window has no hop; remove it, or write type: hopping",
            "topics/t.yaml:6:51: error: subscriptions.s.window.gap: a tumbling window has no gap; remove it, or write type: session",
            "topics/t.yaml:6:60: error: subscriptions.s.window.max: a tumbling window has no max; remove it, or write type: session"),
        Case(
            "window: { type: hopping, size: 1m, hop: 10s, gap: 5s }",
            "topics/t.yaml:6:50: error: subscriptions.s.window.gap: a hopping window has no gap; remove it, or write type: session"),
        Case(
            "window: { type: session, gap: 1m, size: 1m, hop: 1m }",
            "topics/t.yaml:6:39: error: subscriptions.s.window.size: a session window has no size; remove it, or write type: tumbling or hopping",
            "topics/t.yaml:6:49: error: subscriptions.s.window.hop: a session window has no hop; remove it, or write type: hopping"),
        Case(
            "window: { type: hopping, size: 1m, hop: 2m }",
            "topics/t.yaml:6:40: error: subscriptions.s.window.hop: 2m is longer than size (1m): events between two windows would be in none; write at most 1m"),
        Case(
            "window: { type: hopping, size: 1h, hop: 3s }",
            "topics/t.yaml:6:40: error: subscriptions.s.window.hop: each event would be in 1200 windows, more than 1000; write a longer hop, or a shorter size"),
        Case(
            "window: { type: session, gap: 2d }",
            "topics/t.yaml:6:30: error: subscriptions.s.window.gap: 2d is longer than max (1d), and so would end no session; write a shorter gap, or a longer max"),
        Case(
            "window: { type: session, gap: 2d, max: often }",
            "topics/t.yaml:6:39: error: subscriptions.s.window.max: must be a duration such as 250ms, 5s, 2m, 1h or 3d, not \"often\""),
        Case(
            "window: { type: tumbling, size: 1m, time: processing, grace: -1s, idle: 0s, late: keep, maxGroups: 0, eventType: \"\" }",
            "topics/t.yaml:6:41: error: subscriptions.s.window.time: must be event or arrival, not \"processing\"",
            "topics/t.yaml:6:59: error: subscriptions.s.window.grace: must be a duration such as 250ms, 5s, 2m, 1h or 3d, not \"-1s\"",
            "topics/t.yaml:6:71: error: subscriptions.s.window.idle: must be between 1ms and 365d, not \"0s\"",
            "topics/t.yaml:6:81: error: subscriptions.s.window.late: must be deadLetter, drop or deliver, not \"keep\"",
            "topics/t.yaml:6:93: error: subscriptions.s.window.maxGroups: must be between 1 and 10000000, not \"0\"",
            "topics/t.yaml:6:107: error: subscriptions.s.window.eventType: must be a CloudEvents type such as order.summary, not \"\""),
        Case(
            "window: { type: tumbling, size: 1m, groupBy: key }",
            "topics/t.yaml:6:41: error: subscriptions.s.window.groupBy: must be a list such as [key] or [type, /data/customer], not text"),
        Case(
            "window: { type: tumbling, size: 1m, groupBy: [key, Type, data, /order/total, /data/a~b, type, key, type] }",
            "topics/t.yaml:6:56: error: subscriptions.s.window.groupBy[1]: must be key, the name of a CloudEvents attribute such as type, or a JSON pointer such as /data/customer, not \"Type\"",
            "topics/t.yaml:6:62: error: subscriptions.s.window.groupBy[2]: must be key, the name of a CloudEvents attribute such as type, or a JSON pointer such as /data/customer, not \"data\"",
            "topics/t.yaml:6:68: error: subscriptions.s.window.groupBy[3]: must be a pointer into the payload, such as /data/total, or to an attribute, such as /subject, not \"/order/total\"",
            "topics/t.yaml:6:82: error: subscriptions.s.window.groupBy[4]: must be a JSON pointer such as /data/total, with ~1 for / and ~0 for ~ within a name, not \"/data/a~b\""),
        Case(
            "window: { type: tumbling, size: 1m, groupBy: [key, /data/a, key, /data/a] }",
            "topics/t.yaml:6:65: error: subscriptions.s.window.groupBy[2]: is in the list already; remove it",
            "topics/t.yaml:6:70: error: subscriptions.s.window.groupBy[3]: is in the list already; remove it"),
        Case(
            "window: { type: tumbling, size: 1m, groupBy: [/data/customer] }",
            "topics/t.yaml:6:41: warning: subscriptions.s.window.groupBy: windows are computed per partition: a group whose events lie on several partitions has a window on each; make it the record key, and write key, or write scope: topic"),
        Case(
            "window: { type: tumbling, size: 1m, groupBy: [] }",
            "topics/t.yaml:6:41: warning: subscriptions.s.window.groupBy: windows are computed per partition: each partition has its own; for one over the whole topic, write scope: topic"),
        Case(
            "window: { type: tumbling, size: 1m, scope: all, groupBy: [] }",
            "topics/t.yaml:6:41: error: subscriptions.s.window.scope: must be partition or topic, not \"all\""),
    ]

    static let aggregates: [Case] = [
        Case(
            "[a]",
            "topics/t.yaml:9:7: error: subscriptions.s.window.aggregates: must be a mapping of names to functions, such as revenue: { sum: /data/total }, not a list"),
        Case(
            "{ a: count, b: {}, c: { limit: 5 } }",
            "topics/t.yaml:9:21: error: subscriptions.s.window.aggregates.a: must be a function such as { count: true } or { sum: /data/total }, not text",
            "topics/t.yaml:9:31: error: subscriptions.s.window.aggregates.b: has no function; write one, such as { sum: /data/total }",
            "topics/t.yaml:9:38: error: subscriptions.s.window.aggregates.c: has no function; write one, such as { sum: /data/total }"),
        Case(
            "{ a: { sum: /data/a, max: /data/a }, b: { average: /data/a }, c: { count: false } }",
            "topics/t.yaml:9:21: error: subscriptions.s.window.aggregates.a: has 2 functions (sum, max); give each a name of its own",
            "topics/t.yaml:9:61: error: subscriptions.s.window.aggregates.b.average: unknown key; known here: count, sum, min, max, avg, first, last, distinct, list, limit",
            "topics/t.yaml:9:86: error: subscriptions.s.window.aggregates.c.count: must be true; remove the aggregate if it is not wanted"),
        Case(
            "{ a: { summ: /data/a }, b: { sum: data/a }, c: { sum: /total/net }, d: { first: \"\" }, e: { last: /data/~2 } }",
            "topics/t.yaml:9:26: error: subscriptions.s.window.aggregates.a.summ: unknown key; did you mean \"sum\"?",
            "topics/t.yaml:9:48: error: subscriptions.s.window.aggregates.b.sum: must be a JSON pointer such as /data/total, with ~1 for / and ~0 for ~ within a name, not \"data/a\"",
            "topics/t.yaml:9:68: error: subscriptions.s.window.aggregates.c.sum: must be a pointer into the payload, such as /data/total, or to an attribute, such as /subject, not \"/total/net\"",
            "topics/t.yaml:9:92: error: subscriptions.s.window.aggregates.d.first: must be a pointer into the payload, such as /data/total, or to an attribute, such as /subject, not \"\"",
            "topics/t.yaml:9:110: error: subscriptions.s.window.aggregates.e.last: must be a JSON pointer such as /data/total, with ~1 for / and ~0 for ~ within a name, not \"/data/~2\""),
        Case(
            "{ a: { sum: /data/a, limit: 5 }, b: { list: /id, limit: 0 }, c: { distinct: /id, limit: 100001 } }",
            "topics/t.yaml:9:40: error: subscriptions.s.window.aggregates.a.limit: sum has no limit, only distinct and list have one; remove it",
            "topics/t.yaml:9:68: error: subscriptions.s.window.aggregates.b.limit: must be between 1 and 100000, not \"0\"",
            "topics/t.yaml:9:100: error: subscriptions.s.window.aggregates.c.limit: must be between 1 and 100000, not \"100001\""),
        Case(
            "{ \"\": { count: true }, a: { count: true }, a: { count: true } }",
            "topics/t.yaml:9:21: error: subscriptions.s.window.aggregates.: an aggregate's name must not be empty",
            "topics/t.yaml:9:62: error: subscriptions.s.window.aggregates.a: duplicate key; the first one is in line 9"),
    ]

    @Test(arguments: keys) func aWindowThatIsWrongSaysWhereAndWhatToWrite(_ wrong: Case) {
        #expect(load(subscription(wrong.text)).problems.lines == wrong.expected)
    }

    @Test(arguments: aggregates) func anAggregateThatIsWrongSaysWhereAndWhatToWrite(_ wrong: Case) {
        let manifest = subscription("window:\n  type: tumbling\n  size: 1m\n  aggregates: \(wrong.text)")
        #expect(load(manifest).problems.lines == wrong.expected)
    }

    @Test func aHundredAggregatesAreTheMost() {
        func aggregates(_ count: Int) -> [String] {
            let list = (1...count).map { "a\($0): { count: true }" }.joined(separator: ", ")
            return load(subscription("window: { type: tumbling, size: 1m, aggregates: { \(list) } }")).problems.lines
        }
        #expect(aggregates(100) == [])
        #expect(aggregates(101) == ["topics/t.yaml:6:41: error: subscriptions.s.window.aggregates: has 101 aggregates, more than 100"])
    }
}

/// Each key, with a value that is not its default.
let windowWithEveryKey = """
    window:
      type: tumbling
      size: 1m
      scope: topic
      time: arrival
      grace: 5s
      idle: 10s
      late: drop
      groupBy: [key, type, /data/customer]
      maxGroups: 500
      aggregates:
        orders: { count: true }
        revenue: { sum: /data/total }
        lowest: { min: /data/total }
        highest: { max: /data/total }
        mean: { avg: /data/total }
        opening: { first: /data/a~1b }
        last: { last: /data }
        image: { last: /data_base64 }
        buyers: { distinct: /data/customer }
        few: { distinct: /tenant, limit: 5 }
        subjects: { list: /subject }
        ids: { limit: 7, list: /id }
      eventType: order.summary
    """
