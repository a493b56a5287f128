import DeliveryCore
import EventModel

/// > **Backoff is never early, and late by a stated bound.** It never blocks a partition.
///
/// Judged in runs in which nothing happens to processes and brokers, and clocks are right: whatever stands before a retry record in its lane, its
/// owner has read it when it is due. What happens to it then is its endpoint's business.
extension Simulation {
    /// To hand on what stands before it, a few records at a time where few may wait in memory.
    static let latestRead = TimeSpan.seconds(20)

    /// Requests under way need some of it, and those of endpoints that hang may take all.
    private var hasRoomForRetries: Bool {
        scenario.core.retriesInMemory >= 20 && scenario.core.metadataLimit >= 1000 && scenario.core.ringBytes >= 1 << 20
            && scenario.clockOffsets.isEmpty && scenario.endpoints.allSatisfy(\.answersSoon)
    }

    func judgeLateness(_ batch: RecordBatch, _ replica: Replica) {
        guard isCalm, hasRoomForRetries, replica.core.isRetryTopic(batch.partition), replica.account.phases[batch.partition] == .reading else { return }
        let lanes = replica.options.lanes
        let lane = lanes[Int(replica.core.name(of: batch.partition).partition) % lanes.count]
        for (record, retry) in zip(batch.records, batch.retries) {
            // What is due before the lane's delay has passed may have to wait for the others that are in it.
            let due = max(retry.due, record.timestamp + lane)
            guard due.milliseconds >= Self.startOfWallClock + Self.startsUp.millisecondsRoundedUp else { continue }
            let late = moment.wall - due
            if late > Self.latestRead { violation(.schedule, "a retry record is read \(late) after it was due") }
        }
    }
}

extension EndpointPlan {
    fileprivate var answersSoon: Bool {
        latency.upperBound <= 100 && spread == .even && lostAnswers == 0
            && phases.allSatisfy { phase in
                switch phase.mode {
                case .hanging, .slow: false
                default: true
                }
            }
    }
}
