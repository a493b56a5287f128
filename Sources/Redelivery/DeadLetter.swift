public import EventModel
public import KafkaClient

/// What a record of a dead-letter topic says about itself. Everything but its place is nil where somebody else wrote it.
public struct DeadLetter: Sendable {
    /// In the dead-letter topic.
    public var place: RecordPlace
    /// When it was written.
    public var time: WallTime
    public var key: [UInt8]?
    public var subscription: String?
    public var kind: String?
    public var status: Int?
    public var attempts: Int?
    public var message: String?
    /// The original record.
    public var source: RecordPlace?
    public var sourceTime: WallTime?
    public var firstAttempt: String?
    public var lastAttempt: String?
    /// How often it had been sent again by then.
    public var redrives: Int?
    /// Its value was too large for the topic and stands only at its source.
    public var isReference: Bool

    public init(_ record: KafkaRecord, of partition: TopicPartition) {
        place = RecordPlace(record, of: partition)
        time = WallTime(milliseconds: record.timestamp)
        key = record.key.map(Array.init)
        let headers = record.headers
        subscription = headers.text("fanfare-subscription").flatMap { $0.isEmpty ? nil : $0 }
        kind = headers.text("fanfare-error-kind")
        status = headers.text("fanfare-error-status").flatMap { Int($0) }
        attempts = headers.text("fanfare-attempt").flatMap { Int($0) }
        message = headers.text("fanfare-error-message")
        if let topic = headers.text("fanfare-topic"), let partition = headers.text("fanfare-partition").flatMap({ Int32($0) }),
            let offset = headers.text("fanfare-offset").flatMap({ Int64($0) })
        {
            source = RecordPlace(topic: topic, partition: partition, offset: offset)
        }
        sourceTime = headers.text("fanfare-timestamp").flatMap { Int64($0) }.map { WallTime(milliseconds: $0) }
        firstAttempt = headers.text("fanfare-first-attempt")
        lastAttempt = headers.text("fanfare-last-attempt")
        redrives = headers.text("fanfare-redrives").flatMap { Int($0) }
        isReference = headers.text("fanfare-reference") == "true"
    }
}
