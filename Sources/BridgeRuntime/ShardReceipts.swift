import DeliveryCore
import EventFormats
import EventModel
import KafkaClient

/// Writes one shard's receipts, each in the same memory.
///
/// A receipt is a CloudEvent in structured mode (Kafka Protocol Binding 1.0.2, JSON Event Format): each header of a record costs two
/// allocations, freed by another thread, and all those that binary mode needs cost more than all the rest of the record.
final class ShardReceipts {
    private let topic: ReceiptTopic
    /// How the value of every receipt begins, up to its number, which makes its id.
    private let head = ByteWriter(capacity: 192)
    private let value = ByteWriter(capacity: 1 << 10)
    private let key = ByteWriter(capacity: 128)
    private var written: Int64 = 0
    /// The time of the last one, which most often is that of the next.
    private let time = ByteWriter(capacity: 32)
    private var timeWritten: WallTime?
    /// Of the attempt that is ending.
    private var items: [(record: RecordToken, attempt: Int)] = []
    private static let kept = 16 << 10

    /// - Parameter shard: its number in the process.
    init(_ topic: ReceiptTopic, group: String, shard: Int) {
        self.topic = topic
        head.append("{\"specversion\":\"1.0\",\"type\":\"fanfare.receipt\",\"datacontenttype\":\"application/json\",\"source\":" as StaticString)
        var source = "fanfare:\(group)"
        source.withUTF8 { head.appendJSONString(UnsafeRawBufferPointer($0)) }
        head.append(",\"id\":\"" as StaticString)
        head.append(String(topic.process, radix: 16))
        head.append(UInt8(ascii: "-"))
        head.append(decimal: Int64(shard))
        head.append(UInt8(ascii: "-"))
    }

    /// Before the engine knows that the attempt has ended.
    func begin() { items.removeAll(keepingCapacity: true) }

    func add(_ item: ItemView) { items.append((record: item.token, attempt: item.attempts + 1)) }

    func write(
        _ outcome: AttemptOutcome, _ ending: AttemptEnding, _ draft: ReceiptDraft, _ origin: ReceiptOrigin, duration: TimeSpan, at now: WallTime
    ) {
        guard let result = ending.result, draft.isSampled || result != .success, !items.isEmpty else { return }
        value.removeAll(keepingAtMost: Self.kept)
        beginEvent(at: now)
        origin.head.withUnsafeBytes { value.append($0) }
        if !draft.webhookID.isEmpty {
            value.append(",\"webhookId\":\"" as StaticString)
            value.append(draft.webhookID.bytes)
            value.append(UInt8(ascii: "\""))
        }
        value.append(",\"attempt\":" as StaticString)
        value.append(decimal: Int64(items.reduce(0) { max($0, $1.attempt) }))
        value.append(",\"result\":\"" as StaticString)
        value.append(result.rawValue)
        value.append(UInt8(ascii: "\""))
        append(outcome, result)
        value.append(",\"durationSeconds\":" as StaticString)
        value.append(seconds: duration)
        value.append(",\"endpoint\":" as StaticString)
        if draft.host.isEmpty { origin.host.withUnsafeBytes { value.appendJSONString($0) } } else { value.appendJSONString(draft.host.bytes) }
        value.append(",\"time\":\"" as StaticString)
        value.append(time.bytes)
        value.append("\",\"count\":" as StaticString)
        value.append(decimal: Int64(items.count))
        append(draft, ending)
        value.append(UInt8(ascii: "}"))
        makeKey(draft, origin)
        var headers = HeaderList()
        headers.append(name: "content-type", value: Self.contentType)
        topic.write(key: key.bytes, value: value.bytes, headers: &headers, at: now)
    }

    /// Up to its data.
    private func beginEvent(at now: WallTime) {
        written += 1
        value.append(head.bytes)
        value.append(decimal: written)
        value.append("\",\"time\":\"" as StaticString)
        if timeWritten != now {
            time.removeAll()
            time.appendRFC3339(milliseconds: now.milliseconds)
            timeWritten = now
        }
        value.append(time.bytes)
        value.append("\",\"data\":" as StaticString)
    }

    private func append(_ outcome: AttemptOutcome, _ result: AttemptEnding.Result) {
        if outcome.status > 0 {
            value.append(",\"status\":" as StaticString)
            value.append(decimal: Int64(outcome.status))
        }
        guard result != .success else { return }
        if let failure = outcome.failure {
            value.append(",\"failure\":\"" as StaticString)
            value.append(failure.rawValue)
            value.append(UInt8(ascii: "\""))
        }
        value.append(",\"message\":" as StaticString)
        var message = DivertedRecord.oneLine(outcome.message)
        message.withUTF8 { value.appendJSONString(UnsafeRawBufferPointer($0)) }
    }

    private func append(_ draft: ReceiptDraft, _ ending: AttemptEnding) {
        value.append(",\"events\":[" as StaticString)
        var place = 0
        for index in 0..<min(draft.count, items.count) {
            if index > 0 { value.append(UInt8(ascii: ",")) }
            value.append(draft[index])
            value.append(",\"attempt\":" as StaticString)
            value.append(decimal: Int64(items[index].attempt))
            if let step = ending.step(of: items[index].record, from: &place) { append(step) }
            value.append(UInt8(ascii: "}"))
        }
        value.append("]}" as StaticString)
    }

    private func append(_ step: AttemptEnding.NextStep) {
        value.append(",\"next\":{\"step\":\"" as StaticString)
        value.append(step.name)
        value.append(UInt8(ascii: "\""))
        switch step {
        case .wait(let until): append(due: until)
        case .retry(let partition, let due):
            append(due: due)
            value.append(",\"retryPartition\":" as StaticString)
            value.append(decimal: Int64(partition))
        case .deadLetter(let kind):
            value.append(",\"kind\":\"" as StaticString)
            value.append(kind.rawValue)
            value.append(UInt8(ascii: "\""))
        case .delivered, .again, .inLine, .outage, .dropped, .left: break
        }
        value.append(UInt8(ascii: "}"))
    }

    private func append(due time: WallTime) {
        value.append(",\"due\":\"" as StaticString)
        value.appendRFC3339(milliseconds: time.milliseconds)
        value.append(UInt8(ascii: "\""))
    }

    /// All receipts of a subscription's event are in one partition, in their order.
    private func makeKey(_ draft: ReceiptDraft, _ origin: ReceiptOrigin) {
        key.removeAll(keepingAtMost: Self.kept)
        origin.name.withUnsafeBytes { key.append($0) }
        key.append(UInt8(ascii: "/"))
        key.append(draft.webhookID.bytes)
    }

    private static var contentType: UnsafeRawBufferPointer {
        let text: StaticString = "application/cloudevents+json; charset=utf-8"
        return UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }
}

extension Shard {
    /// Before the engine knows that an attempt has ended, and its events go elsewhere.
    func noteReceipt(_ delivery: Delivery, _ receipts: ShardReceipts, _ draft: ReceiptDraft) {
        receipts.begin()
        for i in 0..<delivery.count {
            let item = core.item(i, of: delivery)
            receipts.add(item)
            if i >= draft.count || draft.webhookID.isEmpty { complete(draft, item, i) }
        }
    }

    /// No request was written, or not of this event.
    private func complete(_ draft: ReceiptDraft, _ item: ItemView, _ index: Int) {
        let headers = item.isRetryRecord ? RetryHeaders(KafkaRecord(bits: item.token.bits)) : nil
        let partition = headers?.partition ?? core.name(of: item.partition).partition
        let offset = headers?.offset ?? item.offset
        if draft.webhookID.isEmpty { draft.name(headers?.topic ?? core.name(of: item.partition).topic, partition, offset) }
        if index >= draft.count { draft.addUnknown(partition: partition, offset: offset) }
    }
}

extension ByteWriter {
    /// With microseconds.
    fileprivate func append(seconds span: TimeSpan) {
        let microseconds = max(0, span.nanoseconds / 1000)
        append(decimal: microseconds / 1_000_000)
        append(UInt8(ascii: "."))
        let rest = microseconds % 1_000_000
        var digit: Int64 = 100_000
        while digit > rest, digit > 1 {
            append(UInt8(ascii: "0"))
            digit /= 10
        }
        append(decimal: rest)
    }
}
