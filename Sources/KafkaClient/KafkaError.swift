internal import CRDKafka

/// What librdkafka or a broker refused, with the sentence librdkafka said.
public struct KafkaError: Error, Sendable, Hashable, CustomStringConvertible {
    /// librdkafka's `rd_kafka_resp_err_t`; codes with a leading underscore are the client's own, the others a broker's.
    public struct Code: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
        public var rawValue: Int32

        public init(rawValue: Int32) { self.rawValue = rawValue }

        /// The C name without its prefix: `MSG_SIZE_TOO_LARGE`, `_QUEUE_FULL`.
        public var description: String { String(cString: rd_kafka_err2name(rd_kafka_resp_err_t(rawValue))) }

        public static func ~= (code: Code, error: KafkaError) -> Bool { error.code == code }
    }

    public var code: Code
    public var message: String
    /// The client that raised it is unusable: make a new one.
    public var isFatal: Bool
    /// Passing trouble (a broker is away, a leader moves, a queue is full): the same call may succeed later.
    public var isRetriable: Bool

    /// Without `message`, librdkafka's description of the code.
    public init(code: Code, message: String? = nil) {
        self.code = code
        self.message = message ?? String(cString: rd_kafka_err2str(rd_kafka_resp_err_t(code.rawValue)))
        isFatal = code == ._FATAL
        isRetriable = Code.retriable.contains(code)
    }

    public var description: String { "\(message) (\(code))" }

    /// The offset asked for does not exist any more, or not yet: choose another and start again there.
    public var isOffsetOutOfRange: Bool { code == ._AUTO_OFFSET_RESET || code == .OFFSET_OUT_OF_RANGE }

    /// The broker no longer counts this client as the member it claims to be.
    public var isFenced: Bool { Code.fenced.contains(code) }
}

extension KafkaError {
    init(_ code: rd_kafka_resp_err_t, _ message: String? = nil) {
        self.init(code: Code(rawValue: code.rawValue), message: message)
    }

    /// Takes the C object over.
    init(consuming error: OpaquePointer) {
        self.init(rd_kafka_error_code(error), String(cString: rd_kafka_error_string(error)))
        isFatal = rd_kafka_error_is_fatal(error) != 0
        isRetriable = isRetriable || rd_kafka_error_is_retriable(error) != 0
        rd_kafka_error_destroy(error)
    }

    /// Nil for "no error".
    static func unlessNone(_ code: rd_kafka_resp_err_t, _ message: @autoclosure () -> String? = nil) -> KafkaError? {
        code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaError(code, message())
    }

    /// Throws what a librdkafka function that returns an error object returned.
    static func check(_ error: OpaquePointer?) throws(KafkaError) {
        if let error { throw KafkaError(consuming: error) }
    }

    static func check(_ code: rd_kafka_resp_err_t, _ message: @autoclosure () -> String? = nil) throws(KafkaError) {
        if let error = unlessNone(code, message()) { throw error }
    }
}

/// The names are librdkafka's, so that they can be looked up in its manual and in Kafka's.
extension KafkaError.Code {
    public static let _TRANSPORT = Self(rawValue: RD_KAFKA_RESP_ERR__TRANSPORT.rawValue)
    public static let _RESOLVE = Self(rawValue: RD_KAFKA_RESP_ERR__RESOLVE.rawValue)
    public static let _UNKNOWN_PARTITION = Self(rawValue: RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION.rawValue)
    public static let _UNKNOWN_TOPIC = Self(rawValue: RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC.rawValue)
    public static let _ALL_BROKERS_DOWN = Self(rawValue: RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN.rawValue)
    public static let _INVALID_ARG = Self(rawValue: RD_KAFKA_RESP_ERR__INVALID_ARG.rawValue)
    public static let _TIMED_OUT = Self(rawValue: RD_KAFKA_RESP_ERR__TIMED_OUT.rawValue)
    public static let _QUEUE_FULL = Self(rawValue: RD_KAFKA_RESP_ERR__QUEUE_FULL.rawValue)
    public static let _MSG_TIMED_OUT = Self(rawValue: RD_KAFKA_RESP_ERR__MSG_TIMED_OUT.rawValue)
    public static let _WAIT_COORD = Self(rawValue: RD_KAFKA_RESP_ERR__WAIT_COORD.rawValue)
    public static let _AUTHENTICATION = Self(rawValue: RD_KAFKA_RESP_ERR__AUTHENTICATION.rawValue)
    public static let _NO_OFFSET = Self(rawValue: RD_KAFKA_RESP_ERR__NO_OFFSET.rawValue)
    public static let _AUTO_OFFSET_RESET = Self(rawValue: RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET.rawValue)
    public static let _FATAL = Self(rawValue: RD_KAFKA_RESP_ERR__FATAL.rawValue)
    public static let _FENCED = Self(rawValue: RD_KAFKA_RESP_ERR__FENCED.rawValue)

    public static let OFFSET_OUT_OF_RANGE = Self(rawValue: RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE.rawValue)
    public static let UNKNOWN_TOPIC_OR_PART = Self(rawValue: RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART.rawValue)
    public static let LEADER_NOT_AVAILABLE = Self(rawValue: RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE.rawValue)
    public static let NOT_LEADER_FOR_PARTITION = Self(rawValue: RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION.rawValue)
    public static let REQUEST_TIMED_OUT = Self(rawValue: RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT.rawValue)
    public static let MSG_SIZE_TOO_LARGE = Self(rawValue: RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE.rawValue)
    public static let OFFSET_METADATA_TOO_LARGE = Self(rawValue: RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE.rawValue)
    public static let NETWORK_EXCEPTION = Self(rawValue: RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION.rawValue)
    public static let COORDINATOR_LOAD_IN_PROGRESS = Self(
        rawValue: RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS.rawValue)
    public static let COORDINATOR_NOT_AVAILABLE = Self(rawValue: RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE.rawValue)
    public static let NOT_COORDINATOR = Self(rawValue: RD_KAFKA_RESP_ERR_NOT_COORDINATOR.rawValue)
    public static let NOT_ENOUGH_REPLICAS = Self(rawValue: RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS.rawValue)
    public static let NOT_ENOUGH_REPLICAS_AFTER_APPEND = Self(
        rawValue: RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND.rawValue)
    public static let ILLEGAL_GENERATION = Self(rawValue: RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION.rawValue)
    public static let UNKNOWN_MEMBER_ID = Self(rawValue: RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID.rawValue)
    public static let REBALANCE_IN_PROGRESS = Self(rawValue: RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS.rawValue)
    public static let FENCED_INSTANCE_ID = Self(rawValue: RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID.rawValue)
    public static let TOPIC_AUTHORIZATION_FAILED = Self(rawValue: RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED.rawValue)
    public static let TOPIC_ALREADY_EXISTS = Self(rawValue: RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS.rawValue)

    fileprivate static let retriable: Set<Self> = [
        ._TRANSPORT, ._RESOLVE, ._ALL_BROKERS_DOWN, ._TIMED_OUT, ._QUEUE_FULL, ._MSG_TIMED_OUT, ._WAIT_COORD,
        .LEADER_NOT_AVAILABLE, .NOT_LEADER_FOR_PARTITION, .REQUEST_TIMED_OUT, .NETWORK_EXCEPTION,
        .COORDINATOR_LOAD_IN_PROGRESS, .COORDINATOR_NOT_AVAILABLE, .NOT_COORDINATOR, .NOT_ENOUGH_REPLICAS,
        .NOT_ENOUGH_REPLICAS_AFTER_APPEND, .REBALANCE_IN_PROGRESS,
    ]

    fileprivate static let fenced: Set<Self> = [
        .ILLEGAL_GENERATION, .UNKNOWN_MEMBER_ID, .FENCED_INSTANCE_ID, ._FENCED,
    ]
}
