/// What an operator wants of a subscription.
public enum SubscriptionChange: Sendable, Equatable {
    case pause
    /// - Parameter fromNow: behind everything that has come meanwhile.
    case resume(fromNow: Bool)
    case seek(to: SeekTarget)
}

/// What became of a change that is in the control topic.
public struct ChangeReceipt: Sendable, Equatable {
    /// Running replicas that obey it already.
    public var replicas: Int
    /// Announced, and without an answer: dead, most likely. One that lives obeys when it can read the control topic.
    public var silent: [String]
    /// Where cursors go; nil for changes that move none.
    public var seek: Seek?

    public init(replicas: Int, silent: [String], seek: Seek? = nil) {
        self.replicas = replicas
        self.silent = silent
        self.seek = seek
    }
}

/// Why a change was not made. Each says what to do.
public enum ChangeFailure: Error, Equatable {
    case unknownSubscription
    /// What was asked for cannot be done as things are.
    case impossible(String)
    /// Kafka does not answer, or the bridge has not started.
    case unavailable(String)
}
