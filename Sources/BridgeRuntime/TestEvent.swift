package import EventModel

/// An event that nothing has caused: for a look at whether an endpoint takes what it would get.
package struct TestEvent {
    private let type: String
    private let data: [UInt8]

    /// - Parameter type: nil takes the first of the topic's catalog that has an example.
    package init(_ manifest: TopicManifest, type: String?) {
        let entry = manifest.events.first { type == nil ? $0.example != nil : $0.type == type }
        self.type = type ?? entry?.type ?? "fanfare.test"
        data = entry?.example?.text ?? Self.message
    }

    /// - Parameter data: nil is a sentence that says what it is.
    package init(type: String, data: [UInt8]? = nil) {
        self.type = type
        self.data = data ?? Self.message
    }

    private static let message = Array(#"{"message":"This is a test by Fanfare: nothing has happened."}"#.utf8)

    /// A CloudEvent in Kafka's binary mode, so that whatever the topic's mapping says of its own records does not matter.
    package func record(at now: WallTime, id: String = Self.newID()) -> GivenRecord {
        GivenRecord(
            key: nil, value: data,
            headers: [
                (name: "ce_specversion", value: "1.0"), (name: "ce_id", value: id), (name: "ce_source", value: "/fanfare/test"),
                (name: "ce_type", value: type), (name: "ce_time", value: now.rfc3339), (name: "content-type", value: "application/json"),
            ],
            timestamp: now)
    }

    package static func newID() -> String { "fanfare-test-\(String(UInt64.random(in: .min ... .max), radix: 16))" }
}
