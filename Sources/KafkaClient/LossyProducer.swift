internal import CRDKafka

/// Writes records of one topic that may be lost: from any thread, without ever waiting, with a queue whose bounds no setting changes.
///
/// Whether the topic exists, may be written, or is reached at all is nobody's concern but that of the thread that polls: it hears
/// what was lost, and why.
// Sendable: librdkafka's producing and polling are thread-safe, and nothing here changes after `init`.
public final class LossyProducer: @unchecked Sendable {
    private let client: Client
    private let topic: OpaquePointer

    /// Makes no request.
    public init(_ configuration: KafkaConfiguration, topic: String) throws(KafkaError) {
        client = try Client(.lossyProducer, configuration, signal: nil)
        guard let handle = rd_kafka_topic_new(client.handle, topic, nil) else {
            throw KafkaError(rd_kafka_last_error(), "cannot write to topic \"\(topic)\"")
        }
        self.topic = handle
    }

    deinit { rd_kafka_topic_destroy(topic) }

    /// Copies everything; the key decides the partition. What is thrown says why the record is lost already: `_QUEUE_FULL`, for one.
    ///
    /// - Parameters:
    ///   - headers: Empty afterwards; unchanged when an error is thrown.
    ///   - timestamp: Milliseconds since 1970.
    public func produce(
        key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, headers: inout HeaderList, timestamp: Int64
    ) throws(KafkaError) {
        var error: OpaquePointer?
        headers.handOver { list in
            error = fanfare_rd_kafka_produce(
                client.handle, topic, RD_KAFKA_PARTITION_UA, key.baseAddress ?? HeaderList.somewhere, key.count,
                value.baseAddress ?? HeaderList.somewhere, value.count, timestamp, list, nil)
            return error == nil
        }
        try KafkaError.check(error)
    }

    /// Tells what was lost since the last call, and waits so long for something to tell. One thread's.
    public func poll(milliseconds: Int32, lost: (KafkaError) -> Void, notice: (ClientNotice) -> Void = { _ in }) {
        client.events.poll(milliseconds: milliseconds) { event in
            guard rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR else {
                if let told = client.notice(event) { notice(told) }
                return
            }
            while let message = rd_kafka_event_message_next(event) {
                if let error = KafkaError.unlessNone(message.pointee.err) { lost(error) }
            }
        }
    }

    /// Records that are not written yet, and losses that `poll` has not told.
    public var outstanding: Int { Int(rd_kafka_outq_len(client.handle)) }

    /// Gives up what is not written yet; `poll` tells it as lost.
    public func abandon() { rd_kafka_purge(client.handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT) }
}
