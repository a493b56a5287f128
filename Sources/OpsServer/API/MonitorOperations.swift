import EventModel
import HTTPTypes
import Hummingbird
import Manifests

/// How things are from second to second, and how they were.
enum MonitorOperations {
    static let all: [Operation] = [
        Operation(
            method: .get, path: "/api/v1/events", id: "streamEvents", summary: "How things are, from second to second, as server-sent events.",
            text: """
                First an event `snapshot` with everything, then an `update` every second with what is different; the data of both is Figures. \
                The answer does not end by itself, but when tokens change or the bridge stops. A reader that falls \(Monitor.patience) seconds \
                behind is cut off.
                """,
            tag: .subscriptions,
            answer: Operation.Answer(
                text: "The stream.", contents: [("text/event-stream", ["type": "string"])], uses: [MonitorMessage.shape.component]),
            problems: [(.serviceUnavailable, "\(Monitor.mostListeners) streams are open already.")], run: stream),
        Operation(
            method: .get, path: "/api/v1/subscriptions/{name}/history", id: "getHistory", summary: "The last hour of a subscription on this replica.",
            text: "One sample every ten seconds, since the replica started.", tag: .subscriptions, inputs: [SubscriptionOperations.name],
            answer: .json(HistoryView.shape, "Its samples.")
        ) { (call) throws(Problem) in
            let name = call.text("name") ?? ""
            guard let samples = call.server.monitor.samples(of: name) else { throw SubscriptionOperations.unknown(name) }
            return Reply.json(HistoryView.shape, HistoryView(subscription: name, samples: samples))
        },
    ]

    @Sendable private static func stream(_ call: Call) throws(Problem) -> Response {
        let channel = call.channel
        guard let messages = call.server.monitor.listen(close: { channel.close(promise: nil) }) else {
            throw Problem(
                .serviceUnavailable, "\(Monitor.mostListeners) streams of events are open already; /api/v1/subscriptions answers all the same.",
                headers: [.retryAfter: "5"])
        }
        var response = Reply.text("")
        response.headers[.contentType] = "text/event-stream"
        // Of nginx, which would collect what comes in small pieces.
        response.headers[.accelBuffering] = "no"
        response.body = ResponseBody(asyncSequence: messages)
        return response
    }
}

extension HTTPField.Name {
    fileprivate static let accelBuffering = HTTPField.Name("X-Accel-Buffering")!
}
