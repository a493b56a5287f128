import BridgeRuntime
import EventModel
import TerminalViews

/// What would become of one event.
enum ExplanationText {
    static func text(_ explanation: Explanation, _ manifest: TopicManifest) -> String {
        var text = ""
        if let poison = explanation.poison {
            text += "not a valid event: \(poison)\nIt would become a dead letter of every subscription.\n"
        } else {
            text += "event\n"
            let width = explanation.attributes.map(\.name.count).max() ?? 0
            for (name, value) in explanation.attributes {
                text += "  \(name)\(String(repeating: " ", count: width - name.count))  \(value)\n"
            }
        }
        if let finding = explanation.finding { text += "catalog\n  \(line(finding, manifest.validate))\n" }
        for outcome in explanation.outcomes {
            text += "\n\(outcome.subscription): \(outcome.matches ? "matches" : "does not match")\n"
            for reason in outcome.reasons { text += "  \(reason)\n" }
            text += windows(outcome.windows)
            guard let request = outcome.request else { continue }
            text += "\n  POST \(request.url)\n"
            for (name, value) in request.headers { text += "  \(name): \(value)\n" }
            text += "\n  \(String(validating: request.body, as: UTF8.self) ?? "(\(request.body.count) bytes that are not text)")\n"
        }
        if manifest.subscriptions.isEmpty { text += "\nThe topic has no subscriptions.\n" }
        return text
    }

    private static func line(_ finding: CatalogValidator.Finding, _ mode: CatalogValidation) -> String {
        switch finding {
        case .valid: "nothing is wrong with it"
        case .unlisted: "its type is not listed under events; it is delivered all the same"
        case .invalid(let reason):
            "\(reason)\n  validate: \(mode.rawValue) - \(mode == .reject ? "a dead letter of those it matches" : "delivered all the same")"
        }
    }

    private static func json(_ finding: CatalogValidator.Finding) -> String {
        switch finding {
        case .valid: JSONText.object([("result", JSONText.quoted("valid"))])
        case .unlisted: JSONText.object([("result", JSONText.quoted("unlisted"))])
        case .invalid(let reason): JSONText.object([("result", JSONText.quoted("invalid")), ("reason", JSONText.quoted(reason))])
        }
    }

    /// Of many that overlap, so many are named.
    private static let named = 10

    private static func windows(_ windows: [DryRun.Window]) -> String {
        guard let first = windows.first else { return "" }
        let group = WindowData(first).group.map { " \($0.name) \($0.value)" }.joined(separator: ",")
        var text = "  it counts in \(Numbers.counted(windows.count, "window")) of\(group.isEmpty ? " its partition" : group):\n"
        for window in windows.prefix(named) {
            text += "    \(window.start.rfc3339) to \(window.end.rfc3339); if nothing more comes, complete at \(window.completed.rfc3339)\n"
        }
        if windows.count > named { text += "    and \(windows.count - named) more\n" }
        return text + "  shown is the \(windows.count == 1 ? "" : "first ")window's request, if nothing else counted in it\n"
    }

    private static func json(_ window: DryRun.Window) -> String {
        let data = WindowData(window)
        return JSONText.object([
            ("id", JSONText.quoted(data.id)), ("start", JSONText.quoted(window.start.rfc3339)), ("end", JSONText.quoted(window.end.rfc3339)),
            ("group", JSONText.object(data.group)), ("completedIfNothingComes", JSONText.quoted(window.completed.rfc3339)),
        ])
    }

    /// - Parameter hidesSignatures: for those who may look but not sign.
    static func json(_ explanation: Explanation, hidesSignatures: Bool = false) -> String {
        let subscriptions = explanation.outcomes.map { outcome in
            let reasons = outcome.reasons.map(JSONText.quoted).joined(separator: ",")
            var request = "null"
            if let made = outcome.request {
                let body = String(validating: made.body, as: UTF8.self)
                request = "{\"method\":\"POST\",\"url\":\(JSONText.quoted(made.url)),\"headers\":\(headers(made, hidesSignatures)),"
                    + (body.map { "\"body\":\(JSONText.quoted($0))}" } ?? "\"body\":null,\"bodyBytes\":\(made.body)}")
            }
            let windows = JSONText.array(outcome.windows.map(json))
            return "{\"name\":\(JSONText.quoted(outcome.subscription)),\"matches\":\(outcome.matches),\"reasons\":[\(reasons)],"
                + "\"windows\":\(windows),\"request\":\(request)}"
        }
        let validation = explanation.finding.map { "\"validation\":\(json($0))," } ?? ""
        let problem = explanation.poison.map { "\"problem\":\(JSONText.quoted($0))," } ?? ""
        return "{\"event\":\(explanation.poison == nil ? explanation.eventJSON : "null"),\(validation)\(problem)\"subscriptions\":[\(subscriptions.joined(separator: ","))]}"
    }

    /// A header that is there several times stands once, its values separated by commas, which means the same (RFC 9110, 5.3).
    private static func headers(_ request: Explanation.Request, _ hidesSignatures: Bool) -> String {
        var merged: [(name: String, value: String)] = []
        for (name, value) in request.headers {
            let value = hidesSignatures && name.lowercased().contains("signature") ? "***" : value
            if let index = merged.firstIndex(where: { $0.name.lowercased() == name.lowercased() }) {
                merged[index].value += ", " + value
            } else {
                merged.append((name: name, value: value))
            }
        }
        return "{" + merged.map { "\(JSONText.quoted($0.name)):\(JSONText.quoted($0.value))" }.joined(separator: ",") + "}"
    }
}
