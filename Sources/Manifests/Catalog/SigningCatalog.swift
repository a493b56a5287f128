internal import EventModel

/// `signing: none`, or a mapping.
enum SigningCatalog {
    static let key: Key<Subscription> = {
        let doc = "How deliveries are signed; none says on purpose that they are not."
        let key = Key<Subscription>.undefaulted("signing", \.signing, signing, doc)
        // Outside of files, `signing` takes none, and `signing.secrets` a list.
        let secrets = Leaf<Subscription>(path: ["signing", "secrets"], form: .text) { node, path, subscription, reader in
            guard let secrets = Self.secrets.read(node, path, &reader) else { return }
            subscription.signing = .standard(secrets: secrets)
        }
        return Key(name: key.name, doc: doc, leaves: key.leaves + [secrets], schema: key.schema, apply: key.apply)
    }()

    private static let signing = Shape<SigningPolicy>(
        schema: ["anyOf": [["const": "none"], section.schema]], form: .text
    ) { node, path, reader in
        if case .scalar(let scalar) = node.content, !node.isNull {
            guard let text = reader.text(node, path, expected: expected) else { return nil }
            if text.value == "none" { return SigningPolicy.none }
            // Perhaps a secret in the wrong place: not quoted.
            let hint = scalar.text.hasPrefix("whsec_") ? "; secrets stand in a list under signing.secrets" : ""
            reader.error(node.position, path, "must be \(expected)\(hint)")
            return nil
        }
        guard case .mapping = node.content else {
            if case .refused = node.content { return nil }
            reader.wrongKind(node, path, expected: expected)
            return nil
        }
        var draft = Draft()
        section.apply(node, path, to: &draft, &reader)
        return draft.secrets.map { .standard(secrets: $0) }
    } show: { _ in .null }

    private static let expected = "none, or a mapping such as { secrets: [\"${file:/path}\"] }"

    private struct Draft: Sendable { var secrets: [String]? }

    private static let section = Section<Draft>(Draft(), [
        .later("scheme", neutral: ["standard"], "standard (Standard Webhooks), github or stripe."),
        .later("keys", neutral: [.array([])], "Private keys (whsk_...) for ed25519 signatures, v1a."),
        // Required: a mapping without secrets would sign nothing and look as if it did.
        .required("secrets", \.secrets, .wrapping(secrets),
            "Secrets (whsec_...), all of which sign: rotate by adding the new one first and removing the old one later.",
            example: "secrets: [\"${file:/path}\"], or signing: none"),
    ])

    private static let secrets = Shape<[String]>.list(
        "a list such as [\"${file:/etc/fanfare/secrets/billing}\"]", of: secret, count: 1...10)

    private static let secret: Shape<String> = {
        let text = Shape<String>.anyScalar("a secret such as \"${file:/etc/fanfare/secrets/billing}\"", isSecret: true)
        return Shape(schema: ["type": "string"], form: .fileOnly) { node, path, reader in
            guard let secret = text.read(node, path, &reader) else { return nil }
            if let complaint = SecretRules.check(secret) {
                reader.error(node.position, path, complaint)
                return nil
            }
            if let complaint = clearTextComplaint(node) { reader.warn(node.position, path, complaint) }
            return secret
        } show: { _ in "whsec_..." }
    }()

    /// A warning for a credential that stands in the file itself.
    static func clearTextComplaint(_ node: Node) -> String? {
        guard case .scalar(let scalar) = node.content, scalar.style != .outside, !scalar.text.contains("${") else { return nil }
        return "a secret stands in clear in this file; write \"${file:/path}\" or \"${VARIABLE}\""
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
