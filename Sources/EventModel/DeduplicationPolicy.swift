/// `deduplicate` of a subscription: an event that came before, not long ago and on the same partition, is dropped.
public struct DeduplicationPolicy: Sendable, Equatable {
    public var by: Identification = .id
    /// An event is a repeat when the same came at most so long before it, by the timestamps of their records; whether that one
    /// was delivered or was a repeat itself makes no difference.
    public var window: TimeSpan
    /// Most that is remembered for one partition; beyond it the oldest is forgotten, and a repeat of that is delivered.
    public var maxKeys: Int = 100_000

    public init(window: TimeSpan) { self.window = window }

    /// What two events have in common that are the same.
    public enum Identification: Sendable, Equatable {
        /// The attributes `source` and `id`, by which CloudEvents tells events apart.
        case id
        /// All of these. An event that lacks one of them is never a repeat.
        case fields([GroupKey])
    }
}

/// What stands for an event when it is looked for among others: 128 bits of a keyed hash, so that nobody can make two events
/// that are taken for one.
public struct EventIdentity: Hashable, Sendable {
    public var high: UInt64
    public var low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}
