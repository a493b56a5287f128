public import EventModel
public import KafkaClient

/// Dead letters go back to the subscriptions that failed.
public struct RedrivePlan: JobPlan {
    /// Why one that was asked for is not sent.
    public enum Refusal {
        /// It was redriven too often already, and failed each time.
        public static let loop = FailureKind.redriveLoop.rawValue
        /// Its subscription does not exist any more.
        public static let removed = FailureKind.removed.rawValue
        /// Its value stands only at its source, and Kafka does not have that any more.
        public static let sourceGone = "source-gone"
        /// Something else wrote it: it names no subscription or no source.
        public static let foreign = "foreign"
    }

    /// Which of the events that failed again and again.
    public enum Loops: Equatable, Sendable {
        /// Those that were redriven so often are refused, or left to another pass.
        case refuse(from: Int)
        case leave(from: Int)
        /// Only these.
        case only(from: Int)
    }

    private let filter: DeadLetterFilter
    private let ids: DeadLetterIDs
    private let loops: Loops
    /// Nil where the manifests are not known.
    private let subscriptions: Set<String>?
    private let admin: ClusterAdmin
    /// Where logs begin; nil for a partition that does not exist.
    private var logStarts: [TopicPartition: Int64?] = [:]

    public init(_ filter: DeadLetterFilter, _ ids: DeadLetterIDs, loops: Loops, subscriptions: Set<String>?, admin: ClusterAdmin) {
        self.filter = filter
        self.ids = ids
        self.loops = loops
        self.subscriptions = subscriptions
        self.admin = admin
    }

    public mutating func judge(_ record: KafkaRecord, of partition: TopicPartition) throws -> Judgement {
        let letter = DeadLetter(record, of: partition)
        guard filter.matches(letter, eventIDs: { ids.names(of: letter, record) }) else { return .passOver }
        guard let subscription = letter.subscription, let source = letter.source else { return .refuse(Refusal.foreign) }
        let redrives = letter.redrives ?? 0
        switch loops {
        case .refuse(let limit) where redrives >= limit: return .refuse(Refusal.loop)
        case .leave(let limit) where redrives >= limit: return .passOver
        case .only(let limit) where redrives < limit: return .passOver
        default: break
        }
        if let subscriptions, !subscriptions.contains(subscription) { return .refuse(Refusal.removed) }
        if letter.isReference, try isGone(source) { return .refuse(Refusal.sourceGone) }
        return .send(subscription)
    }

    private mutating func isGone(_ place: RecordPlace) throws(KafkaError) -> Bool {
        let partition = place.topicPartition
        if logStarts[partition] == nil {
            do throws(KafkaError) {
                logStarts[partition] = .some(try admin.watermarks(of: partition).low)
            } catch {
                guard error.code == .UNKNOWN_TOPIC_OR_PART || error.code == ._UNKNOWN_PARTITION || error.code == ._UNKNOWN_TOPIC else { throw error }
                logStarts[partition] = .some(nil)
            }
        }
        guard let start = logStarts[partition]! else { return true }
        return place.offset < start
    }

    public func headers(for record: KafkaRecord, of partition: TopicPartition, byReference: Bool, mark: JobMark, at now: WallTime) -> HeaderList {
        AddressedRecord.headers(redriving: DeadLetter(record, of: partition), record, byReference: byReference, job: mark, at: now)
    }

    public func label(of record: KafkaRecord) -> String? { record.headers.text("fanfare-error-kind") }
}
