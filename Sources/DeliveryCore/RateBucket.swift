import EventModel

/// This shard's share of a subscription's limit of requests per second, as a token bucket.
struct RateBucket {
    private var tokens = Double.infinity
    private var filledAt = Instant(nanoseconds: 0)
    /// A timer is set for then.
    var waitsUntil: Instant? = nil

    /// - Parameter share: Of the limit since the last time, 0 to 1. No bucket holds less than one request.
    mutating func fill(_ limit: RateLimit, share: Double, now: Instant) {
        defer { filledAt = now }
        // Before the first partition comes, and between two.
        if share == 0 { return }
        tokens = min(max(1, limit.burst * share), tokens + (now - filledAt).seconds * limit.perSecond * share)
    }

    var allowsOne: Bool { tokens >= 1 }

    mutating func take() { tokens -= 1 }

    /// How long until the next request; nil when there is none to be waited for.
    func pause(_ limit: RateLimit, share: Double) -> TimeSpan? {
        let rate = limit.perSecond * share
        // A nanosecond more, against rounding.
        return rate > 0 ? TimeSpan(nanoseconds: Int64((1 - tokens) / rate * 1e9) + 1) : nil
    }
}

extension RateLimit {
    /// What keeps to both.
    func lowered(to other: RateLimit?) -> RateLimit {
        guard let other else { return self }
        var limit = self
        limit.perSecond = min(perSecond, other.perSecond)
        limit.burst = min(burst, other.burst)
        return limit
    }
}

extension DeliveryCore {
    /// A tenth of each limit goes with the retry topic's partitions, so that who owns only those can send; the rest with
    /// the partitions of the subscription's topic.
    static let shareOfRetries = 0.1

    /// This shard's share of what all replicas together may send to the subscription, by the partitions it owns. The
    /// shares of all shards add up to 1 at most: a partition that moves has no owner for a moment.
    private func share(of state: SubscriptionState) -> Double {
        func part(_ topic: TopicState) -> Double {
            let owned = topic.partitions.count { $0.phase == .loading || $0.phase == .reading }
            return Double(owned) / Double(max(1, owned, topic.partitionCount))
        }
        let ofRetries = topics[options.retryTopic].map(part) ?? 0
        return (1 - Self.shareOfRetries) * part(state.topic) + Self.shareOfRetries * ofRetries
    }

    /// Whether the subscription's limit allows a request now; if not, a timer waits until it does.
    mutating func mayStart(_ state: SubscriptionState) -> Bool {
        guard let limit = state.rateLimit else { return true }
        if let until = state.rate.waitsUntil, now.instant < until { return false }
        let share = share(of: state)
        state.rate.fill(limit, share: share, now: now.instant)
        if state.rate.allowsOne { return true }
        if let pause = state.rate.pause(limit, share: share) {
            state.rate.waitsUntil = now.instant + pause
            timers.set(.rate(state.id), at: now.instant + pause)
        }
        return false
    }

    mutating func rateIsDue(_ state: SubscriptionState) {
        guard let until = state.rate.waitsUntil, until <= now.instant else { return }
        state.rate.waitsUntil = nil
        markReady(state)
    }

    /// Before partitions come, go or become more: until now the shares were what they were.
    mutating func settleShares() {
        for state in subscriptions { settleShare(state) }
    }

    private func settleShare(_ state: SubscriptionState) {
        if let limit = state.rateLimit { state.rate.fill(limit, share: share(of: state), now: now.instant) }
    }

    /// The endpoint says how much it takes; whatever the manifest allows beyond that is not used.
    mutating func allow(_ state: SubscriptionState, _ limit: RateLimit?) {
        guard state.allowedRate != limit else { return }
        settleShare(state)
        state.allowedRate = limit
        state.rate.waitsUntil = nil
        markReady(state)
    }

    /// After partitions came: who waits may do so too long, or for nothing.
    mutating func sharesGrew() {
        for state in subscriptions where state.rateLimit != nil {
            state.rate.waitsUntil = nil
            markReady(state)
        }
    }

    /// The topic has so many partitions, whoever owns them.
    mutating func countPartitions(_ name: String, _ count: Int) {
        settleShares()
        topicState(name).partitionCount = count
    }
}
