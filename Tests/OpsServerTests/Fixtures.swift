import Control
import DeliveryCore
import EventModel
import Logging
import Manifests
import OpsServer
import Receipts
import Redelivery
import Synchronization

/// A bridge that shows what the test says.
final class FixedSource: OpsSource {
    func logLevel() -> LogLevelStatus { LogLevelStatus(current: .info, configured: .info) }
    func setLogLevel(_ change: LogLevelChange) async throws(ChangeFailure) -> ChangeReceipt { ChangeReceipt(replicas: 1, silent: []) }

    let version = "1.2.3"
    let startedAt = WallTime(milliseconds: 1_700_000_000_000)
    private let core: Mutex<CoreSnapshot>
    private let changes = Mutex<(made: [Change], control: ControlState, failure: ChangeFailure?, tested: [String], registered: [String])>(([], ControlState(), nil, [], []))
    private let defined: Mutex<[String: SubscriptionDefinition]>
    private let state: Mutex<(readiness: Readiness, turn: TimeSpan)>

    init(_ core: CoreSnapshot = .example, readiness: Readiness = .ready, definitions: [String: SubscriptionDefinition] = [:]) {
        self.core = Mutex(core)
        defined = Mutex(definitions)
        state = Mutex((readiness, .zero))
    }

    func deliveries(_ filter: ReceiptFilter, limit: Int, after: ReceiptPosition?) async throws(DeliveriesFailure) -> ReceiptPage { throw .off }
    func receiptIndex() -> ReceiptIndexStanding? { ReceiptIndexStanding(behind: 3, oldest: nil, bytes: 4096) }
    func snapshot() -> CoreSnapshot { core.withLock { $0 } }
    /// Things change.
    func become(_ change: @Sendable (inout CoreSnapshot) -> Void) { core.withLock { change(&$0) } }
    func control() -> ControlState { changes.withLock { $0.control } }
    /// What was asked for, in order.
    var changed: [Change] { changes.withLock { $0.made } }
    /// From now on changes fail.
    func refuse(_ failure: ChangeFailure) { changes.withLock { $0.failure = failure } }

    func change(_ change: SubscriptionChange, of name: String, by: Attribution) async throws(ChangeFailure) -> ChangeReceipt {
        guard snapshot().subscriptions.contains(where: { $0.name == name }) else { throw .unknownSubscription }
        if let failure = changes.withLock({ $0.failure }) { throw failure }
        changes.withLock { changes in
            changes.made.append(Change(change: change, name: name, by: by.by, reason: by.reason))
            if change == .pause { changes.control.apply(.pause(subscription: name, Pause(isPaused: true, change: by))) }
        }
        return ChangeReceipt(replicas: 2, silent: ["gone-1"])
    }

    func definitions() -> [String: SubscriptionDefinition] { defined.withLock { $0 } }
    func define(_ definitions: [String: SubscriptionDefinition]) { defined.withLock { $0 = definitions } }

    /// Two of the API, one of which refers to a file that is gone.
    static let oneIsRefused: [String: SubscriptionDefinition] = {
        var orders = TopicManifest(topic: "shop.orders")
        orders.file = "topics/orders.yaml"
        var registry = SubscriptionRegistry(BridgeConfiguration(), defaults: SubscriptionDefaults(), environment: .fileSystem(variables: [:]))
        let definition = #"{"topic":"shop.orders","endpoint":"https://acme.example","owner":"team-acme","labels":{"tenant":"acme"},"signing":"#
        _ = registry.install([orders], ["acme": #"\#(definition){"secrets":["${file:gone}"]}}"#, "new": #"\#(definition)"none"}"#])
        return registry.definitions([orders])
    }()

    func plan(_ name: String, _ definition: [UInt8]) throws(SubscriptionRegistry.Refusal) -> SubscriptionRegistry.Plan {
        let registry = SubscriptionRegistry(BridgeConfiguration(), defaults: SubscriptionDefaults(), environment: .fileSystem(variables: [:]))
        var orders = TopicManifest(topic: "shop.orders")
        orders.file = "topics/orders.yaml"
        orders.subscriptions = [Subscription(name: "billing", topic: "shop.orders", endpoint: "https://example.com")]
        return try registry.plan(name, definition, [orders])
    }

    func register(_ plan: SubscriptionRegistry.Plan, by: Attribution) async throws(ChangeFailure) -> ChangeReceipt {
        changes.withLock { $0.registered.append("\(plan.subscription.name) by \(by.by): \(by.reason)") }
        return ChangeReceipt(replicas: 2, silent: [])
    }

    func delete(_ name: String, by: Attribution) async throws(ChangeFailure) -> ChangeReceipt {
        guard name == "acme" else { throw name == "billing" ? .impossible("it stands in topics/orders.yaml") : .unknownSubscription }
        changes.withLock { $0.registered.append("no \(name) by \(by.by): \(by.reason)") }
        return ChangeReceipt(replicas: 2, silent: [])
    }

    /// What was registered and deleted.
    var registered: [String] { changes.withLock { $0.registered } }

    func test(_ name: String, event: String?, type: String?) async throws(ChangeFailure) -> TestReport {
        guard snapshot().subscriptions.contains(where: { $0.name == name }) else { throw .unknownSubscription }
        changes.withLock { $0.tested.append(event ?? type ?? "") }
        return TestReport(result: .refused, status: 418, errorKind: .http, message: "the endpoint answered 418", duration: .milliseconds(7))
    }

    /// The events, or their types, of tests that were asked for.
    var tested: [String] { changes.withLock { $0.tested } }

    struct Change: Equatable {
        var change: SubscriptionChange
        var name: String
        var by: String
        var reason: String
    }

    var redelivery: any RedeliverySource { NoRedelivery() }

    func configuration() -> ConfigurationStatus {
        var status = ConfigurationStatus(folder: "topics", loadedAt: startedAt, topics: 1, subscriptions: 2)
        status.refused = .init(at: startedAt, problems: [
            Problem(severity: .error, code: .invalidValue, file: "topics/orders.yaml", line: 3, column: 5, path: "owner", message: "must be a text")
        ])
        return status
    }

    func explain(_ question: EventQuestion) throws(QuestionFailure) -> String {
        guard question.topic == "shop.orders" else { throw .unknownTopic }
        let headers = question.headers.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
        return #"{"event":{"value":"\#(question.value)","headers":"\#(headers)"},"subscriptions":[]}"#
    }

    func readiness() -> Readiness { state.withLock { $0.readiness } }
    func oldestTurn() -> TimeSpan { state.withLock { $0.turn } }
    func stall(_ turn: TimeSpan) { state.withLock { $0.turn = turn } }
}

/// A bridge whose Kafka is away.
private struct NoRedelivery: RedeliverySource {
    private static let away = RedeliveryFailure.unavailable("Kafka is away")

    func deadLetters(
        of topic: String?, _ filter: DeadLetterFilter, limit: Int, after: DeadLetterCursor?
    ) async throws(RedeliveryFailure) -> DeadLetterPage { throw Self.away }
    func deadLetter(at place: RecordPlace) async throws(RedeliveryFailure) -> WholeDeadLetter { throw Self.away }
    func start(_ request: JobRequest, by: Attribution) async throws(RedeliveryFailure) -> JobReport { throw Self.away }
    func jobs(_ verb: JobVerb) -> [JobReport] { [] }
    func job(_ id: JobOrder.ID) async throws(RedeliveryFailure) -> JobReport { throw Self.away }
    func stop(_ id: JobOrder.ID, by: Attribution) async throws(RedeliveryFailure) -> JobReport { throw Self.away }
}

extension CoreSnapshot {
    /// Two subscriptions, of which one is down, on two partitions.
    static var example: CoreSnapshot {
        var snapshot = CoreSnapshot()
        snapshot.recordsConsumed = 120
        snapshot.recordBytes = 4096
        snapshot.rebalances = 2
        snapshot.validations["shop.orders"] = ValidationCounters()
        snapshot.validations["shop.orders"]?.rejected = 2
        snapshot.commits = 9
        snapshot.commitDuration.record(0.002)
        snapshot.partitions = [
            PartitionSnapshot(topic: "shop.orders", partition: 1, position: 50, end: -1, ringBytes: 100, draining: false),
            PartitionSnapshot(topic: "shop.orders", partition: 0, position: 70, end: 80, ringBytes: 200, draining: true),
        ]
        var billing = SubscriptionSnapshot(name: "billing", topic: "shop.orders")
        billing.owner = "team \"billing\" \\ money\nmatters"
        billing.counters.routed = 100
        billing.counters.filterErrors = 3
        billing.counters.deliveries = 95
        billing.counters.attemptsSucceeded = 95
        billing.counters.attemptsToRetry = 4
        billing.counters.attemptsRefused = 1
        billing.counters.diversionsRefused = 2
        billing.counters.deadLetters[FailureKind.allCases.firstIndex(of: .http) ?? 0] = 1
        for seconds in [0.0005, 0.003, 0.003, 0.7, 99] { billing.counters.attemptDuration.record(seconds) }
        billing.inFlight = 3
        billing.lags = [
            PartitionLag(partition: 0, offset: 69, records: 11, oldest: WallTime(milliseconds: 1_700_000_100_000), lagging: false),
            PartitionLag(partition: 1, offset: 50, records: 0, oldest: nil, lagging: true),
        ]
        // Six hours of a day are left when the tests look.
        billing.retention = RetentionMargin(retention: .days(1), deletion: WallTime(milliseconds: 1_700_000_130_500 + 21_600_000))
        billing.certificateEnd = WallTime(rfc3339: "2100-01-01T00:00:00Z")
        var shipping = SubscriptionSnapshot(name: "shipping", topic: "shop.orders")
        shipping.circuit = .open
        shipping.reason = "connection refused"
        shipping.lags = [PartitionLag(partition: 0, offset: 0, records: 80, oldest: nil, lagging: true)]
        snapshot.subscriptions = [billing, shipping]
        return snapshot
    }
}
