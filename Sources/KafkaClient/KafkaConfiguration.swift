internal import CRDKafka

/// Where the cluster is and what the user sets on librdkafka.
public struct KafkaConfiguration: Sendable {
    public var bootstrapServers: String
    /// librdkafka's own property names and values (`security.protocol`, `sasl.*`, `ssl.*`, ...).
    public var properties: [(name: String, value: String)]
    /// For `sasl.mechanisms: OAUTHBEARER`. All clients that are made with it share its tokens.
    public var tokens: (any BearerTokenSource)?

    public init(bootstrapServers: String, properties: [(String, String)] = [], tokens: (any BearerTokenSource)? = nil) {
        self.bootstrapServers = bootstrapServers
        self.properties = properties.map { (name: $0.0, value: $0.1) }
        self.tokens = tokens
    }

    /// Checks every property for all kinds of clients as librdkafka itself checks them, without a connection.
    ///
    /// Also refuses what would break Fanfare's contract. Asks for no token. Throws one error, whose message begins with the property's name.
    /// Takes some milliseconds: clients are made and destroyed, because librdkafka checks combinations, certificates and
    /// mechanisms only then.
    public func validate() throws(KafkaError) {
        for property in properties {
            if let reason = OwnedProperty.reasonToRefuse(property.name, property.value) {
                throw KafkaError(code: ._INVALID_ARG, message: "\(property.name): \(reason)")
            }
        }
        guard !bootstrapServers.isEmpty else {
            throw KafkaError(code: ._INVALID_ARG, message: "bootstrapServers: must name at least one broker, host:port")
        }
        for role in [ClientRole.member(group: "validate", instanceID: nil), .fetcher, .producer, .lossyProducer, .admin] {
            let handle = try role.makeHandle(for: self, connecting: false)
            rd_kafka_destroy(handle)
        }
    }
}

/// Properties that Fanfare sets itself, because its contract hangs on them.
enum OwnedProperty {
    /// Nil when the user may set it.
    static func reasonToRefuse(_ name: String, _ value: String) -> String? {
        if let reason = reasons[name] { return reason }
        switch name {
        case "enable.idempotence" where value != "true":
            return "must stay true: without it a retried record could stand twice in the retry or dead-letter topic"
        case "acks", "request.required.acks":
            return value == "all" || value == "-1"
                ? nil : "must stay all: an event counts as settled once its retry or dead-letter record is on all replicas"
        case "delivery.report.only.error" where value != "false":
            return "must stay false: events are settled by the reports of success"
        case "partitioner_cb", "oauthbearer_token_refresh_cb", "socket_cb", "open_cb", "connect_cb", "closesocket_cb":
            return "is a function pointer and cannot be set in a file"
        case _ where name.hasPrefix("test.mock."):
            return "is for librdkafka's own tests; bootstrapServers \"embedded\" starts a cluster inside the process"
        default:
            return nil
        }
    }

    private static let commits =
        "is Fanfare's own: an offset is committed when its event is delivered, never because it was read"
    private static let retries =
        "is Fanfare's own: a retry or dead-letter record is sent until the broker takes it, or the event stays unsettled"
    private static let oneRequest =
        "is Fanfare's own (1 for its producer): with more, a retry or dead-letter record could count as written that is not"
    private static let plumbing = "is Fanfare's own: its event loops read librdkafka's queues"

    private static let reasons: [String: String] = [
        "bootstrap.servers": "is set by bootstrapServers",
        "metadata.broker.list": "is set by bootstrapServers",
        "group.id": "is set by group",
        "group.instance.id": "is set by Fanfare's instance id, one for each of its consumers",
        "group.protocol.type": "must stay consumer",
        "enable.auto.commit": commits,
        "auto.commit.enable": commits,
        "auto.commit.interval.ms": commits,
        "enable.auto.offset.store": commits,
        "offset.store.method": commits,
        "offset.store.path": commits,
        "offset.store.sync.interval.ms": commits,
        "partition.assignment.strategy":
            "is Fanfare's own (cooperative-sticky): the partitions that stay must go on while others move",
        "auto.offset.reset": "is decided for each subscription by its start; a lost offset is reported, never jumped over",
        "enable.partition.eof": plumbing,
        "log.queue": plumbing,
        "enabled_events": plumbing,
        "message.timeout.ms": retries,
        "delivery.timeout.ms": retries,
        "retries": retries,
        "message.send.max.retries": retries,
        "transactional.id": "is not used: settled events are tracked by cursors, not by transactions",
        "enable.gapless.guarantee": retries,
        "max.in.flight.requests.per.connection": oneRequest,
        "max.in.flight": oneRequest,
    ]
}
