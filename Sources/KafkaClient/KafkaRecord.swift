public import CRDKafka

/// A record in librdkafka's own buffer, owned once: `destroy()` must be called exactly once.
///
/// Trivial on purpose (one pointer), so that rings and slots can hold it without reference counts; `bits` carries it
/// through code that must not know librdkafka. Everything it returns points into the fetch buffer and is valid until
/// `destroy()`. A record keeps that whole buffer alive (up to `fetch.message.max.bytes`, all records of one partition in
/// one answer), so what waits long is copied out with `detached`.
///
/// Records that were not copied out must be destroyed before the client that read them goes away. Any thread may destroy them.
public struct KafkaRecord {
    @usableFromInline let message: UnsafeMutablePointer<rd_kafka_message_t>

    /// From `bits` of a record that has not been destroyed.
    @inlinable
    public init(bits: UInt) { message = UnsafeMutablePointer(bitPattern: bits)! }

    /// The record as an opaque token, never 0.
    @inlinable
    public var bits: UInt { UInt(bitPattern: message) }

    @inlinable
    public func destroy() {
        if isDetached { destroyDetached() } else { rd_kafka_message_destroy(message) }
    }

    /// Copied out of librdkafka's buffers, see `detached`: only such a record has no topic handle.
    @inlinable
    var isDetached: Bool { message.pointee.rkt == nil }

    /// UTF-8, terminated by zero. Not known of a record that was copied out.
    @inlinable
    public var topicName: UnsafePointer<CChar> {
        precondition(!isDetached, "a record that was copied out does not know its topic")
        return rd_kafka_topic_name(message.pointee.rkt)
    }

    @inlinable
    public var partition: Int32 { message.pointee.partition }

    @inlinable
    public var offset: Int64 { message.pointee.offset }

    /// Milliseconds since 1970, of the producer or the broker as the topic says; -1 when there is none.
    @inlinable
    public var timestamp: Int64 {
        if isDetached { return detachedTimestamp }
        var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        return rd_kafka_message_timestamp(message, &kind)
    }

    /// Nil: no key. Empty is a key.
    @inlinable
    public var key: UnsafeRawBufferPointer? {
        guard let start = message.pointee.key else { return nil }
        return UnsafeRawBufferPointer(start: start, count: message.pointee.key_len)
    }

    /// Nil: a tombstone. Empty is a value.
    @inlinable
    public var value: UnsafeRawBufferPointer? {
        guard let start = message.pointee.payload else { return nil }
        return UnsafeRawBufferPointer(start: start, count: message.pointee.len)
    }

    /// Bytes of key and value. Headers are not counted: librdkafka does not tell their size without parsing them.
    @inlinable
    public var byteCount: Int { message.pointee.len &+ message.pointee.key_len }

    /// The headers in order; the names are UTF-8 and terminated by zero.
    ///
    /// The first use on a record makes librdkafka parse them, which allocates inside librdkafka; nothing is allocated here.
    @inlinable
    public var headers: RecordHeaders {
        if isDetached { return RecordHeaders(list: OpaquePointer(message.pointee._private)) }
        var list: OpaquePointer?
        let status = rd_kafka_message_headers(message, &list)
        return RecordHeaders(list: status == RD_KAFKA_RESP_ERR_NO_ERROR ? list : nil)
    }
}

/// A borrowed view of one record's headers.
public struct RecordHeaders {
    @usableFromInline let list: OpaquePointer?

    @usableFromInline
    init(list: OpaquePointer?) { self.list = list }

    public struct Header {
        public let name: UnsafeRawBufferPointer
        /// Nil for a header with a null value.
        public let value: UnsafeRawBufferPointer?

        @usableFromInline
        init(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) {
            self.name = name
            self.value = value
        }
    }

    @inlinable
    public var count: Int { list.map { rd_kafka_header_cnt($0) } ?? 0 }

    /// Nil at and behind `count`.
    @inlinable
    public func header(at index: Int) -> Header? {
        guard let list else { return nil }
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        guard rd_kafka_header_get_all(list, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR, let name else {
            return nil
        }
        return Header(
            name: UnsafeRawBufferPointer(start: name, count: cStringLength(name)),
            value: value.map { UnsafeRawBufferPointer(start: $0, count: size) })
    }

    @inlinable
    public func forEach(_ body: (Header) throws -> Void) rethrows {
        var index = 0
        while let header = header(at: index) {
            try body(header)
            index += 1
        }
    }

    /// The last header of that name, as Kafka's own clients choose. `name` in UTF-8.
    @inlinable
    public func last(named name: StaticString) -> Header? {
        guard let list else { return nil }
        var value: UnsafeRawPointer?
        var size = 0
        let found = UnsafeRawPointer(name.utf8Start).withMemoryRebound(to: CChar.self, capacity: name.utf8CodeUnitCount + 1) {
            rd_kafka_header_get_last(list, $0, &value, &size)
        }
        guard found == RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        return Header(
            name: UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount),
            value: value.map { UnsafeRawBufferPointer(start: $0, count: size) })
    }

    @usableFromInline
    func cStringLength(_ text: UnsafePointer<CChar>) -> Int {
        var count = 0
        while text[count] != 0 { count &+= 1 }
        return count
    }
}
