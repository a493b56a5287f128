import EventModel
import HeapModule

/// What the engine waits for. Timers are not taken back: one that is no longer wanted finds nothing to do.
enum TimerKind: Hashable {
    case held(UInt64)
    case linger(SubscriptionID)
    case unblock(SubscriptionID)
    case rate(SubscriptionID)
    case probe(SubscriptionID)
    case commit(CursorGroup)
    case commitBudget
    case readOn
    case sweep
    case patience(PartitionHandle)
    case drain(PartitionHandle)
    case divertAgain(DiversionID)
}

/// The engine's timers in due order; equal times in the order in which they were set, so that a run can be repeated.
struct Timers {
    private struct Timer: Comparable {
        var due: Instant
        var order: UInt64
        var kind: TimerKind

        static func < (a: Timer, b: Timer) -> Bool { (a.due, a.order) < (b.due, b.order) }
        static func == (a: Timer, b: Timer) -> Bool { a.order == b.order }
    }

    private var heap = Heap<Timer>()
    private var order: UInt64 = 0

    var next: Instant? { heap.min?.due }

    mutating func set(_ kind: TimerKind, at due: Instant) {
        order += 1
        heap.insert(Timer(due: due, order: order, kind: kind))
    }

    mutating func popDue(at now: Instant) -> TimerKind? {
        guard let first = heap.min, first.due <= now else { return nil }
        return heap.removeMin().kind
    }
}
