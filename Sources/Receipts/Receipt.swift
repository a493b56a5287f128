internal import EventFormats
public import EventModel

/// What a record of the receipts topic says: one attempt to deliver one event, or a batch of them.
public struct Receipt: Equatable, Sendable {
    /// One event of the attempt.
    public struct Event: Equatable, Sendable {
        /// Nil where the record is no event, or no request was made of it.
        public var id: String?
        public var type: String?
        public var partition: Int32
        public var offset: Int64
        /// Its own attempts, this one included.
        public var attempt: Int
        public var next: NextStep?
    }

    /// What was decided about an event after the attempt.
    public struct NextStep: Equatable, Sendable {
        /// `delivered`, `wait`, `retry`, `again`, `in-line`, `outage`, `dead-letter`, `dropped` or `left`.
        public var step: String
        /// Of `wait` and `retry`.
        public var due: WallTime?
        /// Of `dead-letter`.
        public var kind: String?
    }

    public var subscription: String
    public var topic: String
    public var webhookID: String?
    /// The highest of its events.
    public var attempt: Int
    /// `success`, `retry` or `refused`.
    public var result: String
    /// Nil without an answer.
    public var status: Int?
    /// The kind of a failure without an answer.
    public var failure: String?
    public var message: String?
    public var seconds: Double
    public var endpoint: String
    /// When the attempt ended.
    public var time: WallTime
    /// Events in the attempt; of a very large batch not all are listed.
    public var count: Int
    public var events: [Event]

    public var hasFailed: Bool { result != "success" }
}

extension Receipt {
    /// What a record of the receipts topic holds, the data of a CloudEvent: as a receipt and as its JSON, which is valid as long as
    /// `value` is. Nil for what is none.
    public static func read(_ value: UnsafeRawBufferPointer) -> (receipt: Receipt, json: UnsafeRawBufferPointer)? {
        guard let data = try? JSONScanner.scan(value).member("data") else { return nil }
        return Receipt(data).map { ($0, data.raw) }
    }

    /// - Parameter json: the receipt itself. Nil for what is none.
    public init?(json: UnsafeRawBufferPointer) {
        guard let root = try? JSONScanner.scan(json) else { return nil }
        self.init(root)
    }

    /// Members that are not known are left out, so that a later version may have more.
    private init?(_ root: JSONValue) {
        guard root.kind == .object, let subscription = root.member("subscription")?.text, let topic = root.member("topic")?.text,
            let result = root.member("result")?.text, let time = root.member("time")?.text.flatMap({ WallTime(rfc3339: $0) }),
            let events = root.member("events"), events.kind == .array
        else { return nil }
        self.subscription = subscription
        self.topic = topic
        self.result = result
        self.time = time
        self.events = events.elements.compactMap(Event.init)
        webhookID = root.member("webhookId")?.text
        attempt = root.member("attempt")?.integer.map { Int($0) } ?? 0
        status = root.member("status")?.integer.map { Int($0) }
        failure = root.member("failure")?.text
        message = root.member("message")?.text
        seconds = root.member("durationSeconds")?.number ?? 0
        endpoint = root.member("endpoint")?.text ?? ""
        count = root.member("count")?.integer.map { Int($0) } ?? self.events.count
    }
}

extension Receipt.Event {
    fileprivate init?(_ json: JSONValue) {
        guard json.kind == .object, let partition = json.member("partition")?.integer.flatMap({ Int32(exactly: $0) }),
            let offset = json.member("offset")?.integer
        else { return nil }
        id = json.member("id")?.text
        type = json.member("type")?.text
        self.partition = partition
        self.offset = offset
        attempt = json.member("attempt")?.integer.map { Int($0) } ?? 0
        next = json.member("next").flatMap { next in
            guard next.kind == .object, let step = next.member("step")?.text else { return nil }
            return Receipt.NextStep(step: step, due: next.member("due")?.text.flatMap { WallTime(rfc3339: $0) }, kind: next.member("kind")?.text)
        }
    }
}

extension JSONValue {
    fileprivate var text: String? {
        let text = ByteWriter(capacity: 64)
        return kind == .string && appendUnescaped(to: text) ? String(decoding: text.bytes, as: UTF8.self) : nil
    }

    fileprivate var number: Double? { kind == .number ? Double(String(decoding: raw, as: UTF8.self)) : nil }

    fileprivate var integer: Int64? { kind == .number ? Int64(String(decoding: raw, as: UTF8.self)) : nil }
}
