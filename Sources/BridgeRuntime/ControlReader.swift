public import Control
import EventModel
public import KafkaClient

/// Reads the control topic from its beginning, folds it, and follows it. One thread's; nothing waits.
public final class ControlReader {
    /// The only one: the order of all changes is the order of its offsets.
    public static let partition: Int32 = 0

    /// What the records so far amount to.
    public private(set) var state = ControlState()
    /// Everything before this offset is in `state`.
    public private(set) var position: Int64 = 0
    /// Everything that the topic held has been read once.
    public private(set) var isCaughtUp = false

    private let reader: SeekingReader
    private let queue: PartitionQueue
    private let buffer = UnsafeMutablePointer<KafkaRecord>.allocate(capacity: ControlReader.batch)
    private static let batch = 256

    /// - Parameter signal: An eventfd that is written when there is something to read.
    public init(_ kafka: KafkaConfiguration, topic: String, signal: Int32) throws(KafkaError) {
        var kafka = kafka
        // It waits for hours between two records, and need not ask as often as those who deliver.
        if !kafka.properties.contains(where: { $0.name == "fetch.wait.max.ms" }) {
            kafka.properties.append((name: "fetch.wait.max.ms", value: "500"))
        }
        reader = try SeekingReader(kafka, signal: signal)
        // Not at "the beginning": librdkafka asks where that is half a second later, as it does not know the leader yet. The topic is
        // compacted, so its first records have other offsets, but it begins at 0 unless somebody deleted records.
        queue = try reader.open(TopicPartition(topic: topic, partition: Self.partition), at: 0)
    }

    deinit { buffer.deallocate() }

    /// What is new, in order. An error passes by itself; reading goes on where it was.
    ///
    /// - Parameter unreadable: told of records that are none, which are passed over.
    public func read(
        unreadable: (_ offset: Int64, ControlRecordError) -> Void = { _, _ in }
    ) throws(KafkaError) -> [(offset: Int64, record: ControlRecord)] {
        reader.poll { _ in }
        var news: [(offset: Int64, record: ControlRecord)] = []
        do throws(KafkaError) {
            while case let count = try queue.read(into: buffer, max: Self.batch), count > 0 {
                for raw in UnsafeBufferPointer(start: buffer, count: count) {
                    defer { raw.destroy() }
                    do throws(ControlRecordError) {
                        guard let record = try ControlRecord.read(key: raw.key, value: raw.value) else { continue }
                        state.apply(record)
                        news.append((raw.offset, record))
                    } catch {
                        unreadable(raw.offset, error)
                    }
                }
            }
        } catch {
            // The topic was made anew, or its beginning deleted: what it says now comes over what it said.
            if error.isOffsetOutOfRange { try queue.seek(to: LogicalOffset.beginning) }
            if news.isEmpty { throw error }
        }
        position = queue.readUpTo
        // That there is no more librdkafka says after another fetch, for which the broker waits.
        if queue.endOffset != nil || queue.highWatermark.map({ $0 > 0 && position >= $0 }) ?? false { isCaughtUp = true }
        return news
    }
}
