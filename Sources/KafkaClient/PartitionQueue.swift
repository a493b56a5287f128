internal import CRDKafka

/// The records of one partition, in offset order, from a start that the owner chose.
///
/// librdkafka fetches ahead into a queue of its own, up to `queued.max.messages.kbytes`; a queue that is not read fills up
/// and its fetching stops, while the others go on. Nothing needs to be paused.
///
/// The eventfd is written when the queue turns from empty to not empty. So read until 0 comes back; whoever stops earlier
/// (no room) must come back without being signalled.
public final class PartitionQueue {
    public let partition: TopicPartition
    /// No record below this offset is returned: one more than the last one's, or where the owner wants to start.
    public private(set) var position: Int64
    /// Set when everything up to this offset was read and there was no more: behind the last record, which may be an
    /// invisible one of a transaction. Nil again with the next record. It says what was the end then; the log may have grown.
    public private(set) var endOffset: Int64?
    /// From where reading started up to here, every record that is there was read. Of later ones nothing is known.
    public var readUpTo: Int64 { max(position, endOffset ?? 0) }

    private let client: Client
    private let topic: OpaquePointer
    private let queue: EventQueue
    private var isOpen = true
    /// Found between records: told when these are handed out.
    private var pendingError: KafkaError?
    /// librdkafka gave the partition up (the offset is out of range) and takes no seek.
    private var isStopped = false
    /// A seek is on its way, and what librdkafka says about offsets may still be about the old position.
    private var isSeeking = false
    private var stall: StallDetector

    init(
        _ client: Client, _ partition: TopicPartition, at offset: Int64, limits: FetchLimits, signal: Int32
    ) throws(KafkaError) {
        self.partition = partition
        self.client = client
        stall = StallDetector(limits: limits)
        position = max(0, offset)
        guard let topic = rd_kafka_topic_new(client.handle, partition.topic, nil) else {
            throw KafkaError(rd_kafka_last_error(), "cannot read topic \"\(partition.topic)\"")
        }
        self.topic = topic
        // The queue and its signal exist before the first fetch, so that none is missed.
        queue = EventQueue(
            rd_kafka_queue_get_partition(client.handle, partition.topic, partition.partition), signal: signal)
        try start(at: offset)
    }

    deinit {
        close()
        rd_kafka_topic_destroy(topic)
    }

    /// Fills up to `max` elements and returns how many; the caller owns these records. Does not wait.
    ///
    /// 0 means: nothing there now, and the eventfd will be written when there is. An error is thrown once, after the records
    /// before it were returned. `isOffsetOutOfRange`: choose another offset and `seek`, nothing comes before. Others pass by
    /// themselves (the partition's leader is away, a topic is not authorized yet).
    ///
    /// - Parameter buffer: Memory for `max` records, uninitialized.
    public func read(into buffer: UnsafeMutablePointer<KafkaRecord>, max: Int) throws(KafkaError) -> Int {
        precondition(isOpen, "a partition queue is read after it was closed")
        var count = 0
        buffer.withMemoryRebound(to: UnsafeMutablePointer<rd_kafka_message_t>?.self, capacity: max) { slots in
            while pendingError == nil, count < max {
                // Asking for what is there, not for more: librdkafka makes a system call to wait even with a timeout of 0.
                let queued = rd_kafka_queue_length(queue.pointer)
                if queued == 0 {
                    if stall.shouldWake() { wakeFetcher() }
                    break
                }
                stall.observe(queued: queued)
                let got = rd_kafka_consume_batch_queue(queue.pointer, 0, slots + count, min(queued, max - count))
                guard got > 0 || rd_kafka_queue_length(queue.pointer) < queued else { break }
                count = sift(slots, from: count, to: count + Swift.max(0, got))
            }
        }
        if count == 0, let error = pendingError {
            pendingError = nil
            throw error
        }
        return count
    }

    /// Keeps records, takes out what only informs. Returns the new end.
    private func sift(_ slots: UnsafeMutablePointer<UnsafeMutablePointer<rd_kafka_message_t>?>, from: Int, to: Int) -> Int {
        var kept = from
        for index in from..<to {
            let message = slots[index]!
            if message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR, message.pointee.offset >= position {
                position = message.pointee.offset + 1
                endOffset = nil
                isSeeking = false
                stall.count(message.pointee.len + message.pointee.key_len)
                slots[kept] = message
                kept += 1
            } else {
                inform(message.pointee)
                rd_kafka_message_destroy(message)
            }
        }
        return kept
    }

    private func inform(_ message: rd_kafka_message_t) {
        switch message.err {
        case RD_KAFKA_RESP_ERR_NO_ERROR:
            // Below the position: the rest of a compressed batch, or of a fetch from before a seek.
            break
        case RD_KAFKA_RESP_ERR__PARTITION_EOF:
            endOffset = message.offset
            isSeeking = false
        case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
            isStopped = true
            // The old position was out of range, and the seek came too late for librdkafka to obey it.
            if isSeeking, message.offset != position, (try? start(at: position)) != nil { return }
            pendingError = error(of: message)
        default:
            pendingError = error(of: message)
        }
    }

    private func error(of message: rd_kafka_message_t) -> KafkaError {
        // With an error the payload is librdkafka's sentence.
        let text = UnsafeRawBufferPointer(start: message.payload, count: message.len)
        return KafkaError(message.err, "\(partition): \(String(decoding: text, as: UTF8.self))")
    }

    /// Goes on at another offset. Never returns a record of the old position afterwards: librdkafka numbers its fetches and
    /// drops the older ones. Costs no waiting unless the partition had stopped.
    public func seek(to offset: Int64) throws(KafkaError) {
        precondition(isOpen, "a partition queue is moved after it was closed")
        position = max(0, offset)
        endOffset = nil
        pendingError = nil
        stall = StallDetector(limits: stall.limits)
        if !isStopped, rd_kafka_seek(topic, partition.partition, offset, 0) == RD_KAFKA_RESP_ERR_NO_ERROR {
            isSeeking = offset >= 0
            return
        }
        try start(at: offset)
    }

    private func start(at offset: Int64) throws(KafkaError) {
        if isStopped { rd_kafka_consume_stop(topic, partition.partition) }
        isStopped = false
        isSeeking = false
        guard rd_kafka_consume_start(topic, partition.partition, offset) == 0 else {
            throw KafkaError(rd_kafka_last_error(), "\(partition): cannot be read from offset \(offset)")
        }
    }

    /// Stops fetching and drops what was fetched; records that were handed out stay valid.
    ///
    /// Waits for librdkafka's own thread (not for the network), some tens of microseconds.
    public func close() {
        guard isOpen else { return }
        isOpen = false
        rd_kafka_consume_stop(topic, partition.partition)
        // Outdated now: reading drops them, so that their buffers do not lie around until the partition is opened again.
        var message: UnsafeMutablePointer<rd_kafka_message_t>?
        while rd_kafka_queue_length(queue.pointer) > 0 {
            guard rd_kafka_consume_batch_queue(queue.pointer, 0, &message, 1) > 0 else { break }
            rd_kafka_message_destroy(message)
        }
        queue.close()
    }

    /// One more than the offset of the newest record, as the last fetch told; nil before the first.
    public var highWatermark: Int64? { watermarks.high }

    /// The oldest offset that the broker still has, as the last fetch told; nil before the first.
    public var lowWatermark: Int64? { watermarks.low }

    private var watermarks: (low: Int64?, high: Int64?) {
        var low = Int64(RD_KAFKA_OFFSET_INVALID)
        var high = low
        let status = rd_kafka_get_watermark_offsets(client.handle, partition.topic, partition.partition, &low, &high)
        guard status == RD_KAFKA_RESP_ERR_NO_ERROR else { return (nil, nil) }
        return (low >= 0 ? low : nil, high >= 0 ? high : nil)
    }

    /// Seeks to where reading stands, which wakes librdkafka's thread for the broker.
    private func wakeFetcher() {
        if !isStopped { _ = rd_kafka_seek(topic, partition.partition, position, 0) }
    }
}
