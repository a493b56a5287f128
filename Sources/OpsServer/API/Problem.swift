import HTTPTypes
import Manifests

/// An error as a caller sees it (RFC 9457): what is wrong, where, and what to do about it.
struct Problem: Error, Sendable {
    var status: HTTPResponse.Status
    var detail: String
    /// All that is wrong with a request.
    var faults: [InputFault] = []
    var headers: HTTPFields = [:]

    init(_ status: HTTPResponse.Status, _ detail: String, faults: [InputFault] = [], headers: HTTPFields = [:]) {
        self.status = status
        self.detail = detail
        self.faults = faults
        self.headers = headers
    }

    static func badRequest(_ faults: [InputFault]) -> Problem {
        Problem(.badRequest, faults.map(\.sentence).joined(separator: "; "), faults: faults)
    }

    static let mediaType = "application/problem+json"

    static let shape = ObjectShape<Problem>("Problem", "What is wrong, and what to do about it (RFC 9457).", [
        .text("title", "The status in words.") { $0.status.reasonPhrase },
        .count("status", "The HTTP status.") { $0.status.code },
        .text("detail", "What to do about it.") { $0.detail },
        // Left out where the request as a whole is refused.
        .init(
            name: "errors", schema: ["type": "array", "items": faultShape.component.reference], isRequired: false, uses: [faultShape.component]
        ) { $0.faults.isEmpty ? nil : .array($0.faults.map(faultShape.json)) },
    ])

    private static let faultShape = ObjectShape<InputFault>("Fault", "One thing that is wrong with a request.", [
        .words("in", ["path", "query", "body"], "Where.") { $0.place.rawValue },
        .optionalText("name", "The parameter's name.") { $0.place != .body ? $0.name : nil },
        .optionalText("pointer", "JSON pointer into the body.") { fault in
            guard fault.place == .body else { return nil }
            if let pointer = fault.pointer { return pointer }
            return fault.name.isEmpty ? "" : "/" + fault.name.replacing("~", with: "~0").replacing("/", with: "~1")
        },
        .text("detail", "What must be changed.") { $0.detail },
    ])
}

extension InputFault {
    var sentence: String { (pointer ?? name).isEmpty ? "the \(place.rawValue) \(detail)" : "\(place.rawValue) \(pointer ?? name): \(detail)" }
}
