import DeliveryCore
import EventLoop
import EventModel
import KafkaClient
import Logging

/// What a shard tells people: one line per event that matters, and no more of one kind than anybody can read.
final class ShardLog {
    let logger: Logger
    private var windows: [String: (start: Int64, count: Int, suppressed: Int)] = [:]

    /// Lines of one kind per window.
    private static let limit = 5
    private static let window: Int64 = 10_000_000_000

    init(_ logger: Logger) { self.logger = logger }

    /// Attempts are told one by one.
    var tellsAttempts: Bool { logger.logLevel <= .debug }

    /// Logs unless there were many of this kind just now; the next line of the kind says how many were left out.
    func limited(
        _ kind: String, _ level: Logger.Level, _ message: @autoclosure () -> Logger.Message,
        _ metadata: @autoclosure () -> Logger.Metadata
    ) {
        let now = EventLoop.now()
        var entry = windows[kind] ?? (now, 0, 0)
        if now - entry.start > Self.window { entry = (now, 0, entry.suppressed) }
        guard entry.count < Self.limit else {
            entry.suppressed += 1
            windows[kind] = entry
            return
        }
        var metadata = metadata()
        if entry.suppressed > 0 { metadata["suppressed"] = "\(entry.suppressed)" }
        entry.count += 1
        entry.suppressed = 0
        windows[kind] = entry
        logger.log(level: level, message(), metadata: metadata)
    }

    /// - Parameter event: names an event by its id; asked only for lines that are written.
    func tell(_ report: Report, _ core: borrowing DeliveryCore, event: (ItemView, SubscriptionID?) -> String) {
        func name(_ id: SubscriptionID?) -> Logger.MetadataValue { "\(id.map { core.subscription($0).name } ?? "-")" }
        switch report {
        case .circuitOpened(let id, let reason):
            logger.warning(
                "circuit open: deliveries wait, probes go out", metadata: ["subscription": name(id), "reason": "\(reason)"])
        case .circuitClosed(let id):
            logger.notice("circuit closed: deliveries go on", metadata: ["subscription": name(id)])
        case .suspended(let id, let reason):
            logger.error(
                "suspended: its cursor stays where it is until it is resumed or its manifest edited",
                metadata: ["subscription": name(id), "reason": "\(reason)"])
        case .deadLettered(let id, let kind, let item, let reason):
            limited(
                "dlq \(name(id))", .warning, "dead-lettered",
                ["subscription": name(id), "event": "\(event(item, id))", "kind": "\(kind.rawValue)", "reason": "\(reason)"])
        case .dropped(let id, let kind, let item, let reason):
            limited(
                "drop \(name(id))", .warning, "dropped",
                ["subscription": name(id), "event": "\(event(item, id))", "kind": "\(kind.rawValue)", "reason": "\(reason)"])
        case .repeatDropped(let id, let partition, let offset):
            logger.debug(
                "dropped, as the same event came before (deduplicate)",
                metadata: ["subscription": name(id), "record": "\(partition.topic)[\(partition.partition)]@\(offset)"])
        case .keyHeld(let id, let partition, let offset, let reason):
            logger.error(
                "an event that would be given up is kept, and those behind it wait: `retry.onExhausted: hold`",
                metadata: ["subscription": name(id), "record": "\(partition.topic)[\(partition.partition)]@\(offset)", "reason": "\(reason)"])
        case .diversionFailed(let id, let item, let reason):
            limited(
                "divert", .error, "Kafka does not take a retry or dead-letter record; the event stays unsettled and is produced again",
                ["subscription": name(id), "event": "\(event(item, id))", "reason": "\(reason)"])
        case .recordsLost(let id, let partition, let count):
            logger.critical(
                "Kafka deleted records before they were delivered: raise the topic's retention",
                metadata: ["subscription": name(id), "partition": "\(partition.topic)[\(partition.partition)]", "offsets": "\(count)"])
        case .drainTimedOut(let partition, let inFlight):
            logger.warning(
                "deliveries did not finish in time before the partition moved; they may be repeated",
                metadata: ["partition": "\(partition.topic)[\(partition.partition)]", "inFlight": "\(inFlight)"])
        case .cursorFull(let id, let partition):
            limited(
                "full \(name(id))", .warning, "too many gaps for the cursor's metadata; it waits for its oldest event",
                ["subscription": name(id), "partition": "\(partition.topic)[\(partition.partition)]"])
        case .badMetadata(let id, let partition):
            logger.error(
                "the committed metadata is not Fanfare's and was ignored; some events may be repeated",
                metadata: ["subscription": name(id), "partition": "\(partition.topic)[\(partition.partition)]"])
        case .setAside(let id, _):
            logger.debug("its waiting events are left to Kafka, and read again later", metadata: ["subscription": name(id)])
        case .cursorPlaced(let id, let partition, let offset):
            logger.debug(
                "a cursor starts here",
                metadata: [
                    "subscription": name(id), "partition": "\(partition.topic)[\(partition.partition)]", "offset": "\(offset)",
                ])
        }
    }

    func tell(_ notice: ClientNotice) {
        switch notice {
        case .failed(let error):
            limited("kafka", error.isFatal ? .critical : .warning, "Kafka", ["reason": "\(error)"])
        case .log(let line):
            let level: Logger.Level = line.level <= 3 ? .warning : line.level <= 5 ? .info : .debug
            limited("rdkafka \(line.facility)", level, "librdkafka", ["facility": "\(line.facility)", "text": "\(line.text)"])
        case .statistics:
            break
        }
    }
}

extension Shard {
    /// One line for an attempt, whatever came of it.
    func tell(_ outcome: AttemptOutcome, of delivery: Delivery, _ duration: TimeSpan) {
        let name = core.subscription(delivery.subscription).name
        log.limited(
            "attempt \(name)", .debug, "attempt",
            [
                "subscription": "\(name)", "event": "\(eventID(core.item(0, of: delivery), of: delivery.subscription))", "events": "\(delivery.count)",
                "attempt": "\(delivery.attempt)", "status": "\(outcome.status)",
                "milliseconds": "\(Double(duration.nanoseconds / 1000) / 1000)", "outcome": "\(outcome.message.isEmpty ? "success" : outcome.message)",
            ])
    }
}
