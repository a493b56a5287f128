internal import CRDKafka

/// The librdkafka that this process runs with. It is the system's, so it need not be the one of the build.
public var librdkafkaVersion: String { String(cString: rd_kafka_version_str()) }
