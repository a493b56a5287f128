import FoundationEssentials
import Hummingbird
import HTTPTypes
import NIOCore

/// The kinds of answers that the ops server gives.
///
/// Nothing may be cached (every answer is of the moment), and nothing may be taken for another type than it says.
enum Reply {
    static func bytes(_ bytes: some Sequence<UInt8>, type: String, status: HTTPResponse.Status = .ok) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = type
        headers[.cacheControl] = "no-store"
        headers[.xContentTypeOptions] = "nosniff"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    static func text(_ text: String, status: HTTPResponse.Status = .ok) -> Response {
        bytes(text.utf8, type: "text/plain; charset=utf-8", status: status)
    }

    static func json(_ value: some Encodable, type: String = "application/json", status: HTTPResponse.Status = .ok) -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Encoding fails only for NaN and infinities, which the answers do not hold.
        guard let data = try? encoder.encode(value) else { preconditionFailure("not JSON: \(value)") }
        return bytes(data, type: type, status: status)
    }

    /// RFC 9457. `detail` says what to do about it.
    static func problem(_ status: HTTPResponse.Status, _ detail: String) -> Response {
        json(
            Problem(title: status.reasonPhrase, status: status.code, detail: detail), type: "application/problem+json",
            status: status)
    }

    private struct Problem: Encodable {
        var title: String
        var status: Int
        var detail: String
    }
}
