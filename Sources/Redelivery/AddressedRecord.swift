public import EventModel
public import KafkaClient

/// Headers of records for the retry topic that an operator addresses to one subscription. Its schedule begins anew: no
/// attempts are made yet, and `giveUpAfter` counts from now on. The event's id stays, and so does its time.
public enum AddressedRecord {
    /// Of a dead letter that is sent again.
    ///
    /// - Parameter byReference: its value does not fit into the retry topic and is read from its source.
    /// - Precondition: it names its subscription and its source.
    public static func headers(
        redriving letter: DeadLetter, _ record: KafkaRecord, byReference: Bool, job: JobMark, at now: WallTime
    ) -> HeaderList {
        guard let source = letter.source, let subscription = letter.subscription else {
            preconditionFailure("a dead letter without an address is redriven")
        }
        var list = HeaderList()
        copy(record, to: &list, keeping: ["fanfare-replay"])
        address(
            &list, to: subscription, source: source, sourceTime: letter.sourceTime ?? letter.time,
            isReference: letter.isReference || byReference, job: job, at: now)
        list.append(name: "fanfare-redrives", value: String((letter.redrives ?? 0) + 1))
        return list
    }

    /// Of a topic's record that one subscription gets again.
    public static func headers(
        replaying record: KafkaRecord, of partition: TopicPartition, to subscription: String, byReference: Bool, job: JobMark, at now: WallTime
    ) -> HeaderList {
        var list = HeaderList()
        copy(record, to: &list, keeping: [])
        address(
            &list, to: subscription, source: RecordPlace(record, of: partition), sourceTime: WallTime(milliseconds: record.timestamp),
            isReference: byReference, job: job, at: now)
        list.append(name: "fanfare-replay", value: job.job)
        return list
    }

    private static func copy(_ record: KafkaRecord, to list: inout HeaderList, keeping kept: Set<String>) {
        var index = 0
        while let header = record.headers.header(at: index) {
            index += 1
            let name = String(decoding: header.name, as: UTF8.self)
            if !BookkeepingHeaders.names.contains(name) || kept.contains(name) { list.append(name: header.name, value: header.value) }
        }
    }

    private static func address(
        _ list: inout HeaderList, to subscription: String, source: RecordPlace, sourceTime: WallTime, isReference: Bool, job: JobMark,
        at now: WallTime
    ) {
        list.append(name: "fanfare-subscription", value: subscription)
        list.append(name: "fanfare-topic", value: source.topic)
        list.append(name: "fanfare-partition", value: String(source.partition))
        list.append(name: "fanfare-offset", value: String(source.offset))
        list.append(name: "fanfare-timestamp", value: String(sourceTime.milliseconds))
        list.append(name: "fanfare-attempt", value: "0")
        list.append(name: "fanfare-retries", value: "0")
        list.append(name: "fanfare-due", value: String(now.milliseconds))
        list.append(name: "fanfare-asked", value: String(now.milliseconds))
        if isReference { list.append(name: "fanfare-reference", value: "true") }
        list.append(name: "fanfare-job", value: job.text)
    }
}

/// Whose work a record of the retry topic is, and for which record it stands: what an interrupted job looks for when it
/// goes on.
public struct JobMark: Hashable, Sendable {
    public var job: String
    public var place: RecordPlace

    public init(job: String, place: RecordPlace) {
        self.job = job
        self.place = place
    }

    /// `orders-5f1c 3 1042 shop.orders.dead-letter`: names of jobs and topics have no spaces.
    public var text: String { "\(job) \(place.partition) \(place.offset) \(place.topic)" }

    public init?(_ text: String) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 4, let partition = Int32(parts[1]), let offset = Int64(parts[2]) else { return nil }
        self.init(job: String(parts[0]), place: RecordPlace(topic: String(parts[3]), partition: partition, offset: offset))
    }
}
