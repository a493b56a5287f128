internal import CRDKafka

/// The headers of a record to be produced, built in librdkafka's own list, which `produce` takes out of it.
public struct HeaderList: ~Copyable {
    /// Nil while there are none.
    private var list: OpaquePointer?

    public init() {}

    deinit {
        if let list { rd_kafka_headers_destroy(list) }
    }

    /// Copies both. A nil value is Kafka's null. Equal names may repeat, in order.
    public mutating func append(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer?) {
        let list = self.list ?? rd_kafka_headers_new(8)
        self.list = list
        let text = name.bindMemory(to: CChar.self)
        // An empty value needs a pointer: librdkafka reads none as null.
        let start = value.map { $0.baseAddress ?? Self.somewhere }
        let status = rd_kafka_header_add(list, text.baseAddress, text.count, start, value?.count ?? 0)
        precondition(status == RD_KAFKA_RESP_ERR_NO_ERROR, "a header list that is being built cannot be read-only")
    }

    public mutating func append(name: StaticString, value: UnsafeRawBufferPointer?) {
        append(name: UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount), value: value)
    }

    public mutating func append(name: String, value: String) {
        var name = name
        var value = value
        name.withUTF8 { name in
            value.withUTF8 { append(name: UnsafeRawBufferPointer(name), value: UnsafeRawBufferPointer($0)) }
        }
    }

    /// Lends the C list, nil when empty; it stays here unless `body` says that librdkafka has it now.
    mutating func handOver(_ body: (_ list: OpaquePointer?) -> Bool) {
        if body(list) { list = nil }
    }

    /// Any valid address, for empty bytes.
    static var somewhere: UnsafeRawPointer { UnsafeRawPointer(StaticString("").utf8Start) }
}
