import DeliveryCore
import EventModel
import Glibc
import HTTPTypes
import Hummingbird
import NIOCore

/// What a request's handler knows besides the request.
struct OpsContext: InitializableFromSource {
    let peer: String?

    init(source: ApplicationRequestContextSource) {
        peer = source.channel.remoteAddress?.ipAddress
    }
}

/// From a path to an answer.
struct OpsResponder: HTTPResponder {
    let source: any OpsSource
    let livenessBound: TimeSpan
    let startedAt: WallTime

    func respond(to request: Request, context: OpsContext) async throws -> Response {
        let path = request.uri.path
        guard AccessRule.isOpen(path) || isLocal(request, context) else {
            return Reply.problem(
                .forbidden,
                "Without tokens only a caller on this machine gets this: use a loopback address, or a port forward without a proxy. "
                    + "/livez, /readyz and /metrics answer everybody.")
        }
        guard request.method == .get || request.method == .head else {
            var response = Reply.problem(.methodNotAllowed, "\(path) can only be read: use GET.")
            response.headers[.allow] = "GET, HEAD"
            return response
        }
        let response = answer(path, accept: request.headers[.accept])
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(_ path: String, accept: String?) -> Response {
        switch path {
        case "/": return Page.index(version: source.version)
        case "/livez": return livez()
        case "/readyz": return readyz()
        case "/metrics": return metrics(accept: accept)
        case "/api/v1/subscriptions": return Reply.json(SubscriptionList(source.snapshot(), at: wallTime()))
        case "/api/v1/topics": return Reply.json(TopicList(source.snapshot()))
        default:
            let prefix = "/api/v1/subscriptions/"
            if path.hasPrefix(prefix) { return subscription(named: String(path.dropFirst(prefix.count))) }
            return Reply.problem(.notFound, "There is nothing at \(path); / lists what there is.")
        }
    }

    private func isLocal(_ request: Request, _ context: OpsContext) -> Bool {
        let forwarded = request.headers.contains { field in
            let name = field.name.canonicalName
            return name == "forwarded" || name == "via" || name == "x-real-ip" || name.hasPrefix("x-forwarded-")
        }
        return AccessRule.isLocal(peer: context.peer, host: request.head.authority, forwarded: forwarded)
    }

    private func livez() -> Response {
        let turn = source.oldestTurn()
        guard turn > livenessBound else { return Reply.text("ok\n") }
        return Reply.text(
            "a shard has not turned for \(Int(turn.seconds)) s (bound: \(livenessBound))\n", status: .serviceUnavailable)
    }

    private func readyz() -> Response {
        switch source.readiness() {
        case .ready: Reply.text("ready\n")
        case .notReady(let reasons): Reply.text("not ready\n" + reasons.map { "- \($0)\n" }.joined(), status: .serviceUnavailable)
        }
    }

    private func metrics(accept: String?) -> Response {
        let format = MetricFormat.negotiate(accept: accept)
        let view = MetricView(
            core: source.snapshot(), process: ProcessFigures.read(), version: source.version, startedAt: startedAt, now: wallTime())
        return Reply.bytes(MetricCatalog.render(view, format: format), type: format.contentType)
    }

    private func subscription(named name: String) -> Response {
        guard let found = source.snapshot().subscriptions.first(where: { $0.name == name }) else {
            return Reply.problem(.notFound, "There is no subscription \"\(name)\"; /api/v1/subscriptions lists all.")
        }
        return Reply.json(SubscriptionDetail(found, at: wallTime()))
    }
}

/// The wall clock, for ages.
func wallTime() -> WallTime {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return WallTime(milliseconds: Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000)
}
