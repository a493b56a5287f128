import EventFormats
import EventModel

/// Which events' attempts are recorded: the same ones on all replicas, at every attempt.
package struct ReceiptSample: Sendable {
    private let limit: UInt64?

    /// - Parameter share: from 0 to 1.
    package init(_ share: Double) { limit = share >= 1 ? nil : UInt64(max(0, share) * 0x1p64) }

    package func contains(_ id: UnsafeRawBufferPointer) -> Bool {
        guard let limit else { return true }
        var hash = StableHash()
        hash.add(id)
        return hash.value < limit
    }
}

/// What the receipt of a request says of its events: written while they are decoded, which happens once per attempt.
package final class ReceiptDraft {
    /// Of the events' part of one receipt, in bytes; a batch with more is listed in part.
    package static let limit = 64 << 10
    private static let kept = 1 << 10

    private let sample: ReceiptSample
    /// JSON objects without their ends, back to back.
    private let text = ByteWriter(capacity: 128)
    private var ends: [Int] = []
    /// The request's; empty before it is written.
    let webhookID = ByteWriter(capacity: 48)
    /// Of an event's own URL; empty where all events go to one.
    let host = ByteWriter(capacity: 16)
    /// One of its events is.
    private(set) var isSampled = false
    private var isFull = false

    package init(_ sample: ReceiptSample) { self.sample = sample }

    /// Events listed.
    var count: Int { ends.count }

    /// Forgets the last request.
    func begin() {
        text.removeAll(keepingAtMost: Self.kept)
        ends.removeAll(keepingCapacity: true)
        webhookID.removeAll(keepingAtMost: Self.kept)
        host.removeAll()
        isSampled = false
        isFull = false
    }

    func add(_ event: Event, _ view: RecordView) {
        isSampled = isSampled || sample.contains(event.id)
        guard hasRoom(event.id.count + event.type.count) else { return }
        text.append("{\"id\":" as StaticString)
        text.appendJSONString(event.id)
        text.append(",\"type\":" as StaticString)
        text.appendJSONString(event.type)
        text.append(UInt8(ascii: ","))
        add(partition: view.partition, offset: view.offset)
    }

    /// One that was not decoded.
    func addUnknown(partition: Int32, offset: Int64) {
        guard hasRoom(0) else { return }
        text.append(UInt8(ascii: "{"))
        add(partition: partition, offset: offset)
    }

    /// Of a request that was not written: by the id that an event of this place has without another.
    func name(_ topic: String, _ partition: Int32, _ offset: Int64) {
        var id = "\(topic)-\(partition)-\(offset)"
        id.withUTF8 { WebhookID.append(UnsafeRawBufferPointer($0), to: webhookID) }
    }

    /// Events are listed in the order of their batch, the first ones of it.
    private func hasRoom(_ bytes: Int) -> Bool {
        if text.count + bytes >= Self.limit { isFull = true }
        return !isFull
    }

    private func add(partition: Int32, offset: Int64) {
        text.append("\"partition\":" as StaticString)
        text.append(decimal: Int64(partition))
        text.append(",\"offset\":" as StaticString)
        text.append(decimal: offset)
        ends.append(text.count)
    }

    /// An event's part: an object without its end.
    subscript(_ index: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: text.bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]])
    }
}
