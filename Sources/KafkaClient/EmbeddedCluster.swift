internal import CRDKafka

/// A Kafka cluster in this process: librdkafka's mock brokers, for demonstrations, development and tests.
///
/// Everything is in memory and ends with the object; each partition keeps about 5 MiB. Topics that a client asks for and
/// that do not exist come into being with four partitions. There is no admin API for topics; use `createTopic`.
/// `session.timeout.ms` must be at least 4000, and a rebalance takes about that long. All calls may come from any thread.
public final class EmbeddedCluster: @unchecked Sendable {
    // Sendable: the mock cluster's functions hand their work to its own thread, and nothing here changes after `init`.
    private let client: OpaquePointer
    private let cluster: OpaquePointer
    public let brokerCount: Int

    /// `127.0.0.1:port` of each broker.
    public var bootstrapServers: String { String(cString: rd_kafka_mock_cluster_bootstraps(cluster)) }

    /// - Parameter port: Of the first broker, the others follow; nil for any free ones.
    public init(brokers: Int = 1, port: UInt16? = nil, topics: [(name: String, partitions: Int)] = []) throws(KafkaError) {
        var settings = ConfigurationObject()
        settings.silence()
        client = try settings.makeHandle(RD_KAFKA_PRODUCER)
        let (made, gotAll) = Self.make(brokers, port, client)
        guard let made else {
            rd_kafka_destroy(client)
            throw KafkaError(code: ._INVALID_ARG, message: "cannot start \(brokers) embedded brokers")
        }
        cluster = made
        brokerCount = brokers
        if let port { try checkPorts(from: port, gotAll) }
        // Somebody may be waiting for these ports, and his first question would create a topic with other partitions.
        takeDown()
        for (name, partitions) in topics { try createTopic(name, partitions: partitions) }
        bringUp()
    }

    private func checkPorts(from port: UInt16, _ gotAll: Bool) throws(KafkaError) {
        guard gotAll else {
            throw KafkaError(
                code: ._INVALID_ARG,
                message: "cannot start \(brokerCount) embedded brokers from port \(port): something is listening there, or "
                    + "the port is not allowed")
        }
        guard bootstrapServers.hasPrefix("127.0.0.1:\(port)") else {
            // Better than to listen where nobody looks.
            throw KafkaError(
                code: ._INVALID_ARG,
                message: "embedded brokers cannot choose their port in this program: it must be linked with "
                    + "--export-dynamic-symbol=bind")
        }
    }

    private static func make(_ brokers: Int, _ port: UInt16?, _ client: OpaquePointer) -> (OpaquePointer?, gotAll: Bool) {
        let start = { rd_kafka_mock_cluster_new(client, Int32(brokers)) }
        guard let port else { return (start(), true) }
        return FixedPort.assigning(from: port, start)
    }

    deinit {
        rd_kafka_mock_cluster_destroy(cluster)
        rd_kafka_destroy(client)
    }

    public func createTopic(_ name: String, partitions: Int) throws(KafkaError) {
        let status = rd_kafka_mock_topic_create(cluster, name, Int32(partitions), Int32(brokerCount))
        try KafkaError.check(status, "cannot create topic \"\(name)\" with \(partitions) partitions")
    }
}

/// Faults on demand. Brokers count from 1.
extension EmbeddedCluster {
    /// Kafka's request kinds by their number in the protocol.
    public enum Request: Int16, CaseIterable, Sendable {
        case produce = 0
        case fetch = 1
        case listOffsets = 2
        case metadata = 3
        case offsetCommit = 8
        case offsetFetch = 9
        case findCoordinator = 10
        case joinGroup = 11
        case heartbeat = 12
        case leaveGroup = 13
        case syncGroup = 14
        case initProducerID = 22
    }

    /// Closes the broker's connections and accepts none; all brokers when nil.
    public func takeDown(broker: Int? = nil) { forEach(broker) { rd_kafka_mock_broker_set_down(cluster, $0) } }

    /// Accepts connections again, on the same port.
    public func bringUp(broker: Int? = nil) { forEach(broker) { rd_kafka_mock_broker_set_up(cluster, $0) } }

    /// How long an answer takes at least.
    public func setRoundTripTime(milliseconds: Int, broker: Int? = nil) {
        forEach(broker) { rd_kafka_mock_broker_set_rtt(cluster, $0, Int32(milliseconds)) }
    }

    /// The next `count` requests of that kind fail with this code.
    public func fail(_ request: Request, with code: KafkaError.Code, count: Int = 1) {
        let codes = [rd_kafka_resp_err_t](repeating: rd_kafka_resp_err_t(code.rawValue), count: count)
        rd_kafka_mock_push_request_errors_array(cluster, request.rawValue, count, codes)
    }

    /// Takes back what `fail` has left.
    public func stopFailing(_ request: Request) { rd_kafka_mock_clear_request_errors(cluster, request.rawValue) }

    public func setLeader(of partition: TopicPartition, to broker: Int) throws(KafkaError) {
        try KafkaError.check(
            rd_kafka_mock_partition_set_leader(cluster, partition.topic, partition.partition, Int32(broker)))
    }

    public func setCoordinator(ofGroup group: String, to broker: Int) throws(KafkaError) {
        try KafkaError.check(rd_kafka_mock_coordinator_set(cluster, "group", group, Int32(broker)))
    }

    /// Answers about this topic carry the code until it is set to nil.
    public func setError(_ code: KafkaError.Code?, ofTopic topic: String) {
        rd_kafka_mock_topic_set_error(cluster, topic, rd_kafka_resp_err_t(code?.rawValue ?? 0))
    }

    private func forEach(_ broker: Int?, _ body: (Int32) -> rd_kafka_resp_err_t) {
        for number in broker.map({ $0...$0 }) ?? 1...brokerCount {
            precondition((1...brokerCount).contains(number), "the cluster has brokers 1 to \(brokerCount), not \(number)")
            _ = body(Int32(number))
        }
    }
}
