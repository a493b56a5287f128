import HTTPTypes
import Hummingbird
import Manifests

/// One thing that the server does: the server routes by it, checks requests by it, and describes itself by it.
struct Operation: Sendable {
    /// Who may ask for it.
    enum Access: Sendable {
        /// Probes: whoever can connect.
        case anybody
        /// Figures without names of people or endpoints: whoever can connect while there are no tokens, else a viewer.
        case figures
        /// Pages without data: whoever can connect while there are tokens, as a browser sends none; else a viewer.
        case page
        case viewer
        case operators
    }

    let method: HTTPRequest.Method
    /// `/api/v1/subscriptions/{name}`
    let path: String
    /// What programs call it.
    let id: String
    /// What people read first.
    let summary: String
    var text = ""
    let tag: Tag
    var access = Access.viewer
    var inputs: [Input] = []
    /// JSON Schema of a body that is read as a whole; `Call.document` is its text.
    var document: Component?
    let answer: Answer
    /// What it answers beside that and what all do.
    var problems: [(status: HTTPResponse.Status, text: String)] = []
    let run: @Sendable (Call) async throws(Problem) -> Response

    enum Tag: String, CaseIterable, Sendable {
        case subscriptions, deliveries, topics, redelivery, configuration, probes, description, console

        var text: String {
            switch self {
            case .subscriptions: "What is delivered to whom, how far it is, and control of it."
            case .deliveries: "What was attempted, and how it ended."
            case .topics: "What this replica reads."
            case .redelivery: "What could not be delivered, and what is sent again."
            case .probes: "For orchestrators and monitoring."
            case .configuration: "What it runs with."
            case .console: "For people."
            case .description: "Of this API."
            }
        }
    }

    /// What success looks like.
    struct Answer: Sendable {
        var status = HTTPResponse.Status.ok
        let text: String
        /// What 201 means beside that, with the same contents.
        var created: String?
        /// With their schemas.
        let contents: [(type: String, schema: JSON)]
        var uses: [Component] = []

        static func json<Value>(_ shape: ObjectShape<Value>, _ text: String, status: HTTPResponse.Status = .ok, created: String? = nil) -> Answer {
            Answer(status: status, text: text, created: created, contents: [("application/json", shape.component.reference)], uses: [shape.component])
        }

        static func empty(_ text: String) -> Answer { Answer(status: .noContent, text: text, contents: []) }

        static func text(_ types: [String], _ text: String) -> Answer {
            Answer(text: text, contents: types.map { ($0, ["type": "string"]) })
        }
    }

    func inputs(_ place: Input.Place) -> [Input] { inputs.filter { $0.place == place } }
    var hasBody: Bool { document != nil || inputs.contains { $0.place == .body } }

    /// The variables of the path, still percent-encoded; nil where it is another path.
    func match(_ segments: [Substring]) -> [String: Substring]? {
        let pattern = path.split(separator: "/", omittingEmptySubsequences: false)
        guard pattern.count == segments.count else { return nil }
        var variables: [String: Substring] = [:]
        for (part, segment) in zip(pattern, segments) {
            if part.hasPrefix("{") {
                guard !segment.isEmpty else { return nil }
                variables[String(part.dropFirst().dropLast())] = segment
            } else if part != segment {
                return nil
            }
        }
        return variables
    }
}
