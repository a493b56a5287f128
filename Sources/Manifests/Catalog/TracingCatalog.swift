internal import EventModel

/// `tracing` of `fanfare.yaml`.
enum TracingCatalog {
    typealias Tracing = BridgeConfiguration.Tracing

    static let section = Section<Tracing>(Tracing(), [
        .undefaulted("otlp", \.otlp, .optional(url), "URL of an OTLP/HTTP collector; /v1/traces is added to one without a path."),
        .value("sample", \.sample, .number(0...1),
            "The share of the traces that begin here; whether others are recorded, their producer has decided."),
        .fields("headers", \.headers, headers, "Request headers that the collector asks for."),
        .value("ca", \.ca, .optional(.file), "Certificate authorities (PEM) that the collector is trusted by, instead of the system's; relative to this file."),
    ])

    private static let url = Shape<String>.text("a URL such as http://collector:4318") { text in
        let reading = Endpoints.check(text)
        if case .wrong = reading, text.contains("@") { return .wrong("must not hold a user name or password; write them under tracing.headers") }
        guard case .value = reading else { return reading }
        return text.contains("?") ? .wrong("must not have a query (?...)") : reading
    }

    private static let headers = Shape<[HeaderField]>.fields(
        "a mapping of header names to values, such as Authorization: \"${file:/path}\"", separator: "-"
    ) { name, node, value, path, reader in
        if let complaint = HeaderRules.checkName(name) { reader.error(node.position, path, complaint) }
        if let complaint = HeaderRules.checkValue(value) { reader.error(node.position, path, complaint) }
        if HeaderRules.isCredential(name), let complaint = SigningCatalog.clearTextComplaint(node) {
            reader.warn(node.position, path, complaint, code: .secretInClear)
        }
    }
}
