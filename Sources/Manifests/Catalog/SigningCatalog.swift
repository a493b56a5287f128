internal import EventModel

/// `signing: none`, or a mapping.
enum SigningCatalog {
    static let key: Key<Subscription> = {
        let doc = "How deliveries are signed; none says on purpose that they are not."
        let whole = Leaf<Subscription>(path: ["signing"], form: .text) { apply($0, $1, to: &$2, &$3) }
        // Outside of files, `signing` takes none, and `signing.secrets` a list.
        let parts = section.leaves.map { leaf in
            Leaf<Subscription>(path: ["signing"] + leaf.path, form: leaf.form) { node, path, subscription, reader in
                change(&subscription, path, node.position, &reader) { leaf.apply(node, path, &$0, &$1) }
            }
        }
        let schema: JSON = ["description": .string(doc), "anyOf": [["const": "none"], section.schema]]
        return Key(name: "signing", doc: doc, leaves: [whole] + parts, schema: { _ in schema }) { apply($0, $1, to: &$2, &$3) }
    }()

    private static func apply(_ node: Node, _ path: String, to subscription: inout Subscription, _ reader: inout Reader) {
        if case .scalar(let scalar) = node.content, !node.isNull {
            guard let text = reader.text(node, path, expected: expected) else { return }
            if text.value == "none" {
                subscription.signing = .none
                return
            }
            // Perhaps a secret in the wrong place: not quoted.
            let hint = scalar.text.hasPrefix("whsec_") ? "; secrets stand in a list under signing.secrets" : ""
            reader.error(node.position, path, "must be \(expected)\(hint)")
            return
        }
        guard case .mapping = node.content else {
            if case .refused = node.content { return }
            reader.wrongKind(node, path, expected: expected)
            return
        }
        change(&subscription, path, node.position, &reader) { section.apply(node, path, to: &$0, &$1) }
    }

    /// Puts keys over those that are there, so that defaults merge; then looks at what they are together.
    private static func change(
        _ subscription: inout Subscription, _ path: String, _ position: Position, _ reader: inout Reader,
        _ body: (inout Draft, inout Reader) -> Void
    ) {
        var draft = Draft()
        if case .signed(let method) = subscription.signing { draft.method = method }
        let known = reader.problems.count
        body(&draft, &reader)
        // The texts mean nothing without the right scheme.
        guard !reader.problems[known...].contains(where: { $0.severity == .error && $0.path.hasSuffix("signing.scheme") }) else { return }
        let secrets = draft.secrets?.filter { check($0, SecretRules.check($0.secret.text, draft.method.scheme), &reader) }
        let keys = draft.keys?.filter { check($0, SecretRules.checkKey($0.secret.text, draft.method.scheme), &reader) }
        if let secrets { draft.method.secrets = secrets.map(\.secret) }
        if let keys { draft.method.keys = keys.map(\.secret) }
        if draft.method.scheme == .github, draft.method.secrets.count > 1, secrets != nil {
            reader.warn(
                position, path,
                "GitHub's header has room for one signature: only the first secret signs; let the receiver take both before you change it")
        }
        subscription.signing = .signed(draft.method)
    }

    private static func check(_ given: Given, _ complaint: String?, _ reader: inout Reader) -> Bool {
        if let complaint {
            reader.error(given.position, given.path, given.line.map { "line \($0): \(complaint)" } ?? complaint)
            return false
        }
        if let warning = given.warning { reader.warn(given.position, given.path, warning, code: .secretInClear) }
        return true
    }

    private static let expected = "none, or a mapping such as { secrets: [\"${file:/path}\"] }"
    /// For a mapping that gives nothing to sign with.
    static let missing = "the key secrets is missing; write secrets: [\"${file:/path}\"], or signing: none"

    /// A secret or key, before it is known what the scheme asks of it.
    private struct Given: Sendable {
        var secret: SigningSecret
        var position: Position
        var path: String
        /// That it stands in clear.
        var warning: String?
        /// Of a text with several lines, which are several secrets.
        var line: Int?
    }

    private struct Draft: Sendable {
        var method = SigningMethod()
        var secrets: [Given]?
        var keys: [Given]?
    }

    private static let section = Section<Draft>(Draft(), [
        .value("scheme", \.method.scheme, .choice, "Whose headers: standard (Standard Webhooks), github or stripe."),
        .undefaulted("secrets", \.secrets, .wrapping(list("billing", "a secret", count: 1...10)),
            "Secrets (whsec_...; with github and stripe any text), all of which sign: rotate by adding the new one first and removing the old one later. A file may hold several, one per line."),
        .undefaulted("keys", \.keys, .wrapping(list("billing.key", "a private key", count: 0...10)),
            "Private keys (whsk_...) for ed25519 signatures, v1a, all of which sign; only with the scheme standard."),
        .value("rotationOverlap", \.method.rotationOverlap, .duration(.zero ... .days(30)),
            "How long a secret or key goes on signing after its file holds another one."),
    ])

    private static func list(_ file: String, _ what: String, count: ClosedRange<Int>) -> Shape<[Given]> {
        let example = "\"${file:/etc/fanfare/secrets/\(file)}\""
        let lists = Shape<[[Given]]>.list("a list such as [\(example)]", of: item("\(what) such as \(example)"), count: count)
        return Shape(schema: lists.schema, form: lists.form) { node, path, reader in
            guard let given = lists.read(node, path, &reader)?.flatMap({ $0 }) else { return nil }
            guard given.count <= 10 else {
                reader.error(node.position, path, "holds \(given.count) with all lines of its files, more than 10; remove the oldest")
                return nil
            }
            return given
        } show: { _ in .null }
    }

    private static func item(_ expected: String) -> Shape<[Given]> {
        Shape(schema: ["type": "string"], form: .fileOnly) { node, path, reader in
            guard let text = reader.text(node, path, expected: expected) else { return nil }
            let warning = clearTextComplaint(node)
            let source = text.raw.contains("${file:") ? text.raw : nil
            let lines = text.value.trimmedLines
            guard lines.count > 1 else {
                return [Given(secret: SigningSecret(text.value, source: source), position: node.position, path: path, warning: warning)]
            }
            return lines.enumerated().compactMap { index, line in
                if line.isEmpty || line.hasPrefix("#") { return nil }
                return Given(secret: SigningSecret(line, source: source), position: node.position, path: path, warning: warning, line: index + 1)
            }
        } show: { _ in "***" }
    }

    /// A warning for a credential that stands in the file itself.
    static func clearTextComplaint(_ node: Node) -> String? {
        guard case .scalar(let scalar) = node.content, scalar.style != .outside, !scalar.text.isEmpty,
            !scalar.text.contains("${") || hasFallback(scalar.text)
        else { return nil }
        return "a secret stands in clear in this file; write \"${file:/path}\" or \"${VARIABLE}\""
    }

    /// `${VARIABLE:-a secret in clear}`.
    private static func hasFallback(_ text: String) -> Bool {
        text.ranges(of: ":-").contains { text[$0.upperBound...].first != "}" }
    }
}

extension Shape {
    /// The same values where a property may also be nil, which cannot be written.
    static func wrapping<Wrapped>(_ shape: Shape<Wrapped>) -> Shape where Value == Wrapped? {
        Shape(schema: shape.schema, form: shape.form) { node, path, reader in
            shape.read(node, path, &reader).map { .some($0) }
        } show: { $0.map(shape.show) ?? .null }
    }
}
