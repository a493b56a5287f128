internal import CRDKafka
internal import Glibc

// Records that wait long, and records of our own, lie in memory of their own: a block with librdkafka's message structure at
// its beginning, then the timestamp, the key and the value. Its `_private` owns the headers, and it has no topic handle, which
// tells it from a message of librdkafka's.
extension KafkaRecord {
    private static let timestampOffset = MemoryLayout<rd_kafka_message_t>.stride
    private static let bytesOffset = timestampOffset + MemoryLayout<Int64>.stride

    /// A copy that holds nothing of librdkafka's, in exchange for this record, which is destroyed.
    public consuming func detached() -> KafkaRecord {
        guard !isDetached else { return self }
        let copy = KafkaRecord(copying: key, value, timestamp: timestamp, partition: partition, offset: offset)
        if let headers = headers.list { copy.message.pointee._private = UnsafeMutableRawPointer(rd_kafka_headers_copy(headers)) }
        destroy()
        return copy
    }

    /// A record that never was in Kafka. Key and value are copied; nil and empty are told apart.
    ///
    /// - Parameters:
    ///   - headers: Empty afterwards.
    ///   - timestamp: Milliseconds since 1970.
    ///   - partition: What the record says of itself, as all of this.
    public static func made(
        key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?, headers: inout HeaderList, timestamp: Int64,
        partition: Int32, offset: Int64
    ) -> KafkaRecord {
        let record = KafkaRecord(copying: key, value, timestamp: timestamp, partition: partition, offset: offset)
        headers.handOver { list in
            record.message.pointee._private = UnsafeMutableRawPointer(list)
            return true
        }
        return record
    }

    private init(
        copying key: UnsafeRawBufferPointer?, _ value: UnsafeRawBufferPointer?, timestamp: Int64, partition: Int32, offset: Int64
    ) {
        let size = Self.bytesOffset + (key?.count ?? 0) + (value?.count ?? 0)
        guard let block = malloc(size) else { fatalError("out of memory for a record of \(size) bytes") }
        let message = block.bindMemory(to: rd_kafka_message_t.self, capacity: 1)
        message.initialize(to: rd_kafka_message_t())
        message.pointee.partition = partition
        message.pointee.offset = offset
        (block + Self.timestampOffset).storeBytes(of: timestamp, as: Int64.self)
        var next = block + Self.bytesOffset
        if let key {
            message.pointee.key = next
            message.pointee.key_len = key.count
            if let start = key.baseAddress { next.copyMemory(from: start, byteCount: key.count) }
            next += key.count
        }
        if let value {
            message.pointee.payload = next
            message.pointee.len = value.count
            if let start = value.baseAddress { next.copyMemory(from: start, byteCount: value.count) }
        }
        self.init(bits: UInt(bitPattern: block))
    }

    @usableFromInline
    func destroyDetached() {
        if let headers = message.pointee._private { rd_kafka_headers_destroy(OpaquePointer(headers)) }
        free(message)
    }

    @usableFromInline
    var detachedTimestamp: Int64 {
        (UnsafeRawPointer(message) + Self.timestampOffset).load(as: Int64.self)
    }
}
