import KafkaClient
import Testing

/// A member that answers at once, unless `holds`.
private final class Member {
    let consumer: GroupConsumer
    let loop: Loop
    var owned: Set<TopicPartition> = []
    var revoking: [TopicPartition] = []
    var lost: [TopicPartition] = []
    var memberships: [GroupConsumer.Membership] = []
    var received: [TopicPartition: [Int64]] = [:]
    /// Leave revocations unanswered.
    var holds = false

    init(_ fixture: Fixture, _ loop: Loop, topics: [String] = ["orders"], instanceID: String? = nil) throws {
        self.loop = loop
        consumer = try GroupConsumer(fixture.configuration, group: "fanfare", instanceID: instanceID, signal: loop.signal)
        try consumer.subscribe(topics)
    }

    func turn() throws {
        consumer.poll { event in
            switch event {
            case .assigned(let partitions):
                owned.formUnion(partitions)
                try! consumer.assign(partitions.map { ($0, LogicalOffset.beginning) })
            case .revoking(let partitions):
                revoking += partitions
                if !holds { release() }
            case .lost(let partitions):
                lost += partitions
                owned.subtract(partitions)
            case .membership(let answer, _): memberships.append(answer)
            case .notice: break
            }
        }
        for partition in owned {
            try consumer.queue(for: partition)?.drain { received[partition, default: []].append($0.offset) }
        }
    }

    func release() {
        consumer.unassign(revoking)
        owned.subtract(revoking)
        revoking = []
    }
}

@Suite struct GroupConsumerTests {
    @Test func partitionsMoveOnlyWhenTheyAreDrainedAndTheOthersGoOn() throws {
        let fixture = try Fixture(("orders", 4))
        let partitions = (0..<4).map { TopicPartition(topic: "orders", partition: $0) }
        let loop = Loop()
        let first = try Member(fixture, loop)
        try loop.turn { try first.turn(); return first.owned.count == 4 }
        #expect(!first.consumer.memberID.isEmpty)

        first.holds = true
        let second = try Member(fixture, loop)
        try loop.turn { try first.turn(); try second.turn(); return first.revoking.count == 2 }
        let staying = partitions.first { !first.revoking.contains($0) }!
        let leaving = first.revoking[0]
        // While the answer is owed: both kinds of partitions are read, and nobody else has what is leaving.
        try fixture.write(["a"], to: staying)
        try fixture.write(["b"], to: leaving)
        try loop.turn {
            try first.turn()
            try second.turn()
            return first.received[staying] == [0] && first.received[leaving] == [0]
        }
        #expect(second.owned.isEmpty)

        first.holds = false
        first.release()
        #expect(first.consumer.queue(for: leaving) == nil)
        try loop.turn { try first.turn(); try second.turn(); return second.owned.count == 2 }
        #expect(first.owned.isDisjoint(with: second.owned))
        #expect(first.owned.union(second.owned) == Set(partitions))
        #expect(first.lost.isEmpty)
        try loop.turn { try first.turn(); try second.turn(); return second.received[leaving] == [0] }

        // A polite leave gives everything to the other without waiting for a session to end.
        second.consumer.beginClose()
        try loop.turn { try first.turn(); try second.turn(); return second.consumer.isClosed && first.owned.count == 4 }
        #expect(second.owned.isEmpty)
    }

    @Test func closingWaitsForARevocationThatIsNotAnswered() throws {
        let fixture = try Fixture(("orders", 2))
        let loop = Loop()
        let member = try Member(fixture, loop)
        try loop.turn { try member.turn(); return member.owned.count == 2 }
        member.holds = true
        member.consumer.beginClose()
        try loop.turn { try member.turn(); return member.revoking.count == 2 }
        #expect(!member.consumer.isClosed)
        // One is drained, the other is not: the group still waits.
        let last = member.revoking.removeLast()
        member.release()
        #expect(member.consumer.queue(for: last) != nil)
        #expect(!member.consumer.isClosed)
        member.revoking = [last]
        member.release()
        try loop.turn { try member.turn(); return member.consumer.isClosed }
    }

    @Test func aMemberThatOnlyJoinedCanClose() throws {
        let fixture = try Fixture(("orders", 2))
        let loop = Loop()
        let member = try Member(fixture, loop)
        member.consumer.beginClose()
        try loop.turn { try member.turn(); return member.consumer.isClosed }
    }

    @Test func theCoordinatorTellsWhoIsStillAMember() throws {
        let fixture = try Fixture(("orders", 1))
        let loop = Loop()
        let member = try Member(fixture, loop)
        try loop.turn { try member.turn(); return member.owned.count == 1 }
        let partition = TopicPartition(topic: "orders", partition: 0)
        try member.consumer.verifyMembership(committing: [(partition, 0)], token: 1)
        try loop.turn { try member.turn(); return !member.memberships.isEmpty }
        #expect(member.memberships == [.member])

        fixture.cluster.fail(.offsetCommit, with: .UNKNOWN_MEMBER_ID)
        try member.consumer.verifyMembership(committing: [(partition, 0)], token: 2)
        try loop.turn { try member.turn(); return member.memberships.count == 2 }
        guard case .fenced(let error) = member.memberships[1] else {
            Issue.record("\(member.memberships)")
            return
        }
        #expect(error.code == .UNKNOWN_MEMBER_ID)
    }

    @Test func aMemberThatTheCoordinatorForgotLosesEverythingAndJoinsAgain() throws {
        let fixture = try Fixture(("orders", 2))
        let loop = Loop()
        let member = try Member(fixture, loop)
        try loop.turn { try member.turn(); return member.owned.count == 2 }
        fixture.cluster.fail(.heartbeat, with: .UNKNOWN_MEMBER_ID)
        try loop.turn { try member.turn(); return member.lost.count == 2 }
        try loop.turn { try member.turn(); return member.owned.count == 2 }
        #expect(member.consumer.queue(for: TopicPartition(topic: "orders", partition: 0)) != nil)
    }

    @Test func aStaticMemberThatComesBackGetsTheSamePartitions() throws {
        let fixture = try Fixture(("orders", 2))
        let loop = Loop()
        var member: Member? = try Member(fixture, loop, instanceID: "fanfare-0")
        try loop.turn { try member!.turn(); return member!.owned.count == 2 }
        member!.consumer.beginClose()
        try loop.turn { try member!.turn(); return member!.consumer.isClosed }
        member = try Member(fixture, loop, instanceID: "fanfare-0")
        try loop.turn { try member!.turn(); return member!.owned.count == 2 }
    }

    @Test func aSubscriptionCanGrow() throws {
        let fixture = try Fixture(("orders", 1), ("returns", 1))
        let loop = Loop()
        let member = try Member(fixture, loop)
        try loop.turn { try member.turn(); return member.owned.count == 1 }
        try member.consumer.subscribe(["orders", "returns"])
        try loop.turn { try member.turn(); return member.owned.count == 2 }
    }

    @Test func anUnreachableClusterIsReportedAndJoinedOnceItIsThere() throws {
        let fixture = try Fixture(("orders", 1))
        fixture.cluster.takeDown()
        let loop = Loop()
        let consumer = try GroupConsumer(fixture.configuration, group: "fanfare", signal: loop.signal)
        try consumer.subscribe(["orders"])
        var failures: [KafkaError] = []
        var assigned = false
        func turn() {
            consumer.poll { event in
                switch event {
                case .notice(.failed(let error)): failures.append(error)
                case .assigned: assigned = true
                default: break
                }
            }
        }
        loop.turn { turn(); return !failures.isEmpty }
        #expect(failures[0].isRetriable)
        fixture.cluster.bringUp()
        loop.turn { turn(); return assigned }
    }
}
