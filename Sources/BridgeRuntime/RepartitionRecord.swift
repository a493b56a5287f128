import DeliveryCore
import EventModel
import KafkaClient

/// A record of a repartition topic: an event with key, value and headers as they are, or a mark; and where it comes from.
///
/// Headers of our own: `fanfare-topic`, `fanfare-partition`, `fanfare-offset` and `fanfare-timestamp` of the source, as in the retry
/// topic; `fanfare-partitions`, how many the source has; `fanfare-watermark`, in milliseconds; `fanfare-previous`, the offset of
/// the event before it in the same request; `fanfare-mark`, `progress` or `idle`, of marks.
enum RepartitionRecord {
    static func headers(of record: KafkaRecord?, from topic: String, _ place: SourcePlace, timestamp: Int64?) -> HeaderList {
        var list = HeaderList()
        record?.headers.forEach { header in
            guard !BookkeepingHeaders.names.contains(String(decoding: header.name, as: UTF8.self)) else { return }
            list.append(name: header.name, value: header.value)
        }
        list.append(name: "fanfare-topic", value: topic)
        list.append(name: "fanfare-partition", value: String(place.partition))
        list.append(name: "fanfare-offset", value: String(place.offset))
        list.append(name: "fanfare-partitions", value: String(place.partitions))
        if let timestamp { list.append(name: "fanfare-timestamp", value: String(timestamp)) }
        if let watermark = place.watermark { list.append(name: "fanfare-watermark", value: String(watermark.milliseconds)) }
        switch place.kind {
        case .event(let previous): if let previous { list.append(name: "fanfare-previous", value: String(previous)) }
        case .mark: list.append(name: "fanfare-mark", value: "progress")
        case .idleMark: list.append(name: "fanfare-mark", value: "idle")
        }
        return list
    }

    /// Beyond what a log comes to, and so that the next one can be counted with.
    private static let mostOffset: Int64 = 1 << 62
    /// Windows are made of times from 1970 to the year 9998.
    private static let times: Range<Int64> = 0..<253_370_764_800_000

    /// Nil for a record that somebody else wrote.
    static func place(of record: KafkaRecord) -> SourcePlace? {
        let headers = RetryHeaders(record)
        guard let partition = headers.partition, partition >= 0, let offset = headers.offset, (0..<mostOffset).contains(offset),
            let partitions = headers.partitions, partitions > partition, partitions <= Repartitioning.mostPartitions,
            headers.watermark.map(times.contains) ?? true
        else { return nil }
        return SourcePlace(
            kind: headers.mark ?? .event(previous: headers.previous), partition: partition, offset: offset,
            watermark: headers.watermark.map { WallTime(milliseconds: $0) }, partitions: partitions)
    }
}

extension RetryHeaders {
    fileprivate var partitions: Int? { number("fanfare-partitions").map { Int(clamping: $0) } }
    fileprivate var watermark: Int64? { number("fanfare-watermark") }
    fileprivate var previous: Int64? { number("fanfare-previous") }
    fileprivate var mark: SourcePlace.Kind? { headers.last(named: "fanfare-mark")?.value.map { $0.elementsEqual("idle".utf8) ? .idleMark : .mark } }
}
