internal import CRDKafka

/// What every client may have to say besides its results.
public enum ClientNotice: Sendable, Equatable {
    /// Trouble that librdkafka goes on to cure by itself, such as an unreachable broker, unless `isFatal`.
    case failed(KafkaError)
    case log(LogLine)
    /// librdkafka's statistics as JSON, every `statistics.interval.ms`.
    case statistics(String)

    public struct LogLine: Sendable, Equatable {
        /// As in syslog: 3 error, 4 warning, 5 notice, 6 info, 7 debug.
        public var level: Int
        /// librdkafka's short name for the place, such as `FAIL`.
        public var facility: String
        public var text: String
    }
}

extension ClientNotice {
    /// Nil for events of other kinds, and for complaints about what Fanfare does on purpose.
    init?(event: OpaquePointer, of client: OpaquePointer) {
        switch rd_kafka_event_type(event) {
        case RD_KAFKA_EVENT_ERROR:
            let code = rd_kafka_event_error(event)
            guard code == RD_KAFKA_RESP_ERR__FATAL else {
                self = .failed(KafkaError(code, rd_kafka_event_error_string(event).map { String(cString: $0) }))
                return
            }
            self = .failed(Client.fatalError(of: client) ?? KafkaError(code))
        case RD_KAFKA_EVENT_LOG:
            var facility: UnsafePointer<CChar>?
            var text: UnsafePointer<CChar>?
            var level: Int32 = 0
            guard rd_kafka_event_log(event, &facility, &text, &level) == 0, let facility, let text else { return nil }
            let line = LogLine(level: Int(level), facility: String(cString: facility), text: String(cString: text))
            // The same properties go to consumers and producers; each finds some that are only the other's.
            if line.facility == "CONFWARN", line.text.contains("property and will be ignored by") { return nil }
            // The embedded cluster cannot be told to create no topics. Every Kafka since 0.11 can.
            if line.facility == "AUTOCREATE" { return nil }
            self = .log(line)
        case RD_KAFKA_EVENT_STATS:
            self = .statistics(String(cString: rd_kafka_event_stats(event)))
        default:
            return nil
        }
    }
}
