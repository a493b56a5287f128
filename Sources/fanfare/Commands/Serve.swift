import ArgumentParser
import BridgeRuntime
import Dispatch
import Egress
import EventModel
import Glibc
import KafkaClient
import Logging
import Manifests
import OpsServer
import Signing

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs the bridge.",
        discussion: "SIGTERM finishes what is in flight, commits and leaves the group; a second one ends it at once.")

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        var (loaded, manifests) = try options.usableManifests()
        let findings = Bridge.validate(loaded.configuration)
        guard findings.isEmpty else {
            for finding in findings { printError("error: \(finding)") }
            throw ExitCode.wrongConfiguration
        }
        let levels = LogLevelSwitch(loaded.configuration.logging)
        let logger = Logger(levels, loaded.configuration.logging.format)
        for problem in loaded.problems + manifests.problems { logger.warning("\(problem)") }
        var cluster: EmbeddedCluster?
        if loaded.configuration.kafka.bootstrapServers == "embedded" {
            cluster = try EmbeddedCluster.forDevelopment(loaded, manifests)
            loaded.configuration.kafka.bootstrapServers = cluster!.bootstrapServers
            logger.warning("embedded Kafka: everything is lost with this process", metadata: ["bootstrapServers": "\(cluster!.bootstrapServers)"])
        }
        try await Self.run(loaded, manifests, logger, levels)
        withExtendedLifetime(cluster) {}
    }

    /// Runs until told to stop, or until the bridge cannot go on.
    static func run(_ loaded: LoadedConfiguration, _ manifests: LoadedManifests, _ logger: Logger, _ levels: LogLevelSwitch) async throws {
        let configuration = loaded.configuration
        raiseDescriptorLimit()
        let watcher = TopicsWatcher(
            since: manifests, folder: configuration.topics, configuration: configuration, defaults: loaded.defaults,
            environment: .process())
        let ownListeners = OwnListeners()
        let bridge = Bridge(configuration: configuration, manifests: manifests, watcher: watcher, ownListeners: ownListeners, logger: logger, levels: levels)
        // What goes wrong there is thrown; the rest of what an HTTP server logs is not for operators.
        var quiet = logger
        quiet.logLevel = .critical
        let receipts = configuration.receipts.index.enabled ? ReceiptIndexKeeper(bridge.kafka, configuration, log: logger) : nil
        let source = BridgeSource(bridge, receipts)
        let ops = try OpsServer(configuration.ops, source: source, logger: quiet)
        let keyServer = try configuration.ops.publicKeys.map {
            try PublicKeyServer(listen: $0.listen, logger: quiet) { bridge.publishedKeys }
        }
        let subscriptions = manifests.topics.reduce(0) { $0 + $1.subscriptions.count }
        logger.notice(
            "fanfare \(fanfareVersion)",
            metadata: [
                "librdkafka": "\(librdkafkaVersion)", "group": "\(configuration.group)", "bootstrapServers": "\(configuration.kafka.bootstrapServers)",
                "topics": "\(manifests.topics.count)", "subscriptions": "\(subscriptions)",
            ])
        let signals = Termination.onSignal {
            logger.notice("stopping: finishing what is in flight", metadata: ["grace": "\(configuration.shutdown.grace)"])
            source.desk.end()
            bridge.stop()
        }
        defer { signals.cancel() }
        // The ops server answers until the bridge has stopped, so that probes see the drain.
        let (ended, continuation) = AsyncStream.makeStream(of: Void.self)
        // Whether it ended because it was told to.
        let server = Task {
            do {
                try await answer(ops, keyServer, ownListeners, loaded, logger)
            } catch is CancellationError {
                // The bridge has ended, and they with it.
            } catch {
                logger.critical("\(error)")
                bridge.stop()
                return false
            }
            return true
        }
        bridge.start { continuation.finish() }
        receipts?.start()
        defer { receipts?.stop() }
        for await _ in ended {}
        await source.desk.waitForEnd()
        server.cancel()
        guard await server.value, bridge.failure == nil else { throw ExitCode.findings }
        logger.notice("stopped")
    }

    /// The HTTP servers of this process, until one cannot go on.
    private static func answer(
        _ ops: OpsServer, _ keyServer: PublicKeyServer?, _ ownListeners: OwnListeners, _ loaded: LoadedConfiguration, _ logger: Logger
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await ops.run(onListening: { port in
                    ownListeners.add(host: ops.address.host, port: UInt16(port))
                    logger.info("ops API", metadata: ["listen": "\(loaded.configuration.ops.listen)", "port": "\(port)"])
                })
            }
            group.addTask { try await watchTokens(loaded, ops, logger) }
            if let keyServer {
                group.addTask {
                    try await keyServer.run(onListening: { port in
                        ownListeners.add(host: keyServer.address.host, port: UInt16(port))
                        logger.info("public keys", metadata: ["listen": "\(keyServer.address)", "port": "\(port)"])
                    })
                }
            }
            try await group.waitForAll()
        }
    }
}

/// Every connection is a descriptor, and the usual soft limit of 1,024 is for programs that use `select`.
func raiseDescriptorLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(7 /* RLIMIT_NOFILE */), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(7), &limit)
}

/// Tokens that stand in files are taken from there anew when these change, until the task is cancelled.
private func watchTokens(_ loaded: LoadedConfiguration, _ ops: OpsServer, _ logger: Logger) async throws {
    var watcher = TokenWatcher(since: loaded, environment: .process())
    while true {
        try await Task.sleep(for: .seconds(1))
        switch watcher.reloadIfChanged() {
        case .tokens(let tokens):
            ops.install(tokens)
            logger.notice("tokens of the ops API reloaded", metadata: ["viewers": "\(tokens.viewers.count)", "operators": "\(tokens.operators.count)"])
        case .refused(let problems):
            for problem in problems { logger.error("\(problem)") }
            logger.error("the tokens of the ops API have errors: the old ones stay in force")
        case nil: break
        }
    }
}

extension Bridge {
    /// What receivers may know of what signs.
    var publishedKeys: [PublishedKey] {
        publicKeys.flatMap { entry in
            entry.keys.compactMap { key in
                guard let key = try? StandardWebhooks.PrivateKey(key.text).publicKey else { return nil }
                return PublishedKey(subscription: entry.subscription, text: key.text, x: key.base64URL, id: key.thumbprint)
            }
        }
    }
}

extension EmbeddedCluster {
    /// A cluster with the topics that the configuration needs, on free ports.
    static func forDevelopment(_ loaded: LoadedConfiguration, _ manifests: LoadedManifests) throws -> EmbeddedCluster {
        let retry = loaded.configuration.retryTopic
        var topics = manifests.topics.map { (name: $0.topic, partitions: $0.provisioning.partitions ?? 4) }
        for manifest in manifests.topics {
            for subscription in manifest.subscriptions where subscription.needsRepartitioning {
                topics.append((name: loaded.configuration.repartitionTopic(of: subscription.name), partitions: manifest.provisioning.partitions ?? 4))
            }
        }
        topics.append((name: loaded.configuration.retryTopicName, partitions: retry.lanes.count * retry.partitionsPerLane))
        topics.append((name: loaded.configuration.controlTopicName, partitions: 1))
        if loaded.configuration.receipts.enabled {
            topics.append((name: loaded.configuration.receiptsTopicName, partitions: WantedTopic.receiptsPartitions))
        }
        if loaded.configuration.notifications.enabled { topics.append((name: loaded.configuration.notificationsTopicName, partitions: 1)) }
        return try EmbeddedCluster(topics: topics)
    }
}
