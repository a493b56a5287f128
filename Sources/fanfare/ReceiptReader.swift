import EventLoop
import EventModel
import KafkaClient
import Manifests
import Receipts
import Redelivery

/// The receipts that are asked for, straight from their topic; in no group, so that nothing shows that somebody looked.
struct ReceiptReader {
    let kafka: KafkaConfiguration
    private let admin: ClusterAdmin
    private let topic: String
    private let partitions: [TopicPartition]
    let filter: ReceiptFilter

    init(_ options: ConfigurationOptions, _ filter: ReceiptFilter) throws {
        let configuration = try options.usableConfiguration().configuration
        self.filter = filter
        let topic = configuration.receiptsTopicName
        self.topic = topic
        kafka = try KafkaConfiguration(configuration)
        admin = try ClusterAdmin(kafka)
        let found = try admin.reach(kafka).topics.first { $0.name == topic }?.partitions ?? []
        guard !found.isEmpty else {
            throw Failed("there is no topic \(topic): attempts are recorded there where receipts.enabled is true and `fanfare apply` has created it")
        }
        partitions = found.map { TopicPartition(topic: topic, partition: $0.number) }
    }

    /// Those that match, the oldest first; the text is valid during the call.
    ///
    /// - Returns: up to where each partition was read, for `follow`.
    @discardableResult
    func forEach(_ body: (Receipt, UnsafeRawBufferPointer) -> Void) throws -> [TopicPartition: Int64] {
        let ranges = try reading { try self.bounds() }
        let reader = try reading { try RangeReader(kafka, ranges.wanted) }
        let progress = ProgressBox("Reading \(topic)", total: reader.total)
        while let (record, _) = try reading({ try reader.next() }) {
            progress.update(reader.done)
            show(record) { receipt, json in
                progress.clear()
                body(receipt, json)
            }
        }
        progress.clear()
        return ranges.ends
    }

    /// What there is to read now, and where each partition ends.
    private func bounds() throws -> (wanted: [OffsetRange], ends: [TopicPartition: Int64]) {
        var ends: [TopicPartition: Int64] = [:]
        for partition in partitions { ends[partition] = try admin.watermarks(of: partition).high }
        let bounds = RangeFinder.bounds(from: filter.since, until: filter.until)
        var ranges = try RangeFinder(admin).ranges(of: partitions, from: bounds.start, to: bounds.end)
        for i in ranges.indices { ranges[i].end = min(ranges[i].end, ends[ranges[i].partition] ?? 0) }
        return (ranges, ends)
    }

    func show(_ record: KafkaRecord, _ body: (Receipt, UnsafeRawBufferPointer) -> Void) {
        guard let value = record.value, let receipt = Receipt(json: value), filter.matches(receipt) else { return }
        body(filter.shown(receipt), value)
    }

    /// Says in words what a reader of Kafka threw.
    func reading<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as KafkaError {
            throw Failed("the receipts cannot be read: \(error.message)")
        } catch let silence as RangeReader.Silence {
            throw Failed("the cluster sends nothing of \(silence.range.partition), although it has records up to offset \(silence.range.end)")
        }
    }
}
