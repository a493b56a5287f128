import KafkaClient
import Testing

@Suite struct SeekingReaderTests {
    let partition = TopicPartition(topic: "orders", partition: 0)

    @Test func readingStartsWhereItIsToldAndStopsAtTheEnd() throws {
        let fixture = try Fixture(("orders", 2))
        try fixture.write((0..<100).map { "e\($0)" }, to: partition)
        let loop = Loop()
        let reader = try SeekingReader(fixture.configuration, signal: loop.signal)
        let queue = try reader.open(partition, at: 40)
        var offsets: [Int64] = []
        try loop.turn {
            try queue.drain(max: 7) { offsets.append($0.offset) }
            return queue.endOffset == 100
        }
        #expect(offsets == Array(40..<100))

        try fixture.write(["late"], to: partition)
        try loop.turn {
            try queue.drain { offsets.append($0.offset) }
            return queue.endOffset == 101
        }
        #expect(offsets == Array(40..<101))
    }

    @Test func aSeekNeverYieldsARecordOfTheOldPosition() throws {
        let fixture = try Fixture(("orders", 1))
        let count: Int64 = 3000
        try fixture.write((0..<count).map { "event \($0)" }, to: partition)
        let loop = Loop()
        let reader = try SeekingReader(fixture.configuration, signal: loop.signal)
        let queue = try reader.open(partition, at: 0)
        let slots = UnsafeMutablePointer<KafkaRecord>.allocate(capacity: 50)
        defer { slots.deallocate() }
        // A fixed walk over the log, forwards and backwards, leaving fetched records behind each time.
        for turn in 0..<60 {
            let start = Int64(turn * 7919) % (count - 100)
            try queue.seek(to: start)
            var expected = start
            try loop.turn {
                while expected < start + 60 {
                    let got = try queue.read(into: slots, max: 50)
                    for index in 0..<got {
                        #expect(slots[index].offset == expected)
                        expected = slots[index].offset + 1
                        slots[index].destroy()
                    }
                    if got == 0 { return false }
                }
                return true
            }
        }
    }

    @Test func anOffsetThatDoesNotExistIsReportedAndAnotherCanBeChosen() throws {
        let fixture = try Fixture(("orders", 1))
        try fixture.write(["a", "b", "c"], to: partition)
        let loop = Loop()
        let reader = try SeekingReader(fixture.configuration, signal: loop.signal)
        let queue = try reader.open(partition, at: 1000)
        var failure: KafkaError?
        loop.turn {
            do { try queue.drain { _ in } } catch { failure = error as? KafkaError }
            return failure != nil
        }
        #expect(failure?.isOffsetOutOfRange == true)
        #expect(failure?.message.hasPrefix("orders[0]: ") == true)
        try queue.seek(to: 1)
        var offsets: [Int64] = []
        try loop.turn {
            try queue.drain { offsets.append($0.offset) }
            return queue.endOffset != nil
        }
        #expect(offsets == [1, 2])
    }

    @Test func aSeekAwayFromALostOffsetIsObeyedAlthoughTheLossIsNotYetKnown() throws {
        let fixture = try Fixture(("orders", 1))
        try fixture.write(["a", "b", "c"], to: partition)
        let loop = Loop()
        let reader = try SeekingReader(fixture.configuration, signal: loop.signal)
        let queue = try reader.open(partition, at: 1000)
        // The report of the lost offset is in the queue, not read, when the seek comes.
        #expect(loop.wait(seconds: 20))
        try queue.seek(to: 0)
        var offsets: [Int64] = []
        try loop.turn {
            try queue.drain { offsets.append($0.offset) }
            return queue.endOffset != nil
        }
        #expect(offsets == [0, 1, 2])
    }

    @Test func aPartitionCanBeClosedAndOpenedAgain() throws {
        let fixture = try Fixture(("orders", 1))
        try fixture.write((0..<500).map { "\($0)" }, to: partition)
        let loop = Loop()
        let reader = try SeekingReader(fixture.configuration, signal: loop.signal)
        for start in [0, 300, 10] as [Int64] {
            let queue = try reader.open(partition, at: start)
            var offsets: [Int64] = []
            try loop.turn {
                try queue.drain { offsets.append($0.offset) }
                return offsets.count >= 20
            }
            #expect(offsets.prefix(20).elementsEqual(start..<start + 20))
            queue.close()
        }
    }

    @Test func aQueueThatIsNotReadHoldsUpNoOther() throws {
        let fixture = try Fixture(("orders", 2))
        let other = TopicPartition(topic: "orders", partition: 1)
        let text = String(repeating: "x", count: 20_000)
        try fixture.write(Array(repeating: text, count: 200), to: partition)
        try fixture.write(Array(repeating: text, count: 200), to: other)
        let loop = Loop()
        let reader = try SeekingReader(fixture.configuration, signal: loop.signal)
        let idle = try reader.open(partition, at: 0)
        let busy = try reader.open(other, at: 0)
        var count = 0
        try loop.turn {
            count += try busy.drain { _ in }
            return busy.endOffset == 200
        }
        #expect(count == 200)
        // What waited is complete, and its fetching goes on when it is read.
        var offsets: [Int64] = []
        try loop.turn {
            try idle.drain { offsets.append($0.offset) }
            return idle.endOffset == 200
        }
        #expect(offsets == Array(0..<200))
    }

    @Test func readingGoesOnAfterTheBrokerWasDown() throws {
        let fixture = try Fixture(("orders", 1))
        try fixture.write(["a"], to: partition)
        let loop = Loop()
        let reader = try SeekingReader(fixture.configuration, signal: loop.signal)
        let queue = try reader.open(partition, at: 0)
        var offsets: [Int64] = []
        var failed = false
        let turn = {
            reader.poll { if case .failed = $0 { failed = true } }
            try queue.drain { offsets.append($0.offset) }
        }
        try loop.turn { try turn(); return offsets == [0] }
        fixture.cluster.takeDown()
        try loop.turn { try turn(); return failed }
        fixture.cluster.bringUp()
        try fixture.write(["b"], to: partition)
        try loop.turn { try turn(); return offsets == [0, 1] }
    }
}
