import HTTPTypes
import Hummingbird
import Manifests
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

    static func json(_ value: JSON, type: String = "application/json", status: HTTPResponse.Status = .ok) -> Response {
        bytes("\(value.compact)\n".utf8, type: type, status: status)
    }

    static var empty: Response { Response(status: .noContent, headers: [.cacheControl: "no-store"]) }

    static func json<Value>(_ shape: ObjectShape<Value>, _ value: Value, status: HTTPResponse.Status = .ok) -> Response {
        json(shape.json(value), status: status)
    }

    static func problem(_ problem: Problem) -> Response {
        var response = json(Problem.shape.json(problem), type: Problem.mediaType, status: problem.status)
        for field in problem.headers { response.headers[field.name] = field.value }
        return response
    }
}
