internal import CRDKafka
internal import Glibc

// Records that wait long lie in memory of their own: a block with librdkafka's message structure at its beginning, then
// the timestamp, the key and the value. Its `_private` owns a copy of the headers, and it has no topic handle, which
// tells it from a message of librdkafka's.
extension KafkaRecord {
    private static let timestampOffset = MemoryLayout<rd_kafka_message_t>.stride
    private static let bytesOffset = timestampOffset + MemoryLayout<Int64>.stride

    /// A copy that holds nothing of librdkafka's, in exchange for this record, which is destroyed.
    public consuming func detached() -> KafkaRecord {
        guard !isDetached else { return self }
        let key = self.key
        let value = self.value
        guard let block = malloc(Self.bytesOffset + (key?.count ?? 0) + (value?.count ?? 0)) else {
            fatalError("out of memory for a record of \(byteCount) bytes")
        }
        let copy = block.bindMemory(to: rd_kafka_message_t.self, capacity: 1)
        copy.initialize(to: rd_kafka_message_t())
        copy.pointee.partition = partition
        copy.pointee.offset = offset
        (block + Self.timestampOffset).storeBytes(of: timestamp, as: Int64.self)
        var next = block + Self.bytesOffset
        if let key {
            copy.pointee.key = next
            copy.pointee.key_len = key.count
            if let start = key.baseAddress { next.copyMemory(from: start, byteCount: key.count) }
            next += key.count
        }
        if let value {
            copy.pointee.payload = next
            copy.pointee.len = value.count
            if let start = value.baseAddress { next.copyMemory(from: start, byteCount: value.count) }
        }
        if let headers = headers.list { copy.pointee._private = UnsafeMutableRawPointer(rd_kafka_headers_copy(headers)) }
        destroy()
        return KafkaRecord(bits: UInt(bitPattern: block))
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
