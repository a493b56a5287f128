internal import CRDKafka

/// Writes records so that none is lost and none stands twice: idempotent, acknowledged by all replicas, sent until the
/// broker takes it or says no for good. One thread's; nothing waits for the network but `flush`.
public final class RecordProducer {
    /// A topic to write to, looked up once.
    public struct Topic {
        fileprivate let handle: OpaquePointer
    }

    let client: Client
    private var topics: [String: Topic] = [:]
    /// Records handed over whose result `poll` has not told yet.
    public private(set) var outstanding = 0

    /// - Parameter signal: An eventfd of the caller's, written (8 bytes, 1) when `poll` has something new. It must stay open
    ///   as long as the producer. Nil for those who only `flush`.
    public init(_ configuration: KafkaConfiguration, signal: Int32?) throws(KafkaError) {
        client = try Client(.producer, configuration, signal: signal)
    }

    deinit {
        for topic in topics.values { rd_kafka_topic_destroy(topic.handle) }
    }

    /// Valid as long as the producer. Makes no request: a topic that does not exist shows in the results.
    public func topic(_ name: String) throws(KafkaError) -> Topic {
        if let topic = topics[name] { return topic }
        guard let handle = rd_kafka_topic_new(client.handle, name, nil) else {
            throw KafkaError(rd_kafka_last_error(), "cannot write to topic \"\(name)\"")
        }
        let topic = Topic(handle: handle)
        topics[name] = topic
        return topic
    }

    /// Copies everything. Nil is Kafka's null for key and value; without a partition the key decides.
    ///
    /// What is thrown was not written: `_QUEUE_FULL` (too much is outstanding: poll and try later), `MSG_SIZE_TOO_LARGE`
    /// (above `message.max.bytes`), a fatal error.
    ///
    /// - Parameters:
    ///   - headers: Empty afterwards; unchanged when an error is thrown.
    ///   - timestamp: Milliseconds since 1970; 0 for now.
    ///   - token: Comes back with the result.
    public func produce(
        to topic: Topic, partition: Int32? = nil, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        headers: inout HeaderList, timestamp: Int64 = 0, token: UInt
    ) throws(KafkaError) {
        var error: OpaquePointer?
        headers.handOver { list in
            error = fanfare_rd_kafka_produce(
                client.handle, topic.handle, partition ?? RD_KAFKA_PARTITION_UA,
                key.map { $0.baseAddress ?? HeaderList.somewhere }, key?.count ?? 0,
                value.map { $0.baseAddress ?? HeaderList.somewhere }, value?.count ?? 0,
                timestamp, list, UnsafeMutableRawPointer(bitPattern: token))
            return error == nil
        }
        try KafkaError.check(error)
        outstanding += 1
    }

    /// The same without headers.
    public func produce(
        to topic: Topic, partition: Int32? = nil, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
        timestamp: Int64 = 0, token: UInt
    ) throws(KafkaError) {
        var none = HeaderList()
        try produce(
            to: topic, partition: partition, key: key, value: value, headers: &none, timestamp: timestamp, token: token)
    }

    /// Tells results: the offset that the record got, or why it was not written. Does not wait.
    public func poll(
        _ handle: (_ token: UInt, _ result: Result<Int64, KafkaError>) -> Void, notice: (ClientNotice) -> Void = { _ in }
    ) {
        poll(milliseconds: 0, handle, notice)
    }

    private func poll(
        milliseconds: Int32, _ handle: (UInt, Result<Int64, KafkaError>) -> Void, _ tell: (ClientNotice) -> Void
    ) {
        client.events.poll(milliseconds: milliseconds) { event in
            guard rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR else {
                if let notice = client.notice(event) { tell(notice) }
                return
            }
            while let message = rd_kafka_event_message_next(event) {
                outstanding -= 1
                let token = UInt(bitPattern: message.pointee._private)
                if let error = KafkaError.unlessNone(message.pointee.err) {
                    handle(token, .failure(error))
                } else {
                    handle(token, .success(message.pointee.offset))
                }
            }
        }
    }

    /// Set when the producer can write no more; let go of it and make a new one. What was outstanding has failed or will.
    public var fatalError: KafkaError? { client.fatalError }

    /// Waits until everything was written or has failed, at most that long. For commands, not for loops.
    ///
    /// - Returns: True when nothing is outstanding.
    @discardableResult
    public func flush(
        milliseconds: Int, _ handle: (_ token: UInt, _ result: Result<Int64, KafkaError>) -> Void = { _, _ in },
        notice: (ClientNotice) -> Void = { _ in }
    ) -> Bool {
        let clock = ContinuousClock()
        let end = clock.now + .milliseconds(milliseconds)
        while outstanding > 0, clock.now < end {
            poll(milliseconds: 20, handle, notice)
        }
        return outstanding == 0
    }
}
