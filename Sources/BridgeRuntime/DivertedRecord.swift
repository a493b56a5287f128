import DeliveryCore
import EventModel
import KafkaClient

/// A record for the retry or the dead-letter topic: key, value and headers of the original, and our bookkeeping.
struct DivertedRecord {
    /// Where the event came from originally.
    struct Source {
        var subscription: String
        var topic: String
        var partition: Int32
        var offset: Int64
        var timestamp: Int64
    }

    /// Of an outcome that this diversion does not bring itself: a retry record that only changes lanes keeps them.
    private static let kept: Set<String> = [
        "fanfare-last-attempt", "fanfare-error-kind", "fanfare-error-status", "fanfare-error-message",
    ]

    /// Of a retry record that an operator's command wrote.
    private static let ofCommands: Set<String> = ["fanfare-asked", "fanfare-replay"]

    /// Headers of the same name are replaced, never piled up; all others stay, in their order.
    static func headers(_ diversion: DiversionView, of record: KafkaRecord, source: Source, message: String) -> HeaderList {
        var list = HeaderList()
        let keepsOutcome = diversion.kind == nil
        let message = oneLine(message)
        var hasRedrives = false
        var oldError = ""
        record.headers.forEach { header in
            let name = String(decoding: header.name, as: UTF8.self)
            if name == "fanfare-error-message", let value = header.value { oldError = String(decoding: value, as: UTF8.self) }
            if name == "fanfare-redrives" { hasRedrives = true }
            guard BookkeepingHeaders.names.contains(name) else { return list.append(name: header.name, value: header.value) }
            let isOfCommand = diversion.item.isRetryRecord && ofCommands.contains(name)
            if (keepsOutcome && kept.contains(name)) || name == "fanfare-redrives" || name == "fanfare-reference" || isOfCommand {
                list.append(name: header.name, value: header.value)
            }
        }
        list.append(name: "fanfare-subscription", value: source.subscription)
        list.append(name: "fanfare-topic", value: source.topic)
        list.append(name: "fanfare-partition", value: String(source.partition))
        list.append(name: "fanfare-offset", value: String(source.offset))
        list.append(name: "fanfare-timestamp", value: String(source.timestamp))
        list.append(name: "fanfare-attempt", value: String(diversion.attempts))
        list.append(name: "fanfare-retries", value: String(diversion.retries))
        if let first = diversion.firstAttempt { list.append(name: "fanfare-first-attempt", value: first.rfc3339) }
        if let kind = diversion.kind {
            if let last = diversion.lastAttempt { list.append(name: "fanfare-last-attempt", value: last.rfc3339) }
            list.append(name: "fanfare-error-kind", value: kind.rawValue)
            if diversion.status > 0 { list.append(name: "fanfare-error-status", value: String(diversion.status)) }
            list.append(name: "fanfare-error-message", value: message)
        }
        if diversion.byReference { list.append(name: "fanfare-reference", value: "true") }
        switch diversion.target {
        case .retry(_, let due):
            // The clock is read in whole milliseconds, rounded down, and due times must not be early by the rest.
            list.append(name: "fanfare-due", value: String(due.milliseconds + 1))
        case .deadLetter:
            if !hasRedrives { list.append(name: "fanfare-redrives", value: "0") }
            appendForeign(to: &list, source, message: keepsOutcome ? oldError : message)
        }
        return list
    }

    /// The names and encodings that other tools read: Spring Kafka's `DeadLetterPublishingRecoverer` writes numbers as
    /// big-endian integers, Kafka Connect's `DeadLetterQueueReporter` as text.
    private static func appendForeign(to list: inout HeaderList, _ source: Source, message: String) {
        list.append(name: "kafka_dlt-original-topic", value: source.topic)
        withUnsafeBytes(of: source.partition.bigEndian) { list.append(name: "kafka_dlt-original-partition" as StaticString, value: $0) }
        withUnsafeBytes(of: source.offset.bigEndian) { list.append(name: "kafka_dlt-original-offset" as StaticString, value: $0) }
        withUnsafeBytes(of: source.timestamp.bigEndian) {
            list.append(name: "kafka_dlt-original-timestamp" as StaticString, value: $0)
        }
        list.append(name: "kafka_dlt-exception-message", value: message)
        list.append(name: "__connect.errors.topic", value: source.topic)
        list.append(name: "__connect.errors.partition", value: String(source.partition))
        list.append(name: "__connect.errors.offset", value: String(source.offset))
        list.append(name: "__connect.errors.exception.message", value: message)
    }

    static func oneLine(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 }.prefix(1000))
    }
}
