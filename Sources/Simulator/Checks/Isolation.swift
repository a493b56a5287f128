import DeliveryCore
import EventModel

/// > **A subscription waits only for itself.** A slow, dead, paused or misconfigured endpoint never delays another
/// > subscription, on the same topic and partition or elsewhere, beyond the machine's fair share.
///
/// Judged in runs in which nothing happens to processes and brokers, and requests and memory are not scarce: whatever the
/// other endpoints do, and however late their cursors come, an event for a healthy one arrives soon.
extension Simulation {
    /// A fetch, a turn in the line of those that are ready, an answer of 20 ms for each of those before it: tens of
    /// milliseconds. The rest is for bursts.
    static let longestDelayOfHealthy = TimeSpan.seconds(1)
    /// Until then what was there at the start may be in the way.
    static let startsUp = TimeSpan.seconds(15)
    /// What others may have in flight must fit.
    static let enoughMemory = 4 << 20

    /// For which the head of a log may stand still although there is more, somebody healthy has nothing to do, and nobody fetches.
    static let longestWaitForOthers = TimeSpan.milliseconds(500)

    var isCalm: Bool {
        scenario.events.isEmpty && scenario.core.maxInFlight >= 1000 && scenario.core.recordMemory >= Self.enoughMemory
    }

    func judgeDelay(_ subscription: Int, _ created: WallTime, _ event: EventKey) {
        guard isCalm, !isHealed, scenario.endpoints[subscription].isHealthy, scenario.endpoints[subscription].cursorDelay == EndpointPlan.promptCursors
        else { return }
        let policy = scenario.subscriptions[subscription]
        guard policy.batch == nil, policy.rateLimit == nil, policy.delivery.maxInFlight >= 4, created.milliseconds >= Self.startOfWallClock + Self.startsUp.millisecondsRoundedUp else { return }
        let delay = moment.wall - created
        if delay > Self.longestDelayOfHealthy { violation(.isolation, "\(event) reached \(policy.name), which is healthy, after \(delay)") }
    }

    /// A backlog, too, is read on for those who keep up.
    func judgeReading(_ replica: Replica) {
        guard isCalm else { return }
        for i in replica.readers.indices {
            let reader = replica.readers[i]
            let name = replica.core.name(of: reader.handle)
            let isHeldBack =
                !reader.isFetching && !reader.isLookingUp && !replica.core.wantsRecords(reader.handle, at: now)
                && (reader.waiting != nil || broker.log(topicIndex(name.topic), name.partition).end > reader.offset)
            let waiting = isHeldBack ? healthyAndIdle(reader.handle, replica) : nil
            guard let waiting else {
                replica.readers[i].heldBackSince = nil
                continue
            }
            let since = reader.heldBackSince ?? now
            replica.readers[i].heldBackSince = since
            if now - since > Self.longestWaitForOthers {
                violation(
                    .isolation,
                    "\(name.topic)[\(name.partition)] is not read on for \(waiting), which is healthy and has taken all that was read, for \(now - since)")
            }
        }
    }

    private func healthyAndIdle(_ handle: PartitionHandle, _ replica: Replica) -> String? {
        let names = replica.core.idle(on: handle).map { replica.core.subscription($0).name }
        return names.first { name in
            scenario.subscriptions.firstIndex { $0.name == name }.map { scenario.endpoints[$0].isHealthy } ?? false
        }
    }
}

extension EndpointPlan {
    var isHealthy: Bool {
        phases.isEmpty && failureRate == 0 && lostAnswers == 0 && poisonEvery == 0 && abortEvery == 0 && spread == .even && latency.upperBound <= 20
    }
}
