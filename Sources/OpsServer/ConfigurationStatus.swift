public import EventModel
public import Manifests

/// What the bridge runs with, and what it refused to run with.
public struct ConfigurationStatus: Sendable {
    /// Where the manifests are.
    public var folder: String
    /// When those in force were loaded.
    public var loadedAt: WallTime
    public var topics: Int
    public var subscriptions: Int
    /// Of those in force.
    public var warnings: [Manifests.Problem]
    /// What is there now, if it has errors, so that the manifests before stay in force.
    public var refused: Refused?
    /// Whether this replica keeps an index of receipts.
    public var receiptIndex: Bool

    public struct Refused: Sendable {
        public var at: WallTime
        public var problems: [Manifests.Problem]

        public init(at: WallTime, problems: [Manifests.Problem]) {
            self.at = at
            self.problems = problems
        }
    }

    public init(folder: String, loadedAt: WallTime, topics: Int, subscriptions: Int, warnings: [Manifests.Problem] = [], refused: Refused? = nil, receiptIndex: Bool = false) {
        self.folder = folder
        self.loadedAt = loadedAt
        self.topics = topics
        self.subscriptions = subscriptions
        self.warnings = warnings
        self.refused = refused
        self.receiptIndex = receiptIndex
    }
}

/// An event that somebody asks about: what would become of it?
public struct EventQuestion: Sendable {
    public var topic: String
    /// Only for this one.
    public var subscription: String?
    /// The record's value.
    public var value: String
    public var key: String?
    public var headers: [(name: String, value: String)]

    public init(topic: String, subscription: String? = nil, value: String, key: String? = nil, headers: [(name: String, value: String)] = []) {
        self.topic = topic
        self.subscription = subscription
        self.value = value
        self.key = key
        self.headers = headers
    }
}

/// Why there is no answer to an `EventQuestion`.
public enum QuestionFailure: Error {
    case unknownTopic
    case unknownSubscription
    /// With what to do about it.
    case impossible(String)
}
