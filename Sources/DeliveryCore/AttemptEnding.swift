public import EventModel

/// What the attempt that ended last was taken for, and what becomes of its events: for those who keep records of attempts.
public struct AttemptEnding: Sendable {
    /// As `attempts_total` counts them.
    public enum Result: String, Sendable, CaseIterable { case success, retry, refused }

    /// What becomes of an event after an attempt. It is what was decided: whether Kafka takes a record is still to come.
    public enum NextStep: Sendable, Equatable {
        case delivered
        /// Waits in memory for its next attempt.
        case wait(until: WallTime)
        /// To this partition of the retry topic, for an attempt then.
        case retry(partition: Int32, due: WallTime)
        /// Is sent again as soon as its subscription has room: in a part of its batch.
        case again
        /// Waits behind another event of its key.
        case inLine
        /// Waits until its endpoint takes events again.
        case outage
        case deadLetter(FailureKind)
        /// By the subscription's policy.
        case dropped
        /// Its partition or its cursor went elsewhere, where the event is sent again.
        case left
    }

    /// Nil: it does not count. It was cancelled, or nothing was sent for want of what a request needs first.
    public internal(set) var result: Result? = nil
    /// In the order in which it was decided, which is mostly that of the batch; those of other events may stand among them.
    public internal(set) var steps = ContiguousArray<(record: RecordToken, step: NextStep)>()
    var isOpen = false
    /// One that waits in line may go on when the event before it is dropped.
    var hasInLine = false

    /// What becomes of an event of the attempt; nil if nothing was decided.
    ///
    /// - Parameter place: where to look first; 0 before the first event of an attempt.
    public func step(of record: RecordToken, from place: inout Int) -> NextStep? {
        for offset in steps.indices {
            let index = (place + offset) % steps.count
            guard steps[index].record == record else { continue }
            place = index + 1
            return steps[index].step
        }
        return nil
    }
}

extension DeliveryCore {
    mutating func beginEnding() {
        ending.result = nil
        ending.steps.removeAll(keepingCapacity: true)
        ending.isOpen = true
        ending.hasInLine = false
    }

    /// While an attempt ends; before the event's record may be released.
    mutating func note(_ item: Item, _ step: AttemptEnding.NextStep) {
        guard ending.isOpen else { return }
        let record = records[item.record].token
        if ending.hasInLine, let index = ending.steps.firstIndex(where: { $0.record == record }) {
            ending.steps[index].step = step
            return
        }
        if step == .inLine { ending.hasInLine = true }
        ending.steps.append((record: record, step: step))
    }
}
