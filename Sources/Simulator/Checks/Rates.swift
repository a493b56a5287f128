import DeliveryCore
import EventModel

/// > A limit on requests per second, shared over all replicas by owned partitions.
///
/// A model of one subscription's bucket in one engine: it is filled whenever its share changes, and a request takes one.
struct RateModel {
    private(set) var tokens: Double? = nil
    private var filledAt = Instant(nanoseconds: 0)

    mutating func fill(_ limit: RateLimit, share: Double, now: Instant) {
        defer { filledAt = now }
        if share == 0 { return }
        let capacity = max(1, limit.burst * share)
        tokens = min(capacity, tokens.map { $0 + (now - filledAt).seconds * limit.perSecond * share } ?? capacity)
    }

    mutating func take() { tokens = (tokens ?? 0) - 1 }
}

extension Simulation {
    /// A request to a subscription begins.
    func judgeRate(_ id: SubscriptionID, _ replica: Replica) {
        let policy = replica.account.outlets[id.index].policy
        guard let limit = replica.account.outlets[id.index].rateLimit else { return }
        replica.account.outlets[id.index].rate.fill(limit, share: share(of: policy, replica), now: now)
        replica.account.outlets[id.index].rate.take()
        // Rounding of many small additions.
        if replica.account.outlets[id.index].rate.tokens! < -0.001 { violation(.limits, "a request to \(policy.name) beyond its replica's share of \(limit.perSecond) a second") }
        judgeTotalRate(replica.account.outlets[id.index].index, limit)
    }

    /// Before the shares of a replica change.
    func settleRates(_ replica: Replica) {
        for i in replica.account.outlets.indices {
            guard let limit = replica.account.outlets[i].rateLimit else { continue }
            replica.account.outlets[i].rate.fill(limit, share: share(of: replica.account.outlets[i].policy, replica), now: now)
        }
    }

    /// By the replica's partitions of the topic, and for a tenth by those of the retry topic.
    private func share(of policy: Subscription, _ replica: Replica) -> Double {
        func part(_ topic: String) -> Double {
            let owned = replica.account.phases.count { handle, phase in
                (phase == .loading || phase == .reading) && replica.core.name(of: handle).topic == topic
            }
            return Double(owned) / Double(max(1, owned, replica.account.partitionCounts[topic] ?? 0))
        }
        return 0.9 * part(policy.topic) + 0.1 * part(replica.options.retryTopic)
    }

    /// What all replicas send together. A process that starts has a full share of the burst, and a bucket holds one request
    /// at least; who was thrown out of the group and does not know it has a share too many.
    private func judgeTotalRate(_ subscription: Int, _ limit: RateLimit) {
        guard scenario.events.allSatisfy(\.what.keepsShares) else { return }
        let started = replicas.reduce(0) { $0 + $1.incarnation }
        var total = totalRates[subscription] ?? TotalRate(tokens: 0, filledAt: now, starts: 0)
        total.tokens += (now - total.filledAt).seconds * limit.perSecond + Double(started - total.starts) * (limit.burst + 1)
        total.tokens = min(total.tokens, Double(max(1, replicas.count)) * (limit.burst + 1)) - 1
        total.filledAt = now
        total.starts = started
        totalRates[subscription] = total
        if total.tokens < -1 { violation(.limits, "all replicas together send more than \(limit.perSecond) a second to subscription \(subscription)") }
    }
}

struct TotalRate {
    var tokens: Double
    var filledAt: Instant
    var starts: Int
}

extension Scenario.Event {
    /// Nobody believes to own what is another's, or to be allowed what all were before.
    fileprivate var keepsShares: Bool {
        switch self {
        case .standstill, .evict, .change, .allow: false
        case .broker(.away, _): false
        default: true
        }
    }
}
