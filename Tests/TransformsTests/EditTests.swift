import EventModel
import Testing
import Transforms

@Suite struct EditTests {
    private static let order = #"{ "id": 7, "total": 1.50, "customer": {"name":"Ann", "email":"a@x"}, "items": [ {"sku":"a"}, 2, [3] ], "total": 1e2 }"#

    @Test(arguments: [
        (["/data/total"], #"{"id":7,"customer":{"name":"Ann", "email":"a@x"},"items":[ {"sku":"a"}, 2, [3] ]}"#),
        (["/data/customer/email", "/data/items/1"], #"{"id":7,"total":1.50,"customer":{"name":"Ann"},"items":[{"sku":"a"},[3]],"total":1e2}"#),
        (["/data/customer", "/data/customer/email", "/data/items/0/sku"], #"{"id":7,"total":1.50,"items":[{},2,[3]],"total":1e2}"#),
        (["/data/nothing", "/data/id/below", "/data/items/9", "/data/items/01"],
            #"{"id":7,"total":1.50,"customer":{"name":"Ann", "email":"a@x"},"items":[{"sku":"a"},2,[3]],"total":1e2}"#),
    ])
    func whatIsDroppedGoesAndTheRestStaysByteForByte(_ pointers: [String], _ expected: String) throws {
        #expect(try Made(policy { $0.drop = pointers }, makeEvent(Self.order)).body == expected)
    }

    @Test(arguments: [
        (["/data/id", "/data/total"], #"{"id":7,"total":1.50,"total":1e2}"#),
        (["/data/customer/name", "/data/items/2"], #"{"customer":{"name":"Ann"},"items":[[3]]}"#),
        (["/data/customer", "/data/customer/name"], #"{"customer":{"name":"Ann", "email":"a@x"}}"#),
        (["/data/nothing"], "{}"),
    ])
    func whatIsSelectedStays(_ pointers: [String], _ expected: String) throws {
        #expect(try Made(policy { $0.select = pointers }, makeEvent(Self.order)).body == expected)
    }

    @Test func droppingFollowsSelecting() throws {
        let made = try Made(policy { $0.select = ["/data/customer"]; $0.drop = ["/data/customer/email"] }, makeEvent(Self.order))
        #expect(made.body == #"{"customer":{"name":"Ann"}}"#)
    }

    @Test func namesAreFoundHoweverTheyAreEscaped() throws {
        let event = makeEvent(#"{"e\u006dail":1,"a/b":2,"c~d":3,"\ud800":4,"ü":5}"#)
        #expect(try Made(policy { $0.drop = ["/data/email", "/data/a~1b", "/data/c~0d", "/data/ü"] }, event).body == #"{"\ud800":4}"#)
    }

    @Test func droppedAttributesAndPayloadsAreNotSent() throws {
        let made = try Made(policy { $0.drop = ["/subject", "/region", "/data"] }, makeEvent("{}"), .structured)
        #expect(made.body == #"{"specversion":"1.0","id":"order-1","source":"/shop","type":"order.created","priority":3}"#)
        let binary = try Made(policy { $0.drop = ["/subject", "/priority"] }, makeEvent("{}"), .binary)
        #expect(binary.headers.contains("ce-region: eu") && !binary.headers.contains { $0.contains("subject") || $0.contains("priority") })
    }

    @Test func aStructuredEventHasTheChangedDataInIt() throws {
        let made = try Made(policy { $0.select = ["/data/id"]; $0.drop = ["/subject"] }, makeEvent(Self.order), .structured)
        #expect(made.body.hasSuffix(#","region":"eu","priority":3,"data":{"id":7}}"#))
        #expect(made.headers == ["Content-Type: application/cloudevents+json; charset=utf-8"])
    }

    @Test func aPayloadThatIsNoJSONIsPoisonWhereItsFieldsMatter() throws {
        let text = makeEvent("hello", .text, contentType: "text/plain")
        #expect(poison { _ = try Made(policy { $0.drop = ["/data/x"] }, text) }?.contains("not JSON") == true)
        #expect(poison { _ = try Made(policy { $0.select = ["/data/x"] }, makeEvent("5")) }?.contains("neither an object nor an array") == true)
        #expect(try Made(policy { $0.drop = ["/subject"] }, text).body == "hello")
        #expect(try Made(policy { $0.drop = ["/data/x"] }, makeEvent(nil)).body == "", "a tombstone has nothing to drop")
    }

    // MARK: Versions

    private func version(_ steps: (rename: [(String, String)], drop: [String])...) -> TransformPolicy {
        policy { policy in
            policy.derivation.steps = steps.map { step in
                var made = VersionStep()
                made.rename = step.rename.map { VersionStep.Rename(from: $0.0, to: $0.1) }
                made.drop = step.drop
                return made
            }
        }
    }

    @Test func stepsFollowEachOther() throws {
        let policy = version(
            (rename: [("/data/total", "/data/amount")], drop: ["/data/taxes"]),
            (rename: [("/data/amount", "/data/price/value"), ("/data/id", "/data/number")], drop: []))
        #expect(try Made(policy, makeEvent(#"{"id":7,"total":1.50,"taxes":[1],"price":{"currency":"EUR"}}"#)).body
            == #"{"price":{"currency":"EUR","value":1.50},"number":7}"#)
        #expect(try Made(policy, makeEvent(#"{"id":7,"total":1.50}"#)).body == #"{"price":{"value":1.50},"number":7}"#)
        #expect(try Made(policy, makeEvent(#"{"other":7}"#)).body == #"{"other":7}"#)
    }

    @Test func aMovedValueReplacesWhatWasThere() throws {
        #expect(try Made(version((rename: [("/data/a", "/data/b")], drop: [])), makeEvent(#"{"b":1,"a":2,"c":3}"#)).body == #"{"c":3,"b":2}"#)
        #expect(try Made(version((rename: [("/data/a", "/data/b")], drop: [])), makeEvent(#"{"b":1,"c":3}"#)).body == #"{"b":1,"c":3}"#)
        #expect(try Made(version((rename: [("/data/a", "/data/b"), ("/data/b", "/data/a")], drop: [])), makeEvent(#"{"b":1,"a":2}"#)).body == #"{"a":1,"b":2}"#)
    }

    @Test func aValueMovesOutOfWhatIsDroppedAndIntoItsOwnPlace() throws {
        #expect(try Made(version((rename: [("/data/a/b", "/data/c")], drop: ["/data/a"])), makeEvent(#"{"a":{"b":1,"x":2}}"#)).body == #"{"c":1}"#)
        #expect(try Made(version((rename: [("/data/a", "/data/a/b")], drop: [])), makeEvent(#"{"a":1}"#)).body == #"{"a":{"b":1}}"#)
    }

    @Test func nothingIsMovedIntoWhatIsNoObject() throws {
        for data in [#"{"a":1,"b":2}"#, #"{"a":1,"b":[]}"#, "[1]", "5"] {
            let reason = poison { _ = try Made(version((rename: [("/data/a", "/data/b/c")], drop: [])), makeEvent(data)) }
            #expect((reason == nil) == !data.hasPrefix("{"), "\(data)")
        }
    }
}
