import EventLoop
import EventModel
import KafkaClient
import Manifests
import ReceiptIndex
import Receipts
import Redelivery

/// The receipts that are asked for, straight from their topic; in no group, so that nothing shows that somebody looked.
struct ReceiptReader {
    let kafka: KafkaConfiguration
    private let configuration: BridgeConfiguration
    private let admin: ClusterAdmin
    private let topic: String
    private let partitions: [TopicPartition]
    let filter: ReceiptFilter
    /// Without anything new for so long, reading has failed.
    private static let patience: Int64 = 30_000_000_000

    init(_ options: ConfigurationOptions, _ filter: ReceiptFilter) throws {
        let configuration = try options.usableConfiguration().configuration
        self.configuration = configuration
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

    /// Those that match, the oldest first, from an index in a file that is brought up to date before.
    ///
    /// - Parameters:
    ///   - anew: Makes the index anew.
    ///   - limit: Only the newest so many.
    /// - Returns: up to where each partition is in the index, for `follow`.
    func forEach(inIndex path: String, anew: Bool, limit: Int?, _ body: (Receipt, UnsafeRawBufferPointer) -> Void) throws -> [TopicPartition: Int64] {
        let indexer = try reading {
            let bounds = configuration.receipts.index
            return try ReceiptIndexer(kafka, topic: topic, path: path, bounds: .init(age: bounds.maxAge, bytes: bounds.maxBytes), anew: anew)
        }
        try reading { try catchUp(indexer) }
        func show(_ receipt: Receipt, _ json: String) {
            var json = json
            json.withUTF8 { body(receipt, UnsafeRawBufferPointer($0)) }
        }
        try reading {
            var newest: [(receipt: Receipt, json: String)] = []
            try indexer.index.forEach(filter, limit == nil ? .oldestFirst : .newestFirst) { _, receipt, json in
                guard let limit else {
                    show(receipt, json)
                    return true
                }
                newest.append((receipt, json))
                return newest.count < limit
            }
            for (receipt, json) in newest.reversed() { show(receipt, json) }
        }
        return indexer.readUpTo
    }

    /// Up to what there is as it begins.
    private func catchUp(_ indexer: ReceiptIndexer) throws {
        let progress = ProgressBox("Indexing \(topic)", total: indexer.total)
        defer { progress.clear() }
        var (done, lastNews) = (0, EventLoop.now())
        while indexer.done < indexer.total {
            try indexer.read()
            if indexer.done > done { (done, lastNews) = (indexer.done, EventLoop.now()) }
            progress.update(done)
            guard EventLoop.now() - lastNews < Self.patience else { throw Failed("the cluster sends nothing of \(topic), although it has more records") }
        }
    }

    func show(_ record: KafkaRecord, _ body: (Receipt, UnsafeRawBufferPointer) -> Void) {
        guard let (receipt, json) = record.value.flatMap(Receipt.read), filter.matches(receipt) else { return }
        body(filter.shown(receipt), json)
    }

    /// Says in words what a reader of Kafka threw.
    func reading<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as KafkaError {
            throw Failed("the receipts cannot be read: \(error.message)")
        } catch let failure as ReceiptIndexFailure {
            throw Failed("the index of receipts: \(failure)\(failure.kind == .damaged ? "; --rebuild makes it anew" : "")")
        } catch let silence as RangeReader.Silence {
            throw Failed("the cluster sends nothing of \(silence.range.partition), although it has records up to offset \(silence.range.end)")
        }
    }
}
