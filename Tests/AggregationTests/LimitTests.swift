import Aggregation
import EventModel
import Testing

@Suite("What a window holds is bounded")
struct LimitTests {
    private func text(_ count: Int) -> String { "\"\(String(repeating: "x", count: count - 2))\"" }

    @Test(arguments: [
        ("first", Aggregate.Function.first("/data/v")), ("last", .last("/data/v")), ("min", .min("/data/v")), ("max", .max("/data/v")),
        ("list", .list("/data/v", limit: 10)),
    ])
    func aValueThatIsTooLongIsPoison(_ name: String, _ function: Aggregate.Function) {
        #expect(TestStore.poison(function, of: text(65_536)) == nil)
        #expect(TestStore.poison(function, of: text(65_537)) == "\(name) `a`: /data/v is too long for a window to hold")
    }

    @Test func manyAggregatesShareWhatOneEventMayHave() {
        let test = TestStore((0..<16).map { ("a\($0)", .last("/data/v")) })
        #expect(test.poison(TestRecord(value: #"{"v":\#(text(32_768))}"#)) == nil)
        #expect(test.poison(TestRecord(value: #"{"v":\#(text(32_769))}"#)) != nil)
    }

    @Test func aListIsCutWhereItsBytesEnd() throws {
        let long = text(60_000)
        let test = TestStore([("a", .list("/data/v", limit: 100))])
        let window = try test.window((Array(repeating: long, count: 6) + ["1"]).map { #"{"v":\#($0)}"# })
        let kept = Array(repeating: long, count: 4).joined(separator: ",")
        #expect(test.aggregates(window) == #"{"a":[\#(kept)]},"truncated":["a"]"#)
    }

    @Test(arguments: 1...15)
    func whereAListIsCutDoesNotDependOnTheOrderOfItsEvents(_ seed: Int) throws {
        var dice = Random(UInt64(seed))
        let values = (0..<40).map { _ in text(Int.random(in: 10...60_000, using: &dice)) }
        var kept: [String] = []
        var bytes = 0
        for value in values {
            bytes += value.utf8.count
            guard bytes <= 256 << 10 else { break }
            kept.append(value)
        }
        let test = TestStore([("a", .list("/data/v", limit: 100))])
        var windows: [Int] = []
        for (offset, value) in values.enumerated().shuffled(using: &dice) {
            try test.look(TestRecord(value: #"{"v":\#(value)}"#, offset: Int64(offset)))
            if windows.count < 3 { windows.append(test.store.open()) }
            test.store.add(to: windows.randomElement(using: &dice)!)
        }
        test.store.merge(windows[0], into: windows[1])
        test.store.merge(windows[2], into: windows[1])
        #expect(test.aggregates(windows[1]) == #"{"a":[\#(kept.joined(separator: ","))]},"truncated":["a"]"#)
    }

    @Test func aLimitThatIsJustReachedCutsNothing() throws {
        #expect(try TestStore.result(.distinct("/data/v", limit: 3), of: ["1", "2", "3", "1.0"]) == "3")
        #expect(try TestStore.result(.list("/data/v", limit: 3), of: ["1", "-", "2", "3"]) == "[1,2,3]")
    }

    @Test func distinctValuesAreToldApartByAllTheirBytes() throws {
        let long = (0..<50).map { text(200 + $0) } + (0..<50).map { #""\#(String(repeating: "y", count: 100))\#($0)""# }
        let short = (0..<20).map { "\"\(String(repeating: "z", count: $0))\"" }
        #expect(try TestStore.result(.distinct("/data/v", limit: 1000), of: long + short + long + short) == "120")
    }

    @Test func nothingIsMadeOfNothing() throws {
        let test = TestStore([
            ("n", .count), ("s", .sum("/data/v")), ("a", .avg("/data/v")), ("i", .min("/data/v")), ("x", .max("/data/v")), ("f", .first("/data/v")),
            ("l", .last("/data/v")), ("d", .distinct("/data/v", limit: 3)), ("t", .list("/data/v", limit: 3)),
        ])
        let window = try test.window([#"{"v":null}"#, "{}", "not JSON"])
        #expect(test.aggregates(window) == #"{"n":3,"s":0,"a":null,"i":null,"x":null,"f":null,"l":null,"d":0,"t":[]}"#)
    }

    @Test func whatCannotBeComparedIsPoison() {
        #expect(TestStore.poison(.max("/data/v"), of: "{}") == "max `a`: /data/v is an object, neither a number nor a string")
        #expect(TestStore.poison(.min("/data/v"), of: "[]") == "min `a`: /data/v is an array, neither a number nor a string")
        #expect(TestStore.poison(.min("/data/v"), of: "false") == "min `a`: /data/v is a boolean, neither a number nor a string")
        #expect(TestStore.poison(.min("/data/v"), of: #""\ud800""#) == "min `a`: /data/v has half a surrogate pair")
        #expect(TestStore.poison(.last("/data/v"), of: #"{"a":["\ud800"]}"#) == nil)
    }
}
