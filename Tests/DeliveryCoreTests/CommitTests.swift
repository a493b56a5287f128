import DeliveryCore
import EventModel
import Testing

@Suite struct CommitTests {
    @Test func `when commits are scarce, the group goes first that a crash would make repeat most`() {
        var options = CoreOptions()
        options.commitsPerSecond = 1
        let engine = Engine.reading([subscription("first"), subscription("billing"), subscription("search")], options)
        engine.records([0], slots: [0])
        #expect(engine.ended(0, 200).contains("commit first orders-0@1"))
        engine.records([1], slots: [1])
        engine.records([2, 3, 4], slots: [2])
        for id in 0...3 { #expect(engine.ended(id, 200).allSatisfy { !$0.hasPrefix("commit") }) }
        #expect(engine.wait(.milliseconds(1000)) == ["commit search orders-0@5"])
        #expect(engine.wait(.milliseconds(1000)) == ["commit billing orders-0@5"])
    }

    @Test func `commits of a group follow each other by the interval, and one ends before the next`() {
        var options = CoreOptions()
        options.commitInterval = .milliseconds(100)
        let engine = Engine.reading([subscription("billing")], options)
        engine.records([0, 1, 2])
        #expect(engine.ended(0, 200).last == "commit billing orders-0@1")
        #expect(engine.ended(1, 200).allSatisfy { !$0.hasPrefix("commit") })
        #expect(engine.wait(.milliseconds(500)) == [], "the first is under way")
        #expect(engine.committed(0) == ["commit billing orders-0@2"])
        engine.committed(0)
        engine.ended(2, 200)
        #expect(engine.wait(.milliseconds(99)) == [])
        #expect(engine.wait(.milliseconds(1)) == ["commit billing orders-0@3"])
    }

    @Test func `an idle cursor is committed again before its group expires`() {
        var options = CoreOptions()
        options.idleCommitInterval = .hours(12)
        let engine = Engine.reading([subscription("billing")], options)
        #expect(engine.wait(.hours(11)) == [])
        #expect(engine.wait(.hours(2)) == ["commit billing orders-0@0"])
    }

    @Test func `a cursor that passed over events for others is committed now and then`() {
        var options = CoreOptions()
        options.coldCommitInterval = .seconds(5)
        let engine = Engine.reading([subscription("billing")], options)
        engine.records([0, 1], slots: [], until: 2)
        #expect(engine.wait(.milliseconds(4999)) == [])
        #expect(engine.wait(.milliseconds(1)) == ["commit billing orders-0@2"])
    }
}
