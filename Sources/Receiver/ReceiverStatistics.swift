/// What one path has seen since the receiver started.
public struct PathStatistics: Sendable, Equatable {
    /// Requests, whatever became of them.
    public var received = 0
    /// Requests answered 2xx, and the events in them.
    public var accepted = 0
    public var acceptedEvents = 0
    /// Requests by what their signature showed. A request without any counts in none of these.
    public var verified = 0
    public var signatureFailed = 0
    public var failedOnPurpose = 0
    /// Events that had been accepted before.
    public var duplicates = 0
    public var lastEventType: String?

    public init() {}

    mutating func count(_ delivery: Delivery) {
        received += 1
        switch delivery.signature {
        case .verified: verified += 1
        case .failed: signatureFailed += 1
        case .unsigned, .unchecked: break
        }
        if delivery.succeeded {
            accepted += 1
            acceptedEvents += delivery.events
            duplicates += delivery.repeatedEvents
        }
        if delivery.failedOnPurpose { failedOnPurpose += 1 }
        if let type = delivery.eventType { lastEventType = type }
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
            sum.verified += path.verified
            sum.signatureFailed += path.signatureFailed
            sum.failedOnPurpose += path.failedOnPurpose
            sum.duplicates += path.duplicates
        }
    }
}
