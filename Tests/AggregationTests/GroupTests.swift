import Aggregation
import EventModel
import Testing

@Suite("Groups")
struct GroupTests {
    private func group(_ test: TestStore, _ value: String) throws -> Int { try test.look(TestRecord(value: value)).group }

    @Test(arguments: [
        ["1", "1.0", "1e0", "10e-1", "0.1E1"], ["0", "-0", "0.00", "0e99999"], [#""A""#, #""\u0041""#], [#""é""#, #""\u00e9""#],
        ["null", "-"], [#"{"a":1,"b":[2,{"c":null}]}"#, #"{ "b" : [2.0, {"c":null}], "a":1e0 }"#, #"{"b":[2,{"c":null}],"a":7,"\u0061":1}"#],
        [#""/""#, #""\/""#, #""\u002F""#], ["[]", "[ ]"], ["1e400", "10e399"], [#""\t""#, #""\u0009""#],
    ])
    func valuesThatMeanTheSameAreOneGroup(_ values: [String]) throws {
        let test = TestStore(groupBy: [.pointer("/data/g")])
        let payloads = values.map { $0 == "-" ? "{}" : #"{"g":\#($0)}"# }
        let number = try group(test, payloads[0])
        _ = test.store.open()
        #expect(try group(test, #"{"g":"another"}"#) != number)
        for payload in payloads { #expect(try group(test, payload) == number) }
    }

    @Test func valuesThatDifferAreDifferentGroups() throws {
        let values = [
            "1", #""1""#, "[1]", #"{"a":1}"#, #"{"a":[1]}"#, "true", #""true""#, "null", #""null""#, #""""#, "[]", "{}", "0", "10", "0.1", "1.1", "-1",
            "[1,2]", "[2,1]", "[[1],2]", #"{"a":1,"b":2}"#, #"{"a":2,"b":1}"#, "1e61", "1e62", "1e-61", #""a\"b""#, #""a\\\"b""#,
        ]
        let test = TestStore(groupBy: [.pointer("/data/g")])
        var numbers: Set<Int> = []
        for value in values {
            numbers.insert(try group(test, #"{"g":\#(value)}"#))
            _ = test.store.open()
        }
        #expect(numbers.count == values.count)
    }

    @Test func aGroupKeepsItsNumberWhileItHasAWindow() throws {
        let test = TestStore(groupBy: [.key])
        func look(_ key: String) throws -> Int { try test.look(TestRecord(key: Array(key.utf8), value: "{}")).group }
        let a = try look("a")
        let first = test.store.open()
        let second = test.store.open()
        let b = try look("b")
        let third = test.store.open()
        #expect(a != b)
        test.store.discard(first)
        #expect(try look("a") == a)
        #expect(try look("b") == b)
        test.store.discard(second)
        #expect(try look("c") != b)
        #expect(try look("b") == b)
        // Its last window goes while it is looked at: what is opened then is still of this group.
        test.store.discard(third)
        let again = test.store.open()
        #expect(test.event(again).contains(#""group":{"key":"b"}"#))
        #expect(try look("b") == b)
    }

    @Test func groupsWithoutWindowsAreForgotten() throws {
        let test = TestStore(groupBy: [.pointer("/data/g")])
        var largest = 0
        for index in 0..<10_000 { largest = max(largest, try group(test, #"{"g":\#(index)}"#)) }
        #expect(largest <= 1)
        #expect(test.store.bytes == 0)
    }

    @Test func nothingIsLeftOfDiscardedWindows() throws {
        let test = TestStore(
            [("s", .sum("/data/v")), ("d", .distinct("/data/t", limit: 100)), ("l", .list("/data/t", limit: 10)), ("m", .max("/data/t")),
             ("a", .avg("/data/v")), ("e", .last("/data/t"))],
            groupBy: [.key, .pointer("/data/g")])
        var dice = Random(7)
        var windows: [Int: [Int]] = [:]
        var largest = 0
        for step in 0..<20_000 {
            let name = Int.random(in: 0..<500, using: &dice)
            let text = String(repeating: "x", count: Int.random(in: 0..<300, using: &dice))
            let record = TestRecord(key: [UInt8(name % 7)], value: #"{"g":\#(name),"v":1e\#(name % 300),"t":"\#(text)"}"#, offset: Int64(step))
            let group = try test.look(record).group
            if windows[name] == nil || Int.random(in: 0..<4, using: &dice) == 0 { windows[name, default: []].append(test.store.open()) }
            largest = max(largest, group, windows[name]!.max()!)
            test.store.add(to: windows[name]!.randomElement(using: &dice)!)
            #expect(test.store.bytes > 0)
            if windows[name]!.count > 1, Bool.random(using: &dice) { test.store.merge(windows[name]!.removeLast(), into: windows[name]![0]) }
            if Int.random(in: 0..<3, using: &dice) == 0, let other = windows.keys.sorted().randomElement(using: &dice) {
                for window in windows.removeValue(forKey: other)! { test.store.discard(window) }
            }
        }
        #expect(largest < 1000)
        for window in windows.sorted(by: { $0.key < $1.key }).flatMap(\.value) { test.store.discard(window) }
        #expect(test.store.bytes == 0)
    }

    @Test(arguments: [
        (#"{"g":"\ud800"}"#, "group: /data/g has half a surrogate pair"), (#"{"g":{"\udc00":1}}"#, "group: /data/g has half a surrogate pair"),
        (#"{"g":[1e999999999]}"#, "group: /data/g is a number that is too large, too small or too long"),
    ])
    func aGroupThatCannotBeNamedIsPoison(_ value: String, _ reason: String) {
        #expect(TestStore(groupBy: [.pointer("/data/g")]).poison(TestRecord(value: value)) == reason)
    }

    @Test func aGroupThatIsTooLongIsPoison() {
        let test = TestStore(groupBy: [.pointer("/data/g")])
        #expect(test.poison(TestRecord(value: #"{"g":"\#(String(repeating: "x", count: 16_380))"}"#)) == nil)
        #expect(
            test.poison(TestRecord(value: #"{"g":"\#(String(repeating: "x", count: 16_381))"}"#)) == "group: its values have 16385 bytes, more than 16384")
    }
}
