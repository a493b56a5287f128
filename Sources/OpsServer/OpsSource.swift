public import Control
public import DeliveryCore
public import EventModel
public import Manifests
public import Receipts

/// What the ops server shows; the bridge implements it.
///
/// Every member is called once per request that needs it, on any thread, also while the bridge starts and stops. All but
/// `change`, `register`, `delete`, `setLogLevel`, `test` and `deliveries` answer without waiting: a probe that hangs behind a busy shard
/// would get a healthy process killed.
public protocol OpsSource: Sendable {
    /// A merged copy of what the shards show of themselves.
    func snapshot() -> CoreSnapshot

    /// What operators said, as far as this replica has heard it.
    func control() -> ControlState

    /// Makes a change on all replicas, and waits for them, with a bound.
    func change(_ change: SubscriptionChange, of name: String, by: Attribution) async throws(ChangeFailure) -> ChangeReceipt

    /// Where every subscription stands, by name.
    func definitions() -> [String: SubscriptionDefinition]

    /// What a registration would come to; changes nothing.
    ///
    /// - Parameter definition: JSON: a subscription as in a manifest, and its topic.
    func plan(_ name: String, _ definition: [UInt8]) throws(SubscriptionRegistry.Refusal) -> SubscriptionRegistry.Plan

    /// Registers what was planned on all replicas, and waits for them, with a bound.
    func register(_ plan: SubscriptionRegistry.Plan, by: Attribution) async throws(ChangeFailure) -> ChangeReceipt

    /// Deletes one that came through the API.
    func delete(_ name: String, by: Attribution) async throws(ChangeFailure) -> ChangeReceipt

    /// Sends a marked test event to a subscription's endpoint, from here, and waits for the answer.
    ///
    /// - Parameters:
    ///   - event: JSON: a CloudEvent, or what the topic carries. Nil makes one up.
    ///   - type: of the one that is made up; nil takes the topic's first with an example.
    func test(_ name: String, event: String?, type: String?) async throws(ChangeFailure) -> TestReport

    /// From which level on this replica logs.
    func logLevel() -> LogLevelStatus

    /// Changes how much all replicas log, and waits for them, with a bound.
    func setLogLevel(_ change: LogLevelChange) async throws(ChangeFailure) -> ChangeReceipt

    /// Dead letters, redrives and replays.
    var redelivery: any RedeliverySource { get }

    /// What it runs with.
    func configuration() -> ConfigurationStatus

    /// What would become of an event, as `fanfare explain` finds it out: a JSON object, without secrets and signatures.
    func explain(_ question: EventQuestion) throws(QuestionFailure) -> String

    /// Attempts that match, the newest first, from this replica's index of receipts.
    ///
    /// - Parameter after: only those that follow there.
    func deliveries(_ filter: ReceiptFilter, limit: Int, after: ReceiptPosition?) async throws(DeliveriesFailure) -> ReceiptPage

    /// How far that index is; nil where there is none.
    func receiptIndex() -> ReceiptIndexStanding?

    /// Whether this replica can do its work just now.
    func readiness() -> Readiness

    /// How long ago the shard that is furthest behind last turned its loop; zero while there is none.
    ///
    /// This is the only thing liveness asks. A broker that is gone makes a bridge unready, not dead: restarting it
    /// would not bring the broker back, and would cost a rebalance.
    func oldestTurn() -> TimeSpan

    /// Of the program, for `build_info` and the page at `/`.
    var version: String { get }

    /// When the process started.
    var startedAt: WallTime { get }
}

/// The level of the log, as it is and as it is configured.
public struct LogLevelStatus: Sendable, Equatable {
    public var current: LogLevel
    public var configured: LogLevel

    public init(current: LogLevel, configured: LogLevel) {
        self.current = current
        self.configured = configured
    }
}

/// The answer of `/readyz`.
public enum Readiness: Sendable, Equatable {
    case ready
    /// One line each, for an operator who reads it in a probe's event log; without secrets.
    case notReady([String])
}

/// Why nothing can be said about attempts.
public enum DeliveriesFailure: Error, Sendable, Equatable {
    /// No index of receipts is asked for.
    case off
    /// There is none just now; why, in one sentence.
    case unavailable(String)
}

/// How an endpoint took a test event.
public struct TestReport: Sendable, Equatable {
    /// What would become of a delivery that ends like this, as metrics call it.
    public enum Result: String, Sendable, CaseIterable { case success, retry, refused }

    public var result: Result
    /// Nil without an answer.
    public var status: Int?
    /// Nil when the endpoint accepted the event.
    public var errorKind: FailureKind?
    /// One line, without secrets; empty when the endpoint accepted the event.
    public var message: String
    public var duration: TimeSpan

    public init(result: Result, status: Int?, errorKind: FailureKind?, message: String, duration: TimeSpan) {
        self.result = result
        self.status = status
        self.errorKind = errorKind
        self.message = message
        self.duration = duration
    }
}
