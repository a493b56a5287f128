internal import CRDKafka

/// What a client is for, and the settings that follow from it.
enum ClientRole {
    /// Takes part in the owner group and reads nothing itself.
    case member(group: String, instanceID: String?)
    /// Reads partitions that somebody else chose, at offsets that somebody else chose.
    case fetcher
    case producer
    /// Writes what may be lost.
    case lossyProducer
    /// Requests only.
    case admin
    /// Asks for offsets of groups and is in none. It has to have a group all the same: librdkafka asks for that group's coordinator when one
    /// for any group has moved, and without a group ends the process (librdkafka #5040).
    case groupReader(group: String)

    private var type: rd_kafka_type_t {
        switch self {
        case .member, .fetcher, .groupReader: RD_KAFKA_CONSUMER
        case .producer, .lossyProducer, .admin: RD_KAFKA_PRODUCER
        }
    }

    /// Applied before the user's properties, which may change them.
    private var defaults: [(String, String)] {
        let common = [
            ("client.id", "fanfare"),
            // New topics and partitions are seen within this time.
            ("topic.metadata.refresh.interval.ms", "10000"),
            ("socket.keepalive.enable", "true"),
            ("reconnect.backoff.max.ms", "2000"),
        ]
        // Summed up for the metrics.
        let observed = common + [("statistics.interval.ms", "10000")]
        switch self {
        case .admin, .groupReader: return common
        case .member: return observed
        case .fetcher:
            return observed + [
                // How long an idle fetch is held; some brokers wait it out although records arrived.
                ("fetch.wait.max.ms", "50"),
                ("fetch.error.backoff.ms", "200"),
                // Per partition, as compressed as it is stored: what one fetch adds to a queue is several times that.
                ("fetch.message.max.bytes", "\(256 << 10)"),
                ("fetch.max.bytes", "\(8 << 20)"),
                // Per partition: a queue that is not read fills up to here and its fetching stops. It is beside the memory
                // for records, and no slower than twice as much (make bench).
                ("queued.max.messages.kbytes", "1024"),
                ("queued.min.messages", "1000000"),
                ("isolation.level", "read_committed"),
            ]
        case .producer:
            return observed + [
                ("linger.ms", "5"),
                // The broker decides what is too large.
                ("message.max.bytes", "10000000"),
                ("queue.buffering.max.kbytes", "65536"),
                ("queue.buffering.max.messages", "100000"),
                ("compression.type", "lz4"),
            ]
        case .lossyProducer:
            return common + [
                // Few requests, and records that wait are still in the cache when they are written.
                ("linger.ms", "20"),
                ("compression.type", "lz4"),
            ]
        }
    }

    /// Applied last.
    private var owned: [(String, String)] {
        let common = [("log.queue", "true")]
        switch self {
        case .member(let group, let instanceID):
            return common + [
                ("group.id", group),
                ("partition.assignment.strategy", "cooperative-sticky"),
                ("enable.auto.commit", "false"),
                ("enable.auto.offset.store", "false"),
                ("auto.offset.reset", "error"),
            ] + (instanceID.map { [("group.instance.id", $0)] } ?? [])
        case .fetcher:
            return common + [
                ("enable.auto.commit", "false"),
                ("enable.auto.offset.store", "false"),
                ("auto.offset.reset", "error"),
                ("enable.partition.eof", "true"),
            ]
        case .producer:
            return common + [
                ("enable.idempotence", "true"),
                ("acks", "all"),
                // Waits for ever: a record that cannot be written keeps its event unsettled.
                ("message.timeout.ms", "0"),
                // With a second request under way, librdkafka takes the second's success for the first's too, although the
                // first was refused (NOT_ENOUGH_REPLICAS): right where the broker checks the order of sequence numbers, but
                // a broker that knows nothing of a producer yet takes any first number, and the first request is lost.
                ("max.in.flight.requests.per.connection", "1"),
            ]
        case .lossyProducer:
            return common + [
                // No producer of that kind can fail for good, and nobody has to replace it.
                ("enable.idempotence", "false"),
                ("acks", "all"),
                ("max.in.flight.requests.per.connection", "1"),
                // Successes are nobody's business, and cost as much as the records.
                ("delivery.report.only.error", "true"),
                ("message.timeout.ms", "60000"),
                ("queue.buffering.max.kbytes", "8192"),
                ("queue.buffering.max.messages", "50000"),
            ]
        case .admin: return common
        case .groupReader(let group):
            return common + [("group.id", group), ("enable.auto.commit", "false"), ("enable.auto.offset.store", "false")]
        }
    }

    private var events: Int32 {
        let common = RD_KAFKA_EVENT_LOG | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS
        return switch self {
        case .member: common | RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT
        case .producer, .lossyProducer: common | RD_KAFKA_EVENT_DR
        case .fetcher, .admin, .groupReader: common
        }
    }

    /// A user's property that this kind of client would misunderstand.
    private func skips(_ name: String) -> Bool {
        switch self {
        // librdkafka demands fetch.max.bytes >= message.max.bytes, which only a producer needs.
        case .member, .fetcher, .groupReader: name == "message.max.bytes"
        default: false
        }
    }

    /// A new client. Without `connecting` it has no brokers and can only show that its properties are valid.
    func makeHandle(for configuration: KafkaConfiguration, connecting: Bool = true) throws(KafkaError) -> OpaquePointer {
        var settings = ConfigurationObject()
        for (name, value) in defaults { try settings.set(name, value) }
        for property in configuration.properties where !skips(property.name) {
            try settings.set(property.name, property.value)
        }
        for (name, value) in owned { try settings.set(name, value) }
        if connecting { try settings.set("bootstrap.servers", configuration.bootstrapServers) }
        settings.enable(events: events)
        return try settings.makeHandle(type, tokens: connecting ? configuration.tokens : nil)
    }
}

/// Owner of an `rd_kafka_conf_t` until a client takes it over.
struct ConfigurationObject: ~Copyable {
    private let pointer: OpaquePointer

    init() { pointer = rd_kafka_conf_new() }

    deinit { rd_kafka_conf_destroy(pointer) }

    mutating func set(_ name: String, _ value: String) throws(KafkaError) {
        var text = [CChar](repeating: 0, count: 512)
        guard rd_kafka_conf_set(pointer, name, value, &text, text.count) == RD_KAFKA_CONF_OK else {
            throw KafkaError(code: ._INVALID_ARG, message: "\(name): \(sentence(text))")
        }
    }

    mutating func enable(events: Int32) { rd_kafka_conf_set_events(pointer, events) }

    /// Without it librdkafka prints to the standard error stream.
    mutating func silence() { rd_kafka_conf_set_log_cb(pointer, nil) }

    /// > The rd_kafka_conf_t object is freed by this function on success
    ///
    /// - Parameter tokens: for OAUTHBEARER; the client is to be destroyed by `ClientTokens.release` then.
    consuming func makeHandle(_ type: rd_kafka_type_t, tokens: (any BearerTokenSource)? = nil) throws(KafkaError) -> OpaquePointer {
        let clientTokens = tokens.map(ClientTokens.init)
        clientTokens?.prepare(pointer)
        var text = [CChar](repeating: 0, count: 512)
        guard let handle = rd_kafka_new(type, pointer, &text, text.count) else {
            _ = consume self
            throw KafkaError(code: ._INVALID_ARG, message: sentence(text))
        }
        discard self
        try clientTokens?.start(handle)
        return handle
    }
}

func sentence(_ text: [CChar]) -> String {
    String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}
