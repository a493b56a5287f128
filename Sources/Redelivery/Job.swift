public import EventModel
internal import Glibc
public import KafkaClient

/// What is to be done with one record that a job reads.
public enum Judgement: Equatable, Sendable {
    /// Not among those that were asked for.
    case passOver
    /// Asked for, but not to be sent, for this reason.
    case refuse(String)
    /// To be sent to this subscription.
    case send(String)
}

/// Why any job may refuse a record; plans have reasons of their own.
public enum JobRefusal {
    /// Retention took it after it was read and before it was handed over. Only of one that the retry topic does not take whole, as
    /// it is read once more then.
    public static let gone = "gone"
}

/// What a job sends, and how.
public protocol JobPlan {
    mutating func judge(_ record: KafkaRecord, of partition: TopicPartition) throws -> Judgement
    /// The record that is addressed. Called only for those that are to be sent.
    func headers(for record: KafkaRecord, of partition: TopicPartition, byReference: Bool, mark: JobMark, at now: WallTime) -> HeaderList
    /// What it counts by beside the subscription; nil counts nothing.
    func label(of record: KafkaRecord) -> String?
}

/// What a job has done in this run.
public struct JobCounts: Equatable, Sendable {
    public var sent = 0
    /// Found in the retry topic: handed over just before the job was interrupted.
    public var found = 0
    public var bySubscription: [String: Int] = [:]
    public var byLabel: [String: Int] = [:]
    public var refused: [String: Int] = [:]

    public init() {}

    public mutating func add(_ other: JobCounts) {
        sent += other.sent
        found += other.found
        bySubscription.merge(other.bySubscription, uniquingKeysWith: +)
        byLabel.merge(other.byLabel, uniquingKeysWith: +)
        refused.merge(other.refused, uniquingKeysWith: +)
    }

    /// Those that were asked for.
    public var matching: Int { sent + found + refused.values.reduce(0, +) }
}

/// Reads ranges of topics and addresses records in them to subscriptions, through the retry topic.
///
/// A job may be interrupted at any moment. Its position is committed only when Kafka has acknowledged everything before
/// it; what was acknowledged beyond is found in the retry topic when the job goes on, by the header `fanfare-job`. So
/// nothing is left out and nothing is sent twice. One process at a time works on a job: whoever holds its `JobLease`.
final class Job<Plan: JobPlan> {
    private let name: String
    private var plan: Plan
    private var state: JobState
    private(set) var counts = JobCounts()
    private let kafka: KafkaConfiguration
    private let now: () -> WallTime
    private var passed: [TopicPartition: Int64] = [:]
    /// What Kafka has been given since the last commit, as it was counted.
    private var sent: [Sent] = []
    /// What an interrupted run handed over, and this one has not come to yet.
    private var found: Set<RecordPlace> = []

    private struct Sent {
        var place: RecordPlace
        var subscription: String
        var label: String?
    }

    /// Records between two commits, and how long one may take to come.
    private static var recordsPerCommit: Int { 5000 }
    private static var commitInterval: Duration { .milliseconds(500) }

    init(_ name: String, _ plan: Plan, _ state: JobState, _ kafka: KafkaConfiguration, now: @escaping () -> WallTime) {
        self.name = name
        self.plan = plan
        self.state = state
        self.kafka = kafka
        self.now = now
    }

    // MARK: Looking only

    /// Counts what a run would do.
    func rehearse(_ conduct: JobConduct) throws {
        let reader = try RangeReader(kafka, state.ranges)
        reader.isCancelled = conduct.isCancelled
        let limit = conduct.limit ?? .max
        while counts.sent < limit, !conduct.isCancelled(), let (record, partition) = try reader.next() {
            conduct.progress(reader.done, reader.total, counts)
            count(try plan.judge(record, of: partition), record)
        }
    }

    // MARK: Doing it

    /// True when the job has come to its end.
    ///
    /// - Parameter lease: Taken before the state was loaded.
    func run(
        _ writer: RetryTopicWriter, _ store: JobStore, _ lease: JobLease, _ admin: ClusterAdmin, retryTopic: String, _ conduct: JobConduct
    ) throws -> Bool {
        found = try recordsBeyondPosition(of: retryTopic, admin)
        for partition in writer.partitions where state.handedOver[partition] == nil {
            state.handedOver[partition] = try admin.watermarks(of: TopicPartition(topic: retryTopic, partition: partition)).high
        }
        // Before the first record: from here on, whatever happens, it is known where to look.
        try lease.confirm()
        try store.save(state)
        let reader = try RangeReader(kafka, state.ranges)
        reader.isCancelled = conduct.isCancelled
        let clock = ContinuousClock()
        var pace = Pace(conduct.rate, at: clock.now)
        var lastCommit = clock.now
        let limit = conduct.limit ?? .max
        while !conduct.isCancelled(), counts.sent < limit {
            guard let (record, partition) = try reader.next() else { break }
            conduct.progress(reader.done, reader.total, counts)
            let judgement = try plan.judge(record, of: partition)
            let place = RecordPlace(record, of: partition)
            let wasHandedOver = found.remove(place) != nil
            if case .send(let subscription) = judgement, wasHandedOver {
                counts.found += 1
                counts.bySubscription[subscription, default: 0] += 1
            } else {
                if case .send(let subscription) = judgement {
                    while !conduct.isCancelled(), let wait = pace.wait(at: clock.now) {
                        try writer.listen(milliseconds: wait)
                        if writer.outstanding == 0 { usleep(UInt32(wait) * 1000) }
                    }
                    if conduct.isCancelled() { break }
                    pace.take(at: clock.now)
                    try lease.confirm()
                    let mark = JobMark(job: name, place: place)
                    try writer.write(
                        key: record.key, value: record.value,
                        headers: plan.headers(for: record, of: partition, byReference: false, mark: mark, at: now()))
                    sent.append(Sent(place: place, subscription: subscription, label: plan.label(of: record)))
                }
                count(judgement, record)
            }
            passed[partition] = record.offset + 1
            if writer.count >= Self.recordsPerCommit || clock.now - lastCommit >= Self.commitInterval {
                try commit(writer, store, lease)
                lastCommit = clock.now
            }
        }
        let isAtEnd = !conduct.isCancelled() && counts.sent < limit
        if isAtEnd {
            for (partition, part) in state.parts { passed[partition] = part.end }
        }
        try commit(writer, store, lease, isComplete: isAtEnd)
        return isAtEnd
    }

    private func count(_ judgement: Judgement, _ record: KafkaRecord) {
        switch judgement {
        case .passOver: break
        case .refuse(let reason): counts.refused[reason, default: 0] += 1
        case .send(let subscription):
            counts.sent += 1
            counts.bySubscription[subscription, default: 0] += 1
            if let label = plan.label(of: record) { counts.byLabel[label, default: 0] += 1 }
        }
    }

    private func commit(_ writer: RetryTopicWriter, _ store: JobStore, _ lease: JobLease, isComplete: Bool = false) throws {
        for (index, refusal) in try writer.settle() {
            guard case .tooLarge = refusal else {
                if case .other(let error) = refusal { throw error }
                continue
            }
            // Between the two looks at it the record may have gone.
            if try !sendByReference(sent[index].place, writer) { takeBack(sent[index]) }
        }
        for (_, refusal) in try writer.settle() {
            if case .other(let error) = refusal { throw error }
            throw KafkaError(code: .MSG_SIZE_TOO_LARGE, message: "the retry topic does not even take a record without its value")
        }
        sent.removeAll(keepingCapacity: true)
        for (partition, position) in passed { state.parts[partition]!.position = max(state.parts[partition]!.position, position) }
        // Whoever goes on from here must find those too that are still to come, and they stand before what this run has written.
        if found.isEmpty { state.handedOver.merge(writer.ends) { max($0, $1) } }
        state.isComplete = isComplete
        try lease.confirm()
        try store.save(state)
    }

    /// It was counted as sent, and cannot be.
    private func takeBack(_ sent: Sent) {
        counts.sent -= 1
        counts.bySubscription.subtractOne(sent.subscription)
        if let label = sent.label { counts.byLabel.subtractOne(label) }
        counts.refused[JobRefusal.gone, default: 0] += 1
    }

    /// The bridge reads its value from where it stands. False where the record itself is not there any more.
    private func sendByReference(_ place: RecordPlace, _ writer: RetryTopicWriter) throws -> Bool {
        guard let record = try RecordFetcher(kafka).record(of: place.topicPartition, at: place.offset) else { return false }
        defer { record.destroy() }
        let headers = plan.headers(
            for: record, of: place.topicPartition, byReference: true, mark: JobMark(job: name, place: place), at: now())
        try writer.write(key: record.key, value: nil, headers: headers)
        return true
    }

    /// What was handed over after the last commit, by a run that did not come to its next.
    private func recordsBeyondPosition(of retryTopic: String, _ admin: ClusterAdmin) throws -> Set<RecordPlace> {
        var ranges: [OffsetRange] = []
        for (partition, start) in state.handedOver {
            let partition = TopicPartition(topic: retryTopic, partition: partition)
            let (low, high) = try admin.watermarks(of: partition)
            ranges.append(OffsetRange(partition, from: max(low, start), to: high))
        }
        let reader = try RangeReader(kafka, ranges)
        var found: Set<RecordPlace> = []
        while let (record, _) = try reader.next() {
            guard let mark = record.headers.text("fanfare-job").flatMap({ JobMark($0) }), mark.job == name else { continue }
            if mark.place.offset >= state.parts[mark.place.topicPartition]?.position ?? .max { found.insert(mark.place) }
        }
        return found
    }
}

extension [String: Int] {
    /// What is not there any more is not listed.
    fileprivate mutating func subtractOne(_ name: String) {
        let count = self[name, default: 0] - 1
        self[name] = count > 0 ? count : nil
    }
}
