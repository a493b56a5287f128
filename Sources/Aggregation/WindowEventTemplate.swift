import EventFormats
import EventModel

/// What is the same in the events of all windows of a subscription, as JSON.
struct WindowEventTemplate {
    let subscription: String
    let topic: String
    let groupBy: [GroupKey]
    /// `source` and `type`.
    let envelope: ContiguousArray<UInt8>
    let shape: StaticString

    init(_ subscription: Subscription, _ policy: WindowPolicy) {
        self.subscription = subscription.name
        topic = subscription.sourceTopic
        groupBy = policy.groupBy
        shape =
            switch policy.shape {
            case .tumbling: "tumbling"
            case .hopping: "hopping"
            case .session: "session"
            }
        let writer = ByteWriter()
        writer.append(#","source":""# as StaticString)
        writer.append(sourceOfTopic: topic)
        writer.append(#"","type":"# as StaticString)
        writer.append(jsonString: policy.eventType ?? "\(topic).window")
        envelope = ContiguousArray(writer.bytes)
    }
}

extension ByteWriter {
    func append(jsonString text: String) {
        var text = text
        text.withUTF8 { appendJSONString(UnsafeRawBufferPointer($0)) }
    }
}
