import Aggregation
import EventModel
import Testing

/// Random events, spread over windows at random and merged in random order, against what each aggregate is by its definition,
/// computed from the sorted events.
@Suite("A window does not depend on the order in which its events came")
struct ModelTests {
    /// Values of one kind that min, max and distinct can take, with their place in the order of all; equal places, equal values.
    static let values: [(text: String, rank: Int)] = [
        ("-1e3", 0), ("-1000", 0), ("-1000.0", 0), ("-99.99", 1), ("-0", 2), ("0", 2), ("0.0", 2), ("0e7", 2), ("1e-7", 3), ("0.1", 4),
        ("1", 5), ("1.0", 5), ("1e0", 5), ("10E-1", 5), ("0.1e1", 5), ("2", 6), ("9", 7), ("10", 8), ("1e1", 8), ("10.01", 9), ("9e30", 10),
        (#""""#, 11), (#""10""#, 12), (#""A""#, 13), (#""\u0041""#, 13), (#""AB""#, 14), (#""a""#, 15), (#""é""#, 16), (#""\u00e9""#, 16),
        (#""\uffff""#, 17), (#""😀""#, 18), (#""\ud83d\ude00""#, 18),
    ]

    struct Entry {
        var time: Int64
        var offset: Int64
        var value: (text: String, rank: Int)?
        /// Thousandths.
        var amount: Int?
    }

    static let functions: [(String, Aggregate.Function)] = [
        ("n", .count), ("sum", .sum("/data/amount")), ("low", .min("/data/v")), ("high", .max("/data/v")), ("first", .first("/data/v")),
        ("last", .last("/data/v")), ("few", .distinct("/data/v", limit: 5)), ("many", .distinct("/data/v", limit: 100)),
        ("short", .list("/data/v", limit: 7)), ("long", .list("/data/v", limit: 1000)),
    ]

    @Test(arguments: 1...300)
    func everyAggregateIsWhatItsDefinitionSays(_ seed: Int) throws {
        var dice = Random(UInt64(seed))
        let entries = (0..<Int.random(in: 1...60, using: &dice)).map { offset in
            Entry(
                time: Int64.random(in: 0...20, using: &dice), offset: Int64(offset * 3 + 1),
                value: Int.random(in: 0...5, using: &dice) == 0 ? nil : Self.values.randomElement(using: &dice),
                amount: Bool.random(using: &dice) ? Int.random(in: -99_999...99_999, using: &dice) : nil)
        }
        let test = TestStore(Self.functions)
        var windows: [Int] = []
        for entry in entries.shuffled(using: &dice) {
            try test.look(Self.record(entry))
            if windows.isEmpty || Int.random(in: 0...3, using: &dice) == 0 { windows.append(test.store.open()) }
            test.store.add(to: windows.randomElement(using: &dice)!)
        }
        while windows.count > 1 {
            windows.shuffle(using: &dice)
            test.store.merge(windows.removeLast(), into: windows[0])
        }
        #expect(test.aggregates(windows[0]) == Self.expected(entries))
        #expect(test.event(windows[0]).contains(#""count":\#(entries.count),"#))
        test.store.discard(windows[0])
        #expect(test.store.bytes == 0)
    }

    private static func record(_ entry: Entry) -> TestRecord {
        var members: [String] = []
        if let value = entry.value { members.append(#""v":\#(value.text)"#) }
        if let amount = entry.amount { members.append(#""amount":\#(amount)e-3"#) }
        return TestRecord(value: "{\(members.joined(separator: ","))}", timestamp: 1_000_000 + entry.time, offset: entry.offset)
    }

    private static func expected(_ entries: [Entry]) -> String {
        let inLog = entries.filter { $0.value != nil }
        let inTime = inLog.sorted { ($0.time, $0.offset) < ($1.time, $1.offset) }
        let ranks = inLog.map { $0.value!.rank }
        func text(_ entry: Entry?) -> String { entry?.value?.text ?? "null" }
        let different = Set(ranks).count
        let results = [
            ("n", "\(entries.count)"),
            ("sum", thousandths(entries.compactMap(\.amount).reduce(0, +))),
            ("low", text(inLog.first { $0.value!.rank == ranks.min() })),
            ("high", text(inLog.first { $0.value!.rank == ranks.max() })),
            ("first", text(inTime.first)),
            ("last", text(inTime.last)),
            ("few", "\(min(5, different))"),
            ("many", "\(different)"),
            ("short", "[\(inLog.prefix(7).map(text).joined(separator: ","))]"),
            ("long", "[\(inLog.map(text).joined(separator: ","))]"),
        ]
        let truncated = (different > 5 ? [#""few""#] : []) + (inLog.count > 7 ? [#""short""#] : [])
        return "{\(results.map { #""\#($0)":\#($1)"# }.joined(separator: ","))}"
            + (truncated.isEmpty ? "" : #","truncated":[\#(truncated.joined(separator: ","))]"#)
    }

    private static func thousandths(_ sum: Int) -> String {
        var digits = "\(sum.magnitude)"
        digits = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        var text = digits.dropLast(3) + "." + digits.suffix(3)
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return (sum < 0 ? "-" : "") + text
    }
}
