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

    @Test func `a group that waits goes ahead with what is settled meanwhile`() {
        var options = CoreOptions()
        options.commitsPerSecond = 1
        let engine = Engine.reading([subscription("first"), subscription("billing"), subscription("search")], options)
        engine.records([0], slots: [0])
        #expect(engine.ended(0, 200).contains("commit first orders-0@1"))
        engine.records([1, 2], slots: [1])
        engine.records([3, 4, 5, 6], slots: [2])
        for id in 0...2 { engine.ended(id, 200) }
        // Both wait: two of billing's are settled, and one of search's.
        engine.wait(.milliseconds(150))
        for id in 3...5 { engine.ended(id, 200) }
        #expect(engine.wait(.milliseconds(1000)) == ["commit search orders-0@7"])
        #expect(engine.wait(.milliseconds(1000)) == ["commit billing orders-0@7"])
    }

    @Test func `of groups that a crash would make repeat about as much, the first that came is committed first`() {
        var options = CoreOptions()
        options.commitsPerSecond = 1
        let names = ["first", "billing", "search", "audit"]
        let engine = Engine.reading(names.map { subscription($0) }, options)
        engine.records([0], slots: [0])
        #expect(engine.ended(0, 200).contains("commit first orders-0@1"))
        engine.records([1], slots: [2])
        engine.records([2], slots: [1])
        engine.records([3], slots: [3])
        for id in 0...2 {
            engine.ended(id, 200)
            engine.wait(.milliseconds(110))
        }
        for name in ["search", "billing", "audit"] { #expect(engine.wait(.milliseconds(1000)) == ["commit \(name) orders-0@4"]) }
    }

    @Test func `what a group has committed already does not bring it forward`() {
        var options = CoreOptions()
        options.commitsPerSecond = 1
        let engine = Engine.reading([subscription("first"), subscription("billing"), subscription("search")], options)
        engine.records([0, 1, 2], slots: [0])
        for id in 0...2 { engine.ended(id, 200) }
        engine.committed(0)
        #expect(engine.wait(.milliseconds(1100)) == ["commit first orders-0@3"])
        engine.committed(0)
        engine.records([3], slots: [0])
        engine.records([4, 5], slots: [1])
        engine.records([6], slots: [2])
        for id in 0...3 { engine.ended(id, 200) }
        #expect(engine.wait(.seconds(1)) == ["commit billing orders-0@7"])
    }

    @Test func `commits that wait for their turn go out by themselves, and one timer is enough for all`() {
        var options = CoreOptions()
        options.commitsPerSecond = 1
        let engine = Engine.reading([subscription("first"), subscription("billing"), subscription("search")], options)
        engine.records([0, 1], slots: [0, 1, 2])
        for id in 0...5 { engine.ended(id, 200) }
        engine.committed(0)
        engine.wait(.milliseconds(100))
        let before = engine.ticks
        engine.wait(.milliseconds(100))
        #expect(engine.ticks - before == 5)
    }

    @Test func `what was delivered since the last commit may come again when the partition is lost`() {
        let engine = Engine.reading([subscription("billing")])
        engine.records([0, 1, 2, 3])
        engine.ended(0, 200)
        engine.committed(0)
        engine.ended(1, 200)
        engine.ended(2, 200)
        engine.step(.lost([engine.orders]))
        #expect(engine.core.snapshot().subscriptions[0].counters.duplicatesPossible == 2)
        engine.ended(3, 200)
        #expect(engine.core.snapshot().subscriptions[0].counters.duplicatesPossible == 3)
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

    @Test func `what a halted subscription passed over is not committed: Kafka's own tools may have moved its cursor`() {
        let engine = Engine.reading([subscription("billing")])
        engine.records([0, 1], slots: [], until: 2)
        engine.step(.pause(SubscriptionID(index: 0)))
        #expect(engine.wait(.minutes(1)) == [])
        #expect(engine.step(.revoking([engine.orders])) == ["released orders-0"])
    }

    @Test func `the cursor of a halted subscription is left alone until it is about to expire`() {
        let engine = Engine.reading([subscription("billing")])
        engine.step(.pause(SubscriptionID(index: 0)))
        #expect(engine.wait(.hours(11)) == [])
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
