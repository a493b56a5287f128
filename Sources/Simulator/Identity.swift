/// A source event: what everything else is about.
struct EventKey: Hashable {
    var topic: Int
    var partition: Int32
    var offset: Int64
}

/// One event for one subscription: what the contract speaks of.
struct Pair: Hashable {
    var subscription: Int
    var event: EventKey
}

/// A cursor: of a subscription on a source partition, or (`subscription` nil) on a partition of the retry topic.
struct CursorKey: Hashable {
    var subscription: Int?
    /// -1 is the retry topic.
    var topic: Int
    var partition: Int32
}

/// The record that brings an event to a subscription: the source record, or a retry record addressed to it.
struct Carrier: Hashable {
    var cursor: CursorKey
    var offset: Int64
}
