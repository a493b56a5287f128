internal import EventFormats
internal import EventModel
public import KafkaClient

/// Everything about one dead letter, as far as it fits into an answer.
public struct WholeDeadLetter: Sendable {
    /// What an event carries, as its bytes allow.
    public struct Payload: Sendable {
        public enum Form: String, Sendable, CaseIterable { case json, text, binary }

        public var form: Form
        /// In base64 where it is `binary`.
        public var text: String
        /// Of the whole.
        public var bytes: Int
        /// Whether only the beginning is here.
        public var isCut: Bool
        /// Whether it was too large for the dead-letter topic, and was read where the event came from.
        public var isFromSource: Bool
    }

    public var letter: DeadLetter
    /// The event's id.
    public var event: String?
    /// Values that are no text are in hexadecimal digits, after `0x`.
    public var headers: [(name: String, value: String?)]
    /// Nil for a tombstone, and where the source does not have it any more.
    public var payload: Payload?
    public var key: String? { letter.key.map { Self.text(of: $0) } }

    /// As much of a payload is shown.
    public static let shownBytes = 256 << 10

    static func text(of bytes: some Collection<UInt8>) -> String {
        let isText = !bytes.contains { $0 == 0x7F || ($0 < 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D) }
        if isText, let text = String(validating: bytes, as: UTF8.self) { return text }
        return "0x" + bytes.map(Hexadecimal.byte).joined()
    }
}

extension WholeDeadLetter.Payload {
    init(_ bytes: UnsafeRawBufferPointer, isFromSource: Bool) {
        let isCut = bytes.count > WholeDeadLetter.shownBytes
        let isText = UTF8Check.isValid(bytes)
        let head = UnsafeRawBufferPointer(rebasing: bytes.prefix(WholeDeadLetter.shownBytes))
        // Not in the midst of a character.
        var text = ""
        if isText {
            var end = head.count
            while isCut, end > 0, head[end - 1] & 0xC0 == 0x80 { end -= 1 }
            if isCut, end > 0, head[end - 1] >= 0xC0 { end -= 1 }
            text = String(decoding: head[..<end], as: UTF8.self)
        } else {
            let writer = ByteWriter(capacity: 4 * head.count / 3 + 4)
            writer.appendBase64(head)
            text = String(decoding: writer.bytes, as: UTF8.self)
        }
        let isJSON = isText && (try? JSONScanner.scan(bytes)) != nil
        self.init(form: isJSON ? .json : isText ? .text : .binary, text: text, bytes: bytes.count, isCut: isCut, isFromSource: isFromSource)
    }
}

extension DeadLetterSource {
    /// Nil where there is no record any more.
    public func letter(at place: RecordPlace) throws(KafkaError) -> WholeDeadLetter? {
        let fetcher = try RecordFetcher(kafka)
        guard let record = try fetcher.record(of: place.topicPartition, at: place.offset) else { return nil }
        defer { record.destroy() }
        let letter = DeadLetter(record, of: place.topicPartition)
        var whole = WholeDeadLetter(letter: letter, event: ids.id(of: letter, record), headers: [])
        record.headers.forEach { whole.headers.append((String(decoding: $0.name, as: UTF8.self), $0.value.map { WholeDeadLetter.text(of: $0) })) }
        if letter.isReference, let source = letter.source {
            let original = try fetcher.record(of: source.topicPartition, at: source.offset)
            defer { original?.destroy() }
            whole.payload = original?.value.map { WholeDeadLetter.Payload($0, isFromSource: true) }
        } else {
            whole.payload = record.value.map { WholeDeadLetter.Payload($0, isFromSource: false) }
        }
        return whole
    }
}
