/// What one path has seen since the receiver started.
public struct PathStatistics: Sendable, Equatable {
    /// Requests, whatever became of them.
    public var received = 0
    /// Requests answered 2xx, and the events in them.
    public var accepted = 0
    public var acceptedEvents = 0
    /// Requests whose signature was wrong.
    public var signatureFailed = 0
    public var failedOnPurpose = 0
    /// Events that had been accepted before.
    public var duplicates = 0

    public init() {}

    mutating func count(_ delivery: Delivery) {
        received += 1
        if case .failed = delivery.signature { signatureFailed += 1 }
        if delivery.succeeded {
            accepted += 1
            acceptedEvents += delivery.events
            duplicates += delivery.repeatedEvents
        }
        if delivery.failedOnPurpose { failedOnPurpose += 1 }
    }
}

/// A copy of all paths' figures at one moment.
public struct ReceiverStatistics: Sendable, Equatable {
    /// By path.
    public var paths: [String: PathStatistics] = [:]

    public init() {}

    public var total: PathStatistics {
        paths.values.reduce(into: PathStatistics()) { sum, path in
            sum.received += path.received
            sum.accepted += path.accepted
            sum.acceptedEvents += path.acceptedEvents
            sum.signatureFailed += path.signatureFailed
            sum.failedOnPurpose += path.failedOnPurpose
            sum.duplicates += path.duplicates
        }
    }
}
