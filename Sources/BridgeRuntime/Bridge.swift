public import Control
public import Egress
import EventLoop
public import EventModel
import HTTPTransport
package import KafkaClient
import KafkaTokens
public import Logging
public import Manifests
import Synchronization

/// The bridge of one process: its shards, and the thread that watches over them.
///
/// That thread waits for the cluster, starts the shards, looks for changes of the manifests once a second and asks the
/// cluster now and then whether it is still there. No event passes it.
public final class Bridge: Sendable {
    /// What the probes ask for.
    public enum Readiness: Sendable, Equatable {
        case ready
        /// Why not, one line each.
        case notReady([String])
    }

    struct State {
        var shards: [ShardMailbox] = []
        /// Once the shards obey it.
        var control: ControlChannel? = nil
        /// Nil where attempts are not recorded.
        var receipts: ReceiptTopic? = nil
        var isStopping = false
        var isClusterReachable = false
        /// Why it is not ready, while it waits for something at the start.
        var waitingFor = "the bridge is starting"
        var failure: String? = nil
        var manifests: ManifestStatus
    }

    /// Which manifests are in force, and what is wrong with newer ones.
    public struct ManifestStatus: Sendable {
        public var loadedAt: WallTime
        /// Of those in force.
        public var warnings: [Problem]
        /// Newer ones that have errors.
        public var refused: (at: WallTime, problems: [Problem])?
    }

    public let configuration: BridgeConfiguration
    public let startedAt = WallTime(milliseconds: EventLoop.wallMilliseconds())
    let assembly: Mutex<Assembly>
    let watcher: Mutex<TopicsWatcher>
    let rotation: Mutex<SecretRotation>
    let certificates: Mutex<CertificateWatch>
    /// As its shards talk to the cluster.
    package let kafka: KafkaConfiguration
    let instanceID: String?
    let sessionTimeout: TimeSpan
    let log: Logger
    /// Of the log, as operators want them just now.
    public let levels: LogLevelSwitch
    let retention: RetentionGuard
    let schemas: SchemaLookups?
    let notifier: Notifier?
    /// Nil: no spans are made.
    let spans: SpanExporter?
    let ownListeners: OwnListeners
    let state: Mutex<State>
    let onFinish = Mutex<(@Sendable () -> Void)?>(nil)
    /// Under way.
    let tests = Mutex(0)

    /// `session.timeout.ms` where the user sets none, in milliseconds.
    private static let defaultSession = 10_000

    /// - Parameters:
    ///   - manifests: Usable ones; the watcher says what has changed since.
    ///   - ownListeners: where this process listens, and nothing is delivered to.
    ///   - levels: what the logger obeys.
    public init(
        configuration: BridgeConfiguration, manifests: LoadedManifests, watcher: TopicsWatcher, ownListeners: OwnListeners = OwnListeners(),
        logger: Logger, levels: LogLevelSwitch
    ) {
        self.configuration = configuration
        self.levels = levels
        assembly = Mutex(Assembly(files: manifests.topics, registry: watcher.registry, topics: configuration.withRepartitions(manifests.topics)))
        self.watcher = Mutex(watcher)
        self.ownListeners = ownListeners
        rotation = Mutex(SecretRotation(manifests.topics))
        certificates = Mutex(CertificateWatch(manifests.topics, at: Clock.moment().wall))
        log = logger
        schemas = configuration.schemaRegistry.map { SchemaLookups($0, log: logger) }
        var properties = configuration.kafka.properties.map { ($0.name, $0.value) }
        instanceID = properties.last { $0.0 == "group.instance.id" }?.1
        properties.removeAll { $0.0 == "group.instance.id" }
        // Half a minute of silence is long for those who wait for their events; a static member needs it to restart.
        if instanceID == nil, !properties.contains(where: { $0.0 == "session.timeout.ms" }) {
            properties.append(("session.timeout.ms", String(Self.defaultSession)))
        }
        // Members hear of a rebalance with their next heartbeat, and partitions that move stand still until all have heard.
        if !properties.contains(where: { $0.0 == "heartbeat.interval.ms" }) { properties.append(("heartbeat.interval.ms", "500")) }
        let session = properties.last { $0.0 == "session.timeout.ms" }.flatMap { Int64($0.1) } ?? 45_000
        sessionTimeout = .milliseconds(session)
        var kafka = KafkaConfiguration(configuration.kafka)
        kafka.properties = properties.map { (name: $0.0, value: $0.1) }
        self.kafka = kafka
        notifier = configuration.notifications.enabled ? Notifier(configuration, kafka, log: logger) : nil
        spans = SpanExporter(configuration, log: logger)
        retention = RetentionGuard(kafka, logger, notifier)
        state = Mutex(State(manifests: ManifestStatus(loadedAt: startedAt, warnings: manifests.problems)))
    }

    /// Checks what librdkafka and the egress rules have to say about the configuration, without a connection.
    public static func validate(_ configuration: BridgeConfiguration) -> [String] {
        var problems: [String] = []
        do throws(KafkaError) {
            try KafkaConfiguration(configuration.kafka).validate()
        } catch {
            problems.append("kafka.properties: \(error.message)")
        }
        do throws(EgressRuleError) {
            _ = try EgressRules(configuration.egress)
        } catch {
            problems.append(error.description)
        }
        do throws(EndpointError) {
            _ = try configuration.egress.proxy.map { (url) throws(EndpointError) in try Proxy(url) }
        } catch {
            problems.append("egress.proxy: \(error)")
        }
        return problems
    }

    /// Starts; returns at once. `finished` is called on another thread when the bridge has stopped, for whatever reason.
    public func start(finished: @escaping @Sendable () -> Void) {
        onFinish.withLock { $0 = finished }
        _ = WorkerThread(name: "supervisor") { self.supervise() }
    }

    /// Drains, commits, leaves the group. Returns at once.
    public func stop() {
        let shards = state.withLock { state in
            state.isStopping = true
            return state.shards
        }
        for shard in shards { shard.send(.stop) }
    }

    var isStopping: Bool { state.withLock { $0.isStopping } }

    /// Why it stopped by itself; nil when it was asked to.
    public var failure: String? { state.withLock { $0.failure } }

    // MARK: Changing

    /// What the control topic says, as far as this process follows it.
    public var control: ControlState { state.withLock { $0.control }?.state.withLock { $0.control } ?? ControlState() }

    /// Makes a change, on all replicas.
    ///
    /// - Parameter patience: how long the other replicas may take.
    public func change(
        _ change: SubscriptionChange, of name: String, by: Attribution, patience: TimeSpan = .seconds(10)
    ) async throws(ChangeFailure) -> ChangeReceipt {
        let (control, waitingFor) = state.withLock { ($0.control, $0.waitingFor) }
        guard let control else { throw .unavailable("nothing can be changed yet: \(waitingFor)") }
        guard let policy = control.state.withLock({ $0.policies[name] }) else { throw .unknownSubscription }
        let change = try await ChangeRecords.of(change, policy, by, kafka)
        return try await control.submit(change.records, seek: change.seek, until: Clock.moment().instant + patience).get()
    }
}
