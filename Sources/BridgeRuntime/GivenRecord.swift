package import EventModel
import KafkaClient

/// A record that was not read from Kafka: somebody asks what would become of it.
package struct GivenRecord: Sendable {
    package var key: [UInt8]?
    package var value: [UInt8]
    package var headers: [(name: String, value: String)]
    package var timestamp: WallTime
    package var partition: Int32
    package var offset: Int64

    package init(
        key: [UInt8]?, value: [UInt8], headers: [(name: String, value: String)], timestamp: WallTime, partition: Int32 = 0, offset: Int64 = 0
    ) {
        self.key = key
        self.value = value
        self.headers = headers
        self.timestamp = timestamp
        self.partition = partition
        self.offset = offset
    }

    /// As the client has records: to be destroyed.
    func made() -> KafkaRecord {
        var list = HeaderList()
        for header in headers { list.append(name: header.name, value: header.value) }
        return value.withUnsafeBytes { value in
            // An array's bytes may have no address when there are none: no key and an empty one are two things.
            guard let key else {
                return KafkaRecord.made(key: nil, value: value, headers: &list, timestamp: timestamp.milliseconds, partition: partition, offset: offset)
            }
            return key.withUnsafeBytes { key in
                KafkaRecord.made(key: key, value: value, headers: &list, timestamp: timestamp.milliseconds, partition: partition, offset: offset)
            }
        }
    }

    func withView<Result>(topic: String, _ body: (RecordView) throws -> Result) rethrows -> Result {
        let record = made()
        defer { record.destroy() }
        var view = RecordView.none
        view.show(record, topic: topic)
        return try body(view)
    }
}
