internal import EventModel

/// `schemaRegistry` of `fanfare.yaml`.
enum SchemaRegistryCatalog {
    typealias Registry = BridgeConfiguration.SchemaRegistry

    static let section = Section<Registry>(Registry(), [
        .required("url", \.url, url, "The registry's address; its API is that of Confluent's.", example: "url: https://registry.example.com"),
        .optionalSection("basic", \.basic, Registry.Basic(), basic, "Name and password that it asks for."),
        .optionalSection("bearer", \.bearer, Registry.Bearer(), bearer, "A token that it asks for."),
        .value("ca", \.ca, .optional(.file), "Certificate authorities (PEM) that it is trusted by, instead of the system's; relative to this file."),
    ])

    private static let basic = Section<Registry.Basic>(Registry.Basic(), [
        .required("username", \.username, .credential("a user name"), "The name.", example: "username: NAME"),
        .required("password", \.password, .credential("a password such as \"${file:/etc/fanfare/secrets/registry}\"", warns: true),
            "The password.", example: "password: \"${file:/path}\""),
    ])

    private static let bearer = Section<Registry.Bearer>(Registry.Bearer(), [
        .required("token", \.token, .credential("a token such as \"${file:/etc/fanfare/secrets/registry}\"", warns: true),
            "The token.", example: "token: \"${file:/path}\""),
    ])

    private static let url = Shape<String>.text("a URL such as https://registry.example.com") { text in
        let reading = Endpoints.check(text)
        if case .wrong = reading, text.contains("@") { return .wrong("must not hold a user name or password; write them under schemaRegistry.basic") }
        guard case .value = reading else { return reading }
        return text.contains("?") ? .wrong("must not have a query (?...): paths are put behind it") : reading
    }
}
