import EventModel
import Glibc
import HTTPTypes
import Hummingbird
import NIOCore

/// What a request's handler knows besides the request.
struct OpsContext: InitializableFromSource {
    let peer: String?
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        channel = source.channel
        peer = source.channel.remoteAddress?.ipAddress
    }
}

/// From a request to an answer: who asks, for which operation, with which inputs.
struct OpsResponder: HTTPResponder {
    let source: any OpsSource
    let livenessBound: TimeSpan
    let access: AccessControl
    let rates: RateLimiter
    let monitor: Monitor

    /// A request's body, in bytes. Changes are a few words.
    static let maximumBody = 64 << 10

    func respond(to request: Request, context: OpsContext) async throws -> Response {
        do throws(Problem) {
            let response = try await answer(request, context)
            return request.method == .head ? response.createHeadResponse() : response
        } catch {
            return Reply.problem(error)
        }
    }

    private func answer(_ request: Request, _ context: OpsContext) async throws(Problem) -> Response {
        let path = request.uri.path
        let segments = path.split(separator: "/", omittingEmptySubsequences: false)
        let here = OperationTable.all.compactMap { operation in operation.match(segments).map { (operation: operation, variables: $0) } }
        let method: HTTPRequest.Method = request.method == .head ? .get : request.method
        let found = here.first { $0.operation.method == method }
        let caller = try identify(request, context, (found ?? here.first)?.operation.access ?? .viewer)
        guard !here.isEmpty else { throw Problem(.notFound, "There is nothing at \(path.prefix(200)); /openapi.json says what there is.") }
        guard let (operation, variables) = found else { throw Self.wrongMethod(here.map(\.operation)) }
        if operation.access == .operators, caller.role != .operators {
            let why = operation.method == .get ? "This token may not see what events carry; that needs" : "This token may only read; a change needs"
            throw Problem(.forbidden, "\(why) one of ops.tokens.operator.")
        }
        let body = operation.hasBody ? try await body(of: request) : nil
        let inputs = try operation.read(variables, query: request.uri.query, body: body)
        return try await operation.run(Call(self, caller, accept: request.headers[.accept], channel: context.channel, inputs: inputs))
    }

    /// Who asks, within the limit of requests.
    private func identify(_ request: Request, _ context: OpsContext, _ kind: Operation.Access) throws(Problem) -> Caller {
        let address = context.peer ?? "unknown"
        // An orchestrator that is sent away would restart the process.
        if kind == .anybody { return Caller(role: .viewer, name: nil, address: address) }
        let isForeign = kind != .page && AccessRule.isForeign(
            origin: request.headers[.origin], site: request.headers[.secFetchSite], host: request.head.authority)
        do throws(Problem) {
            if isForeign { throw Problem(.forbidden, "A page of another origin may not ask for this.") }
            let isLocal = kind == .figures || AccessRule.isLocal(peer: context.peer, host: request.head.authority, forwarded: request.isForwarded)
            if kind == .page, access.hasTokens {
                try limit("address \(address)")
                return Caller(role: .viewer, name: nil, address: address)
            }
            let caller = try access.caller(authorization: request.headers[.authorization], address: address, isLocal: isLocal)
            try limit(caller.name.map { "token \($0)" } ?? "address \(address)")
            return caller
        } catch {
            // Guesses are counted too, and by address, so that nobody can use up another's requests.
            if error.status != .tooManyRequests { try limit("address \(address)") }
            throw error
        }
    }

    private func limit(_ client: String) throws(Problem) {
        guard let wait = rates.take(client, at: monotonicTime()) else { return }
        let seconds = max(1, Int(wait.seconds.rounded(.up)))
        throw Problem(.tooManyRequests, "Too many requests (ops.rateLimit): wait \(seconds) s.", headers: [.retryAfter: "\(seconds)"])
    }

    private static func wrongMethod(_ operations: [Operation]) -> Problem {
        var methods = operations.map(\.method.rawValue)
        if methods.contains("GET") { methods.append("HEAD") }
        let allowed = methods.sorted().joined(separator: ", ")
        return Problem(.methodNotAllowed, "This can be asked for with \(allowed).", headers: [.allow: allowed])
    }

    /// Nil where there is none.
    private func body(of request: Request) async throws(Problem) -> [UInt8]? {
        let bytes: [UInt8]
        do {
            bytes = try await Array(buffer: request.body.collect(upTo: Self.maximumBody))
        } catch is NIOTooManyBytesError {
            throw Problem(.contentTooLarge, "A body may have \(Self.maximumBody) bytes.")
        } catch {
            throw Problem(.badRequest, "The body ends early.")
        }
        let type = request.headers[.contentType]?.split(separator: ";").first?.lowercased().trimming(" \t")
        if bytes.isEmpty, type == nil { return nil }
        guard type == "application/json" else {
            throw Problem(.unsupportedMediaType, "A body must be JSON, and say so: Content-Type: application/json.", headers: [.accept: "application/json"])
        }
        return bytes.isEmpty ? nil : bytes
    }
}

extension Request {
    /// Whether a header says that a proxy passed it on.
    fileprivate var isForwarded: Bool {
        headers.contains { field in
            let name = field.name.canonicalName
            return name == "forwarded" || name == "via" || name == "x-real-ip" || name.hasPrefix("x-forwarded-")
        }
    }
}

extension HTTPField.Name {
    /// Whether a browser says that a page of another site asks.
    static let secFetchSite = HTTPField.Name("Sec-Fetch-Site")!
}

/// The wall clock, for ages.
func wallTime() -> WallTime {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return WallTime(milliseconds: Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000)
}

/// The clock that nobody sets.
func monotonicTime() -> Instant {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Instant(nanoseconds: Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec))
}
