import DeliveryCore
import EventModel

/// What Kafka remembers: logs, committed offsets, and which of its services are disturbed just now.
struct Broker {
    struct Committed: Equatable {
        var offset: Int64
        var metadata: String

        init(offset: Int64, metadata: String) {
            self.offset = offset
            self.metadata = metadata
        }

        init(_ commit: CursorCommit) { self.init(offset: commit.offset, metadata: commit.metadata) }
    }

    /// By topic, then by partition; the retry topic is the last one.
    var logs: [[SimulatedLog]]
    var committed: [CursorKey: Committed] = [:]
    /// Until when each fault lasts.
    var faults: [(fault: Scenario.BrokerFault, until: Instant)] = []

    func isDisturbed(_ fault: Scenario.BrokerFault, at now: Instant) -> Bool {
        faults.contains { now < $0.until && ($0.fault == fault || ($0.fault == .away && fault.isFailure)) }
    }

    func log(_ topic: Int, _ partition: Int32) -> SimulatedLog {
        (topic < 0 ? logs[logs.count - 1] : logs[topic])[Int(partition)]
    }

    mutating func append(_ record: SimulatedRecord, topic: Int, partition: Int32) -> Int64 {
        logs[topic < 0 ? logs.count - 1 : topic][Int(partition)].append(record)
    }
}

extension Scenario.BrokerFault {
    /// What fails too when the whole broker is away.
    fileprivate var isFailure: Bool {
        switch self {
        case .commitsFail, .producesFail, .fetchesFail, .lookupsFail, .away: true
        case .commitsSlow, .producesSlow, .fetchesSlow, .answersLost: false
        }
    }
}
