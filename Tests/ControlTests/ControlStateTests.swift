import Control
import EventModel
import Testing

private let earlier = Attribution(by: "alice", at: WallTime(milliseconds: 2000))
/// Its clock is behind: the order of the log counts, not the time.
private let later = Attribution(by: "bob", at: WallTime(milliseconds: 1000))

private func pause(_ isPaused: Bool, _ change: Attribution, _ name: String = "billing") -> ControlRecord {
    .pause(subscription: name, Pause(isPaused: isPaused, change: change))
}

private func suspension(_ isSuspended: Bool, _ manifest: String = "", _ change: Attribution = earlier) -> ControlRecord {
    .suspension(subscription: "billing", Suspension(isSuspended: isSuspended, manifest: manifest, change: change))
}

private func seek(_ id: String, _ offsets: [Int32: Int64]) -> ControlRecord {
    .seek(subscription: "billing", Seek(id: id, topic: "orders", to: id, offsets: offsets, change: earlier))
}

private func sought(_ partition: Int32, _ id: String) -> ControlRecord {
    .soughtPartition(subscription: "billing", partition: partition, seek: id)
}

private func fold(_ records: [ControlRecord]) -> ControlState {
    var state = ControlState()
    for record in records { state.apply(record) }
    return state
}

@Suite struct ControlStateTests {
    @Test func `nothing is halted that nobody halted`() {
        let state = ControlState()
        #expect(!state.isPaused("billing"))
        #expect(state.suspension(of: "billing", manifest: "a") == nil)
        #expect(state.outstandingOffsets(of: "billing", on: "orders").isEmpty)
        #expect(state.subscriptions.isEmpty)
    }

    @Test func `the last word in the log counts, whatever the clocks said`() {
        #expect(fold([pause(true, earlier), pause(false, later)]).isPaused("billing") == false)
        #expect(fold([pause(false, later), pause(true, earlier)]).isPaused("billing"))
        #expect(fold([pause(true, earlier), pause(false, later)]).pauses["billing"]?.change.by == "bob")
    }

    @Test func `a pause and a suspension do not touch each other`() {
        let state = fold([pause(true, earlier), suspension(true, "a"), pause(true, later, "search"), suspension(false)])
        #expect(state.isPaused("billing"))
        #expect(state.isPaused("search"))
        #expect(state.suspension(of: "billing", manifest: "a") == nil)
    }

    @Test func `a suspension holds for the manifest that was suspended and for no other`() {
        let state = fold([suspension(true, "a")])
        #expect(state.suspension(of: "billing", manifest: "a")?.change == earlier)
        #expect(state.suspension(of: "billing", manifest: "b") == nil)
    }

    @Test func `a seek is outstanding in each partition until its owner has said so`() {
        #expect(fold([seek("1", [0: 5, 1: 6])]).outstandingOffsets(of: "billing", on: "orders") == [0: 5, 1: 6])
        #expect(fold([seek("1", [0: 5, 1: 6]), sought(0, "1")]).outstandingOffsets(of: "billing", on: "orders") == [1: 6])
        #expect(fold([seek("1", [0: 5, 1: 6]), sought(0, "1"), sought(1, "1")]).outstandingOffsets(of: "billing", on: "orders").isEmpty)
    }

    @Test func `a seek is about one topic`() {
        #expect(fold([seek("1", [0: 5])]).outstandingOffsets(of: "billing", on: "refunds").isEmpty)
    }

    @Test func `a new seek takes the place of the one before, which late owners cannot mark as done`() {
        let state = fold([seek("1", [0: 5]), sought(0, "1"), seek("2", [0: 7, 1: 8]), sought(1, "1")])
        #expect(state.outstandingOffsets(of: "billing", on: "orders") == [0: 7, 1: 8])
    }

    @Test func `compaction changes nothing about the outcome`() {
        let log = [
            pause(true, earlier), suspension(true, "a"), seek("1", [0: 5]), sought(0, "1"), pause(false, later), seek("2", [0: 9, 1: 4]),
            pause(true, later, "search"), sought(1, "2"), suspension(false), .forgotten(.pause("search")), sought(0, "2"), seek("3", [1: 1]),
        ]
        // Any prefix may have been compacted by the time it is read.
        for end in 0...log.count {
            let prefix = log[..<end].enumerated().filter { index, record in !log[(index + 1)..<end].contains { $0.key == record.key } }
            #expect(fold(prefix.map(\.element) + log[end...]) == fold(log))
        }
    }

    @Test func `a tombstone is as if nothing had been said`() {
        let records = [pause(true, earlier), suspension(true, "a"), seek("1", [0: 5]), .replica(name: "r", Replica(host: "h", startedAt: earlier.at, position: 1))]
        let state = fold(records + records.map { .forgotten($0.key) })
        #expect(state.subscriptions.isEmpty && state.replicas.isEmpty)
        #expect(state == ControlState())
    }

    @Test func `what is said of a subscription makes its name known, who is there does not`() {
        #expect(fold([pause(false, earlier)]).subscriptions == ["billing"])
        #expect(fold([.replica(name: "r", Replica(host: "h", startedAt: earlier.at, position: 1))]).subscriptions.isEmpty)
    }

    @Test func `a log level holds for its time, and no longer than the next one`() {
        let debug = LogLevelChange(level: .debug, for: .minutes(1), change: earlier)
        let state = fold([.logLevel(debug)])
        #expect(state.logLevel?.level(at: earlier.at) == .debug)
        #expect(state.logLevel?.level(at: earlier.at + .milliseconds(59_999)) == .debug)
        #expect(state.logLevel?.level(at: earlier.at + .minutes(1)) == nil)
        #expect(fold([.logLevel(debug), .logLevel(LogLevelChange(level: nil, for: .minutes(5), change: earlier))]).logLevel?.level(at: earlier.at) == nil)
        #expect(fold([.logLevel(debug), .forgotten(.logLevel)]).logLevel == nil)
    }
}
