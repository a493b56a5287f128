import EventModel
import Hummingbird
import Manifests

/// Everything that the server does. A new resource is a list of its own, named here.
enum OperationTable {
    static let all: [Operation] =
        SubscriptionOperations.all + MonitorOperations.all + DeliveryOperations.all + TopicOperations.all + ConfigurationOperations.all
        + DeadLetterOperations.all + JobOperations.all + LogOperations.all + ProbeOperations.all
        + DescriptionOperations.all + ConsoleOperations.all
}

/// What orchestrators and monitoring ask for.
enum ProbeOperations {
    static let all: [Operation] = [
        Operation(
            method: .get, path: "/livez", id: "livez", summary: "Whether every shard's loop turns.", tag: .probes, access: .anybody,
            answer: .text(["text/plain"], "It does."), problems: [(.serviceUnavailable, "One has stood still for too long: restart the process.")],
            run: livez),
        Operation(
            method: .get, path: "/readyz", id: "readyz", summary: "Whether the cluster answers and partitions were assigned.", tag: .probes,
            access: .anybody, answer: .text(["text/plain"], "Ready."),
            problems: [(.serviceUnavailable, "Not ready; the body says why, a reason per line.")], run: readyz),
        Operation(
            method: .get, path: "/metrics", id: "metrics", summary: "The metrics of this replica.",
            text: "Prometheus text 0.0.4, or OpenMetrics 1.0.0 where Accept prefers it.", tag: .probes, access: .figures,
            answer: .text(["text/plain", "application/openmetrics-text"], "All metrics."), run: metrics),
    ]

    @Sendable private static func livez(_ call: Call) -> Response {
        let turn = call.source.oldestTurn()
        guard turn > call.server.livenessBound else { return Reply.text("ok\n") }
        return Reply.text(
            "a shard has not turned for \(Int(turn.seconds)) s (bound: \(call.server.livenessBound))\n", status: .serviceUnavailable)
    }

    @Sendable private static func readyz(_ call: Call) -> Response {
        switch call.source.readiness() {
        case .ready: Reply.text("ready\n")
        case .notReady(let reasons): Reply.text("not ready\n" + reasons.map { "- \($0)\n" }.joined(), status: .serviceUnavailable)
        }
    }

    @Sendable private static func metrics(_ call: Call) -> Response {
        let format = MetricFormat.negotiate(accept: call.accept)
        let view = MetricView(
            core: call.source.snapshot(), isReady: call.source.readiness() == .ready, process: ProcessFigures.read(), version: call.source.version,
            startedAt: call.source.startedAt, now: wallTime(), receiptIndex: call.source.receiptIndex())
        return Reply.bytes(MetricCatalog.render(view, format: format), type: format.contentType)
    }
}

/// What the API says of itself.
enum DescriptionOperations {
    static let all: [Operation] = [
        Operation(
            method: .get, path: "/openapi.json", id: "openapi", summary: "This document.", tag: .description,
            answer: Operation.Answer(text: "An OpenAPI 3.1 document.", contents: [("application/json", ["type": "object"])])
        ) { call in Reply.json(OpenAPIDocument.json(version: call.source.version)) },
    ]
}
