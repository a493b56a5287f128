import KafkaClient
import Testing

@Suite struct GroupOffsetsTests {
    private let partitions = (0..<3).map { TopicPartition(topic: "orders", partition: $0) }

    private func next(_ offsets: GroupOffsets, _ loop: Loop) -> GroupOffsets.Completion? {
        var completion: GroupOffsets.Completion?
        loop.turn {
            offsets.poll { completion = $0 }
            return completion != nil
        }
        return completion
    }

    @Test func aGroupWithoutMembersKeepsOffsetsWithMetadata() throws {
        let fixture = try Fixture(("orders", 3))
        let loop = Loop()
        let offsets = try GroupOffsets(fixture.configuration, group: "fanfare.billing", signal: loop.signal)
        let long = String(repeating: "é", count: 2000)
        offsets.commit(
            group: "fanfare.billing", [(partitions[0], 42, "v1:3-5"), (partitions[1], 7, long)], token: 5)
        #expect(offsets.outstanding == 1)
        let commit = next(offsets, loop)
        #expect(commit?.request == .commit)
        #expect(commit?.token == 5)
        #expect(commit?.error == nil)
        #expect(commit?.partitions.count == 2)
        #expect(commit?.partitions.allSatisfy { $0.error == nil } == true)
        #expect(offsets.outstanding == 0)

        offsets.fetch(group: "fanfare.billing", partitions, token: 6)
        let fetch = try #require(next(offsets, loop))
        #expect(fetch.request == .fetch)
        #expect(fetch.token == 6)
        #expect(fetch.error == nil)
        let entries = fetch.partitions.sorted { $0.partition < $1.partition }
        #expect(entries.map(\.offset) == [42, 7, nil])
        #expect(entries.map(\.metadata) == ["v1:3-5", long, ""])
    }

    @Test func theMembersClientCommitsCursorsToo() throws {
        let fixture = try Fixture(("orders", 3))
        let loop = Loop()
        let consumer = try GroupConsumer(fixture.configuration, group: "fanfare", signal: loop.signal)
        let offsets = GroupOffsets(sharing: consumer, signal: loop.signal)
        for token in 1...20 as ClosedRange<UInt> {
            offsets.commit(group: "fanfare.s\(token % 3)", [(partitions[0], Int64(token), "")], token: token)
        }
        var tokens: Set<UInt> = []
        loop.turn {
            offsets.poll {
                #expect($0.error == nil)
                tokens.insert($0.token)
            }
            return tokens.count == 20
        }
        #expect(offsets.outstanding == 0)
    }

    @Test func aRefusalNamesThePartition() throws {
        let fixture = try Fixture(("orders", 3))
        let loop = Loop()
        let offsets = try GroupOffsets(fixture.configuration, group: "g", signal: loop.signal)
        fixture.cluster.fail(.offsetCommit, with: .OFFSET_METADATA_TOO_LARGE)
        offsets.commit(group: "g", [(partitions[0], 1, "x")], token: 1)
        let completion = try #require(next(offsets, loop))
        #expect(completion.error?.code == .OFFSET_METADATA_TOO_LARGE || completion.partitions.first?.error?.code == .OFFSET_METADATA_TOO_LARGE)
    }

    /// librdkafka #5040: a client without a group ended the process.
    @Test func aCoordinatorThatIsNoneIsAnError() throws {
        let fixture = try Fixture(("orders", 3))
        let loop = Loop()
        let offsets = try GroupOffsets(fixture.configuration, group: "fanfare", signal: loop.signal)
        fixture.cluster.fail(.offsetFetch, with: .NOT_COORDINATOR)
        offsets.fetch(group: "fanfare.billing", partitions, token: 1)
        let refused = try #require(next(offsets, loop))
        #expect(refused.error?.code == .NOT_COORDINATOR)
        offsets.fetch(group: "fanfare.billing", partitions, token: 2)
        let answered = try #require(next(offsets, loop))
        #expect(answered.error == nil && answered.partitions.count == 3)
    }

    @Test func aRequestWithoutACoordinatorEndsInTime() throws {
        let fixture = try Fixture(("orders", 3))
        fixture.cluster.takeDown()
        let loop = Loop()
        let offsets = try GroupOffsets(fixture.configuration, group: "g", signal: loop.signal, timeoutMilliseconds: 500)
        offsets.commit(group: "g", [(partitions[0], 1, "")], token: 1)
        let completion = try #require(next(offsets, loop))
        #expect(completion.error?.isRetriable == true)
        #expect(completion.token == 1)
    }

    @Test func aCoordinatorThatMovedIsFound() throws {
        let fixture = try Fixture(brokers: 2, ("orders", 3))
        let loop = Loop()
        let offsets = try GroupOffsets(fixture.configuration, group: "g", signal: loop.signal)
        for (token, broker) in [(1, 1), (2, 2), (3, 1)] as [(UInt, Int)] {
            try fixture.cluster.setCoordinator(ofGroup: "g", to: broker)
            offsets.commit(group: "g", [(partitions[0], Int64(token), "")], token: token)
            let completion = try #require(next(offsets, loop))
            #expect(completion.error == nil, "\(String(describing: completion.error))")
            #expect(completion.partitions.allSatisfy { $0.error == nil }, "\(completion.partitions)")
        }
    }
}
