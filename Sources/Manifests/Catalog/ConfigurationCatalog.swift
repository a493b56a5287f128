internal import EventModel

/// What `fanfare.yaml` holds.
struct ConfigurationDraft: Sendable {
    var bridge = BridgeConfiguration()
    /// What every subscription begins with; name, topic and endpoint are empty.
    var defaults = SubscriptionCatalog.prototype
}

/// The keys of `fanfare.yaml`.
enum ConfigurationCatalog {
    static let root = Section<ConfigurationDraft>(ConfigurationDraft(), [
        .value("group", \.bridge.group, groupName,
            "Owns the partitions; prefix of every cursor's group name. Replicas of one bridge share it."),
        .section("kafka", \.bridge.kafka, kafka, "The Kafka cluster."),
        .value("topics", \.bridge.topics, .text, "Folder of topic manifests, watched and reloaded."),
        .undefaulted("origin", \.bridge.origin, .optional(origin),
            "The name by which endpoints with handshake: true know this bridge, such as events.example.com."),
        .value("commitInterval", \.bridge.commitInterval, .duration(.milliseconds(10) ... .minutes(1)),
            "How often cursors are committed at most."),
        .section("retryTopic", \.bridge.retryTopic, retryTopic, "The topic in which events wait for their next attempt."),
        .section("deadLetter", \.bridge.deadLetter, deadLetter, "Where events go that are given up."),
        .section("control", \.bridge.control, control, "The compacted topic that holds what operators change at run time."),
        .section("notifications", \.bridge.notifications, notifications, "What happens to the bridge, as events in a topic of its own."),
        .optionalSection("schemaRegistry", \.bridge.schemaRegistry, BridgeConfiguration.SchemaRegistry(), SchemaRegistryCatalog.section,
            "Where the schemas are that values in Confluent's wire format were written with."),
        .section("receipts", \.bridge.receipts, receipts, "The audit log: one record per attempt."),
        .section("limits", \.bridge.limits, limits, "What the process may use."),
        .section("egress", \.bridge.egress, egress, "Where deliveries may go."),
        .section("ops", \.bridge.ops, ops, "Probes, metrics, console and the ops API."),
        .section("tracing", \.bridge.tracing, TracingCatalog.section, "Traces of deliveries."),
        .section("logging", \.bridge.logging, logging, "The log on standard error."),
        .section("shutdown", \.bridge.shutdown, shutdown, "How the bridge ends."),
        .section("defaults", \.defaults, SubscriptionCatalog.section,
            "A subscription's keys, for all subscriptions. A subscription's own keys come over them, one by one; lists are replaced."),
    ])

    static let kafka = Section<BridgeConfiguration.Kafka>(BridgeConfiguration().kafka, [
        .value("bootstrapServers", \.bootstrapServers, bootstrapServers,
            "Brokers to begin with, separated by commas; or `embedded`: an in-process cluster for development."),
        .fields("properties", \.properties, properties,
            "Any librdkafka property (security.protocol, sasl.*, ssl.*), checked at the start."),
        .optionalSection("oauth", \.oauth, BridgeConfiguration.OAuth(), KafkaTokensCatalog.section,
            "Where the tokens of sasl.mechanisms: OAUTHBEARER come from: a command, or a token endpoint."),
    ])

    static let retryTopic = Section<BridgeConfiguration.RetryTopic>(BridgeConfiguration().retryTopic, [
        .value("name", \.name, topicPattern(["group"]), "The topic's name; {group} stands for the group."),
        .value("lanes", \.lanes, lanes, "Nominal delays, ascending; each lane has partitions of its own."),
        .value("partitionsPerLane", \.partitionsPerLane, .count(1...1000), "Partitions per lane."),
        .value("replicationFactor", \.replicationFactor, .count(1...32767), "For `fanfare apply`."),
    ])

    static let deadLetter = Section<BridgeConfiguration.DeadLetter>(BridgeConfiguration().deadLetter, [
        .value("topic", \.topic, topicPattern(["topic", "group"]),
            "The dead-letter topic's name; {topic} stands for the source topic, {group} for the group."),
        .value("replicationFactor", \.replicationFactor, .count(1...32767), "For `fanfare apply`."),
    ])

    static let control = Section<BridgeConfiguration.Control>(BridgeConfiguration().control, [
        .value("topic", \.topic, topicPattern(["group"]), "The topic's name; {group} stands for the group."),
    ])

    static let notifications = Section<BridgeConfiguration.Notifications>(BridgeConfiguration().notifications, [
        .value("enabled", \.enabled, .flag, "Whether they are published."),
        .value("topic", \.topic, topicPattern(["group"]), "The topic's name; {group} stands for the group."),
        .value("deadLetters", \.deadLetters, .count(1...1_000_000),
            "How many dead letters of a subscription within a minute are worth a notification, counted by each replica."),
    ])

    static let receipts = Section<BridgeConfiguration.Receipts>(BridgeConfiguration().receipts, [
        .value("topic", \.topic, topicPattern(["group"]), "The topic's name; {group} stands for the group."),
        .value("enabled", \.enabled, .flag, "Whether attempts are recorded."),
        .value("sample", \.sample, .number(0...1),
            "The share of events whose attempts are recorded, by a hash of their ids; attempts that fail always are."),
        .section("index", \.index, receiptIndex, "A copy of the topic in a file of each replica, by which the API and the console answer questions about attempts."),
    ])

    static let receiptIndex = Section<BridgeConfiguration.Receipts.Index>(BridgeConfiguration().receipts.index, [
        .value("enabled", \.enabled, .flag, "Whether there is one."),
        .value("path", \.path, .text, "Its file, in a folder that is there; an SQLite database."),
        .value("maxAge", \.maxAge, .duration(.minutes(1) ... .days(3650)), "Older receipts are deleted from it."),
        .value("maxBytes", \.maxBytes, .size((1 << 20)...(1 << 40)), "The size of the file, above which the oldest receipts are deleted from it."),
    ])

    static let limits = Section<BridgeConfiguration.Limits>(BridgeConfiguration().limits, [
        .value("recordMemory", \.recordMemory, .size((1 << 20)...(1 << 40)),
            "Bytes of records that the process holds, over all partitions and subscriptions."),
        .value("ring", \.ring, .size((1 << 10)...(1 << 40)), "Bytes of recent records per partition."),
        .value("shards", \.shards, shards, "Engine threads; auto is one per core."),
        .value("maxInFlight", \.maxInFlight, .count(1...1_000_000), "Requests in flight at once in the process."),
    ])

    static let egress = Section<BridgeConfiguration.Egress>(BridgeConfiguration().egress, [
        .value("allowHTTP", \.allowHTTP, .flag, "Allows endpoints without TLS."),
        .value("allowPrivate", \.allowPrivate, .flag, "Allows private, loopback and link-local addresses."),
        .value("allow", \.allow, hostPatterns, "Hosts (also *.suffix), addresses or CIDR ranges that are allowed in any case."),
        .value("deny", \.deny, hostPatterns, "Hosts (also *.suffix), addresses or CIDR ranges that are never allowed."),
        .value("allowPorts", \.allowPorts, .list("a list of ports such as [444]", of: .count(1...1023), count: 0...1023),
            "Ports below 1024 that endpoints may have beside 80 and 443."),
        .undefaulted("proxy", \.proxy, .optional(proxy),
            "What all deliveries go through: http://host:port or socks5h://host:port, with credentials if it asks for them. It looks the endpoints' names up."),
    ])

    static let ops = Section<BridgeConfiguration.Ops>(BridgeConfiguration().ops, [
        .value("listen", \.listen, listenAddress, "Address and port; port 0 takes a free one."),
        .optionalSection("publicKeys", \.publicKeys, BridgeConfiguration.Ops.PublicKeys(), publicKeys,
            "A listener of its own that serves the public keys of ed25519 signatures, for receivers."),
        .section("tokens", \.tokens, TokenCatalog.section, "Who may call the API; without any, only callers on this machine."),
        .section("rateLimit", \.rateLimit, opsRateLimit, "Limit of requests of one token, and of one address without a token."),
        .section("subscriptions", \.subscriptions, opsSubscriptions, "What subscriptions that come through the API may do."),
    ])

    static let opsSubscriptions = Section<BridgeConfiguration.Ops.Subscriptions>(BridgeConfiguration.Ops.Subscriptions(), [
        .undefaulted("folder", \.folder, .optional(.text), "Folder of the files, secrets above all, that they may refer to: ${file:NAME}. Without it they may refer to none."),
        .undefaulted("perTenant", \.perTenant, .optional(.count(1...1_000_000)), "How many may have the same label tenant."),
    ])

    static let opsRateLimit = Section<RateLimit>(BridgeConfiguration().ops.rateLimit, SubscriptionCatalog.rateLimitKeys)

    static let publicKeys = Section<BridgeConfiguration.Ops.PublicKeys>(BridgeConfiguration.Ops.PublicKeys(), [
        .required("listen", \.listen, listenAddress, "Address and port; port 0 takes a free one.", example: "listen: 0.0.0.0:8081"),
    ])

    static let logging = Section<BridgeConfiguration.Logging>(BridgeConfiguration().logging, [
        .value("level", \.level,
            .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"].map { ($0, $0) }) { $0 },
            "The least severe messages that are logged."),
        .value("format", \.format, .choice, "For people or for machines."),
    ])

    static let shutdown = Section<BridgeConfiguration.Shutdown>(BridgeConfiguration().shutdown, [
        .value("grace", \.grace, .duration(.zero ... .hours(1)),
            "How long in-flight deliveries may take to finish at the end, and when a partition moves to another replica."),
    ])

    // MARK: Shapes

    /// Topic names are made of it, so it may hold what they may hold.
    private static let groupName = Shape<String>.text(
        "a group name (letters, digits, ., _ and -, at most 128)", pattern: "[A-Za-z0-9._-]{1,128}"
    ) { Names.isTopic($0) && $0.utf8.count <= 128 ? .value(()) : .unexpected }

    private static let origin = Shape<String>.text("a DNS name such as events.example.com", pattern: "[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?") {
        Endpoints.isHostAndPort($0[...], needsPort: false) && !$0.contains(":") ? .value(()) : .unexpected
    }

    private static func topicPattern(_ placeholders: [String]) -> Shape<String> {
        .text(Names.topicExpectation) { Names.checkTopicPattern($0, placeholders: placeholders) }
    }

    private static let bootstrapServers = Shape<String>.text(
        "host:port, several separated by commas, or embedded"
    ) { text in
        if text == "embedded" { return .value(()) }
        let servers = text.split(separator: ",", omittingEmptySubsequences: false)
        return servers.allSatisfy { isBroker($0.trimmingSpaces()[...]) } ? .value(()) : .unexpected
    }

    /// librdkafka also takes a protocol in front: `SSL://broker:9093`.
    private static func isBroker(_ text: Substring) -> Bool {
        let address = text.firstRange(of: "://").map { text[$0.upperBound...] } ?? text
        return Endpoints.isHostAndPort(address, needsPort: false)
    }

    private static let properties = Shape<[HeaderField]>.fields(
        "a mapping of librdkafka properties, such as security.protocol: SSL", separator: "."
    ) { name, node, _, path, reader in
        let owners = ["bootstrap.servers": "kafka.bootstrapServers", "metadata.broker.list": "kafka.bootstrapServers", "group.id": "group"]
        if name.isEmpty { reader.error(node.position, path, "a property without a name") }
        if let key = owners[name] { reader.error(node.position, path, "set the key \(key) instead") }
        reader.remember(path, node.position)
    }

    private static let lanes: Shape<[TimeSpan]> = {
        let list = Shape<[TimeSpan]>.list(
            "a list of durations such as [1s, 30s, 10m]", of: .duration(.milliseconds(1) ... .days(30)), count: 1...64)
        return Shape(schema: list.schema, form: list.form, read: { node, path, reader in
            guard let lanes = list.read(node, path, &reader) else { return nil }
            guard zip(lanes, lanes.dropFirst()).allSatisfy(<) else {
                reader.error(node.position, path, "must be ascending, each delay longer than the one before")
                return nil
            }
            return lanes
        }, show: list.show)
    }()

    private static let shards = Shape<Int?>.scalar(
        "auto or a whole number", .any, schema: .orInterpolated(["anyOf": [["const": "auto"], ["type": "integer", "minimum": 1, "maximum": 1024]]])
    ) { text in
        if text == "auto" { return .value(nil) }
        guard let number = Int(text) else { return .unexpected }
        return (1...1024).contains(number) ? .value(number) : .outside("between 1 and 1024, or auto")
    } show: { $0.map { .int($0) } ?? "auto" }

    private static let hostPatterns = Shape<[String]>.list(
        "a list such as [hooks.example.com, \"*.example.org\", 10.1.0.0/16]",
        of: .text("a host name, *.suffix, an address or a CIDR range") { Endpoints.isHostPattern($0) ? .value(()) : .unexpected },
        count: 0...10_000)

    /// A secret as far as messages go: a password may stand in it.
    private static let proxy = Shape<String>.scalar(
        "a URL such as http://proxy.example.com:3128 or socks5h://proxy.example.com:1080", .text, isSecret: true, schema: ["type": "string"]
    ) { url in
        guard let scheme = url.firstRange(of: "://") else { return .unexpected }
        switch url[..<scheme.lowerBound] {
        case "http", "socks5h": break
        case "socks5": return .wrong("must begin with socks5h://: the proxy looks names up")
        default: return .wrong("must begin with http:// or socks5h://")
        }
        var authority = url[scheme.upperBound...]
        if authority.last == "/" { authority = authority.dropLast() }
        let host = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        let isPlain = url.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } && !authority.contains { "/?#".contains($0) }
        guard isPlain, Endpoints.isHostAndPort(host, needsPort: true) else {
            return .wrong("must be a host and a port after the scheme, and before them perhaps user:password@, percent-encoded")
        }
        return .value(url)
    } show: { _ in .null }

    private static let listenAddress = Shape<String>.text("an address and port such as 127.0.0.1:8080 or [::]:8080") {
        Endpoints.isHostAndPort($0[...], needsPort: true, lowestPort: 0) ? .value(()) : .unexpected
    }
}
