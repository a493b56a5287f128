import EventModel
import KafkaClient

extension RecordView {
    /// One that shows no record yet.
    static var none: RecordView {
        RecordView(topic: "", partition: 0, offset: 0, timestamp: WallTime(milliseconds: 0), key: nil, value: nil, headers: [])
    }

    /// Shows where a record of a repartition topic comes from, as if it stood there still.
    mutating func showSource(of record: KafkaRecord) {
        let headers = RetryHeaders(record)
        partition = headers.partition ?? partition
        offset = headers.offset ?? offset
        timestamp = headers.timestamp.map { WallTime(milliseconds: $0) } ?? timestamp
    }

    /// Shows this record from now on; the memory for headers is used again.
    mutating func show(_ record: KafkaRecord, topic: String) {
        self.topic = topic
        partition = record.partition
        offset = record.offset
        timestamp = WallTime(milliseconds: record.timestamp)
        key = record.key
        value = record.value
        headers.removeAll(keepingCapacity: true)
        let list = record.headers
        var i = 0
        while let header = list.header(at: i) {
            headers.append(Header(name: header.name, value: header.value))
            i += 1
        }
    }
}
