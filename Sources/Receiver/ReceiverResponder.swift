import Glibc
import HTTPTypes
import Hummingbird
import NIOCore

/// The parts of a request that the receiver looks at.
struct IncomingRequest {
    var path: String
    var contentType: String
    var webhookID: String?
    /// All of them, for its signature.
    var headers: HTTPFields
    var subscription: String?
    var attempt: Int?
    var eventType: String?
    var body: ByteBuffer
    /// Unix milliseconds.
    var receivedAt: Int64
}

struct ReceiverContext: InitializableFromSource {
    init(source: ApplicationRequestContextSource) {}
}

/// From HTTP to the receiver and back.
struct ReceiverResponder: HTTPResponder {
    let receiver: WebhookReceiver
    let maxBody: Int

    func respond(to request: Request, context: ReceiverContext) async throws -> Response {
        guard request.method == .post else {
            return text(.methodNotAllowed, "This is a webhook receiver: it takes POST.\n", allow: "POST")
        }
        guard let body = try? await request.body.collect(upTo: maxBody) else {
            return text(.contentTooLarge, "The body is longer than \(maxBody) bytes.\n")
        }
        let answer = try await receiver.receive(incoming(request, body))
        var response = text(HTTPResponse.Status(code: answer.status), "")
        if let seconds = answer.retryAfter { response.headers[.retryAfter] = String(seconds) }
        return response
    }

    private func incoming(_ request: Request, _ body: ByteBuffer) -> IncomingRequest {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let headers = request.headers
        return IncomingRequest(
            path: request.uri.path,
            contentType: headers[.contentType] ?? "",
            webhookID: headers[.webhookID],
            headers: headers,
            subscription: headers[.fanfareSubscription],
            attempt: headers[.fanfareAttempt].flatMap { Int($0) },
            eventType: headers[.eventType],
            body: body,
            receivedAt: Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000)
    }

    private func text(_ status: HTTPResponse.Status, _ text: String, allow: String? = nil) -> Response {
        var headers = HTTPFields()
        if let allow { headers[.allow] = allow }
        if !text.isEmpty { headers[.contentType] = "text/plain; charset=utf-8" }
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}

extension HTTPField.Name {
    static let webhookID = HTTPField.Name("webhook-id")!
    static let fanfareSubscription = HTTPField.Name("fanfare-subscription")!
    static let fanfareAttempt = HTTPField.Name("fanfare-attempt")!
    static let eventType = HTTPField.Name("ce-type")!
}
