import EventModel
import Synchronization

/// A bucket of requests for each client, refilled as time passes.
final class RateLimiter: Sendable {
    private struct Bucket {
        var tokens: Double
        var filledAt: Instant
    }

    /// Those who asked lately; a full bucket need not be remembered.
    static let mostClients = 4096

    private let limit: RateLimit
    private let buckets = Mutex<[String: Bucket]>([:])

    init(_ limit: RateLimit) { self.limit = limit }

    /// Takes a request out of the client's bucket.
    ///
    /// - Returns: nil, or how long it is until the bucket holds one again.
    func take(_ client: String, at now: Instant) -> TimeSpan? {
        buckets.withLock { buckets in
            if buckets.count >= Self.mostClients, buckets[client] == nil { forget(&buckets, at: now) }
            var bucket = filled(buckets[client], at: now)
            defer { buckets[client] = bucket }
            guard bucket.tokens < 1 else {
                bucket.tokens -= 1
                return nil
            }
            return TimeSpan(nanoseconds: Int64((1 - bucket.tokens) / limit.perSecond * 1e9) + 1)
        }
    }

    private func filled(_ bucket: Bucket?, at now: Instant) -> Bucket {
        guard let bucket else { return Bucket(tokens: limit.burst, filledAt: now) }
        return Bucket(tokens: min(limit.burst, bucket.tokens + (now - bucket.filledAt).seconds * limit.perSecond), filledAt: now)
    }

    /// Whoever could not be told from a newcomer; if that is nobody, all: they come from more addresses than people have.
    private func forget(_ buckets: inout [String: Bucket], at now: Instant) {
        let remembered = buckets.filter { filled($0.value, at: now).tokens < limit.burst }
        buckets = remembered.count < Self.mostClients ? remembered : [:]
    }
}
