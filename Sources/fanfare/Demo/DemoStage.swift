import BridgeRuntime
import CLinux
import Control
import DeliveryCore
import EventModel
import Glibc
import KafkaClient
import Logging
import Manifests
import OpsServer
import Receiver
import Synchronization

/// Everything that takes part in a demo, in this one process: a Kafka cluster, the bridge with its ops server, two
/// receivers. Only the endpoints misbehave; the bridge is the one that `fanfare serve` runs.
final class DemoStage: Sendable {
    let configuration: BridgeConfiguration
    let manifests: DemoManifests
    let ledger = DemoLedger()
    let feed = DemoFeed()
    let bridge: Bridge
    let kafka: KafkaConfiguration
    let opsURL: String
    let downURL: String
    private let cluster: EmbeddedCluster
    private let receiver: WebhookReceiver
    private let downReceiver: WebhookReceiver
    private let ops: OpsServer
    private let tasks = Mutex<[Task<Void, any Error>]>([])
    private let bridgeEnded: AsyncStream<Void>
    private let bridgeEnds: AsyncStream<Void>.Continuation

    /// Share of the flaky partner's requests that fail.
    static let failRate = 0.06

    init(folder: String, logger: Logger) throws {
        let ports = try Self.freePorts(3)
        let receiverURL = "http://127.0.0.1:\(ports[0])"
        downURL = "http://127.0.0.1:\(ports[1])"
        opsURL = "http://127.0.0.1:\(ports[2])"
        var configuration = BridgeConfiguration()
        configuration.group = "demo"
        configuration.topics = folder
        // The embedded cluster takes no shorter session, and lets a new member wait for most of it.
        configuration.kafka.properties = [HeaderField(name: "session.timeout.ms", value: "6000"), HeaderField(name: "heartbeat.interval.ms", value: "500")]
        configuration.retryTopic.lanes = [.seconds(1), .seconds(5), .seconds(30)]
        configuration.limits.shards = 1
        configuration.egress.allowHTTP = true
        configuration.egress.allowPrivate = true
        configuration.ops.listen = "127.0.0.1:\(ports[2])"
        configuration.shutdown.grace = .seconds(5)
        manifests = try DemoManifests(folder: folder, configuration, receiver: receiverURL, down: downURL)

        var topics = manifests.loaded.topics.map { (name: $0.topic, partitions: $0.demoPartitions) }
        topics.append((name: configuration.retryTopicName, partitions: configuration.retryTopic.lanes.count))
        topics.append((name: configuration.controlTopicName, partitions: 1))
        topics.append((name: configuration.receiptsTopicName, partitions: WantedTopic.receiptsPartitions))
        topics += Self.deadLetterTopics(configuration, manifests).map { (name: $0, partitions: 1) }
        cluster = try EmbeddedCluster(topics: topics)
        configuration.kafka.bootstrapServers = cluster.bootstrapServers
        kafka = KafkaConfiguration(bootstrapServers: cluster.bootstrapServers)
        self.configuration = configuration

        let told: @Sendable (Receiver.Delivery) -> Void = { [ledger, feed] delivery in
            ledger.received(delivery)
            feed.add(delivery)
        }
        var options = ReceiverOptions()
        options.keys = manifests.keys
        options.port = ports[0]
        options.behaviours["/flaky"] = Behaviour(failRate: Self.failRate, refusals: [DemoProducer.poisonType: 422])
        receiver = try WebhookReceiver(options: options, onDelivery: told)
        options.port = ports[1]
        downReceiver = try WebhookReceiver(options: options, onDelivery: told)

        let watcher = TopicsWatcher(since: manifests.loaded, folder: folder, configuration: configuration, environment: manifests.environment)
        bridge = Bridge(configuration: configuration, manifests: manifests.loaded, watcher: watcher, logger: logger, levels: LogLevelSwitch(.error))
        ops = try OpsServer(configuration.ops, source: BridgeSource(bridge), logger: Logger(label: "ops") { _ in SwiftLogNoOpLogHandler() })
        (bridgeEnded, bridgeEnds) = AsyncStream.makeStream()
    }

    static func deadLetterTopics(_ configuration: BridgeConfiguration, _ manifests: DemoManifests) -> [String] {
        Set(manifests.subscriptions.map(configuration.deadLetterTopic)).sorted()
    }

    var deadLetterTopics: [String] { Self.deadLetterTopics(configuration, manifests) }

    func start() async throws {
        try await run { [receiver] in try await receiver.run(onListening: $0) }
        try await run { [ops] in try await ops.run(onListening: $0) }
        bridge.start { [bridgeEnds] in bridgeEnds.finish() }
    }

    /// Whether every subscription knows where it begins; what is produced earlier would be before that.
    func isReady(_ snapshot: CoreSnapshot) -> Bool {
        manifests.loaded.topics.allSatisfy { manifest in
            manifest.subscriptions.allSatisfy { wanted in
                snapshot.subscriptions.contains { $0.name == wanted.name && $0.lags.count >= manifest.demoPartitions }
            }
        }
    }

    /// The endpoint at which nothing listened so far begins to answer.
    func bringUpEndpoint() async throws {
        try await run { [downReceiver] in try await downReceiver.run(onListening: $0) }
    }

    /// Starts a server and waits until it listens.
    private func run(_ serve: @escaping @Sendable (@escaping @Sendable (Int) -> Void) async throws -> Void) async throws {
        let (listening, continuation) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            defer { continuation.finish() }
            try await serve { _ in
                continuation.yield()
                continuation.finish()
            }
        }
        tasks.withLock { $0.append(task) }
        for await _ in listening { return }
        try await task.value
    }

    /// Lets the bridge finish what is in flight, commit and leave.
    func stopBridge() async {
        bridge.stop()
        for await _ in bridgeEnded {}
    }

    func stopServers() async {
        let all = tasks.withLock { $0 }
        for task in all { task.cancel() }
        for task in all { _ = await task.result }
    }

    /// The books, from what stands in Kafka and what the receivers saw. The bridge has stopped.
    func balance(_ tail: DemoTail) async throws -> DemoBalance {
        let deadline = ContinuousClock().now + .seconds(10)
        while try !tail.read() {
            guard ContinuousClock().now < deadline else { throw DemoError("the retry and dead-letter topics cannot be read to their ends") }
            try await Task.sleep(for: .milliseconds(50))
        }
        var cursors = [
            "_retry": try CommittedCursors.fetch(
                group: "\(configuration.group)._retry", topic: configuration.retryTopicName, partitions: configuration.retryTopic.lanes.count, kafka)
        ]
        for manifest in manifests.loaded.topics {
            for subscription in manifest.subscriptions {
                cursors[subscription.name] = try CommittedCursors.fetch(
                    group: "\(configuration.group).\(subscription.name)", topic: manifest.topic, partitions: manifest.demoPartitions, kafka)
            }
        }
        return DemoBalance(manifests.loaded.topics, ledger.copy, cursors: cursors)
    }

    func makeTail() throws -> DemoTail {
        try DemoTail(
            kafka, retry: (configuration.retryTopicName, configuration.retryTopic.lanes.count),
            deadLetters: deadLetterTopics.map { ($0, 1) }, ledger: ledger)
    }

    /// Ports that nothing uses, below those that the kernel gives to outgoing connections: one of them stays free for a while.
    private static func freePorts(_ count: Int) throws -> [Int] {
        var ports: [Int] = []
        for _ in 0..<1000 where ports.count < count {
            let port = Int.random(in: 20000..<32768)
            if !ports.contains(port), isFree(port) { ports.append(port) }
        }
        guard ports.count == count else { throw DemoError("no free ports on 127.0.0.1") }
        return ports
    }

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, FANFARE_SOCK_STREAM, 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 }
        }
    }
}
