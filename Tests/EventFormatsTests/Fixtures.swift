import EventFormats
import EventModel
import Foundation
import Testing

/// A record that owns its bytes, so that views of it stay valid as long as it lives.
final class TestRecord {
    var topic = "shop.orders"
    var partition: Int32 = 3
    var offset: Int64 = 42
    var timestamp: Int64 = 1_522_949_460_123  // 2018-04-05T17:31:00.123Z
    private var owned: [UnsafeMutableRawBufferPointer] = []
    private var key: UnsafeRawBufferPointer?
    private var value: UnsafeRawBufferPointer?
    private var headers: [RecordView.Header] = []

    init(key: String? = nil, value: String?, headers: [(String, String?)] = []) {
        self.key = key.map { own(Array($0.utf8)) }
        self.value = value.map { own(Array($0.utf8)) }
        for (name, value) in headers { addHeader(Array(name.utf8), value.map { Array($0.utf8) }) }
    }

    init(key: [UInt8]?, value: [UInt8]?, headers: [([UInt8], [UInt8]?)] = []) {
        self.key = key.map(own)
        self.value = value.map(own)
        for (name, value) in headers { addHeader(name, value) }
    }

    static func structured(_ value: String, contentType: String = "application/cloudevents+json") -> TestRecord {
        TestRecord(value: value, headers: [("content-type", contentType)])
    }

    /// Minimal binary mode, with more headers.
    static func binary(_ value: String?, _ more: [(String, String?)] = []) -> TestRecord {
        TestRecord(
            value: value,
            headers: [("ce_specversion", "1.0"), ("ce_id", "1"), ("ce_source", "/s"), ("ce_type", "t")] + more)
    }

    deinit { for buffer in owned { buffer.deallocate() } }

    private func addHeader(_ name: [UInt8], _ value: [UInt8]?) {
        headers.append(RecordView.Header(name: own(name), value: value.map(own)))
    }

    private func own(_ bytes: [UInt8]) -> UnsafeRawBufferPointer {
        // Exactly as long as the content, so that the address sanitizer sees a step beyond it.
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        buffer.copyBytes(from: bytes)
        owned.append(buffer)
        return UnsafeRawBufferPointer(buffer)
    }

    var view: RecordView {
        RecordView(
            topic: topic, partition: partition, offset: offset, timestamp: WallTime(milliseconds: timestamp), key: key,
            value: value, headers: headers)
    }
}

func text(_ bytes: UnsafeRawBufferPointer?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

extension ByteWriter {
    var text: String { String(decoding: bytes, as: UTF8.self) }
    /// What was appended as headers, by line.
    var lines: [String] { bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) } }
}

/// What an event says, copied out of its views.
struct EventText: Equatable {
    var id: String
    var source: String
    var type: String
    var subject: String?
    var time: String?
    var contentType: String?
    var schema: String?
    var extensions: [String: String]
    var data: [UInt8]
    var kind: Event.DataKind

    init(_ event: Event) {
        id = text(event.id) ?? ""
        source = text(event.source) ?? ""
        type = text(event.type) ?? ""
        subject = text(event.subject)
        time = text(event.time)
        contentType = text(event.dataContentType)
        schema = text(event.dataSchema)
        extensions = Dictionary(
            event.extensions.map { (text($0.name) ?? "", text($0.value) ?? "") }, uniquingKeysWith: { _, new in new })
        data = Array(event.data)
        kind = event.dataKind
    }
}

/// Decodes one record and copies the event out.
func decoded(_ record: TestRecord, mapping: EventMapping = EventMapping()) throws -> EventText {
    let decoder = EventDecoder(topic: record.topic, mapping: mapping)
    // The event is a view of what these two own.
    return try withExtendedLifetime((record, decoder)) { try EventText(decoder.decode(record.view)) }
}

/// Why a record is refused; nil when it is not.
func poison(_ record: TestRecord, mapping: EventMapping = EventMapping()) -> String? {
    do throws(PoisonReason) {
        _ = try EventDecoder(topic: record.topic, mapping: mapping).decode(record.view)
        return nil
    } catch {
        return error.message
    }
}

/// The request that a record becomes.
struct Request {
    var body: String
    var isView: Bool
    var headers: [String]

    init(_ record: TestRecord, _ format: PayloadFormat, mapping: EventMapping = EventMapping()) throws {
        let body = ByteWriter()
        let headers = ByteWriter()
        let decoder = EventDecoder(topic: record.topic, mapping: mapping)
        let event = try decoder.decode(record.view)
        defer { withExtendedLifetime((record, decoder)) {} }
        switch PayloadEncoder.encode(event, of: record.view, format: format, body: body, headers: headers) {
        case .written: (self.body, isView) = (body.text, false)
        case .view(let bytes): (self.body, isView) = (String(decoding: bytes, as: UTF8.self), true)
        }
        self.headers = headers.lines
    }
}

/// Cases that others wrote: `$FANFARE_VECTORS`, or `../shared/vectors` beside the package.
enum Vectors {
    static func folder(_ name: String) -> URL? {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let all = ProcessInfo.processInfo.environment["FANFARE_VECTORS"].map { URL(fileURLWithPath: $0) }
            ?? root.deletingLastPathComponent().appendingPathComponent("shared/vectors")
        let folder = all.appendingPathComponent(name)
        guard FileManager.default.fileExists(atPath: folder.path) else {
            print("skipped: no vectors (\(folder.path))")
            return nil
        }
        return folder
    }

    static func files(in folder: URL, ending suffix: String) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.lastPathComponent.hasSuffix(suffix) }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
    }
}
