internal import EventModel

/// `auth:` of a subscription.
enum AuthCatalog {
    static let section = Section<AuthPolicy>(AuthPolicy(), [
        .optionalSection("basic", \.basic, AuthPolicy.Basic(), basic, "HTTP Basic authentication."),
        .optionalSection("bearer", \.bearer, AuthPolicy.Bearer(), bearer, "A constant bearer token."),
        .optionalSection("apiKey", \.apiKey, AuthPolicy.APIKey(), apiKey, "A key in a header of the endpoint's choice."),
        .optionalSection("oauth2", \.oauth2, AuthPolicy.OAuth2(), oauth2, "OAuth 2 client credentials: Fanfare gets a token, and a new one before it expires or when it is refused."),
        .optionalSection("mtls", \.mtls, AuthPolicy.MutualTLS(), mtls, "A client certificate. The files are read again when they change."),
    ])

    private static let basic = Section<AuthPolicy.Basic>(AuthPolicy.Basic(), [
        .required("username", \.username, .credential("a user name") { $0.contains(":") ? "must not hold a colon: it ends the name" : nil },
            "The name.", example: "username: NAME"),
        .required("password", \.password, .credential("a password such as \"${file:/etc/fanfare/secrets/billing-password}\"", warns: true),
            "The password.", example: "password: \"${file:/path}\""),
    ])

    private static let bearer = Section<AuthPolicy.Bearer>(AuthPolicy.Bearer(), [
        .required("token", \.token,
            .credential("a token such as \"${file:/etc/fanfare/secrets/billing-token}\"", warns: true) {
                $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } ? nil : "must not hold spaces or characters outside ASCII; Bearer is put in front of it"
            },
            "The token, without Bearer.", example: "token: \"${file:/path}\""),
    ])

    private static let apiKey = Section<AuthPolicy.APIKey>(AuthPolicy.APIKey(), [
        .required("header", \.header, headerName, "The header's name.", example: "header: X-API-Key"),
        .required("value", \.value,
            .credential("a key such as \"${file:/etc/fanfare/secrets/billing-key}\"", warns: true, check: HeaderRules.checkValue),
            "The key.", example: "value: \"${file:/path}\""),
    ])

    private static let oauth2 = Section<AuthPolicy.OAuth2>(AuthPolicy.OAuth2(), [
        .required("tokenURL", \.tokenURL, tokenURL, "The token endpoint; the rules of egress hold for it, and tls.ca.", example: "tokenURL: https://auth.example.com/oauth2/token"),
        .required("clientID", \.clientID, clientID, "Who asks.", example: "clientID: fanfare"),
        .required("clientSecret", \.clientSecret, clientSecret, "The client's secret.", example: "clientSecret: \"${file:/path}\""),
        .value("scopes", \.scopes, scopes, "What the token is asked for."),
        .value("audience", \.audience, audience, "Whom the token is for; some providers ask for it."),
    ])

    private static let mtls = Section<AuthPolicy.MutualTLS>(AuthPolicy.MutualTLS(), [
        .required("certificate", \.certificate, .pemFile, "PEM file: the certificate, then those between it and its authority; relative to this file.",
            example: "certificate: /etc/fanfare/tls/client.pem"),
        .required("key", \.key, .pemFile, "PEM file of its private key, without a passphrase; relative to this file.",
            example: "key: /etc/fanfare/tls/client.key"),
    ])

    private static let headerName = Shape<String>.text("a header's name such as X-API-Key") { name in
        HeaderRules.checkName(name).map { .wrong($0) } ?? .value(())
    }

    // Also those of `kafka.oauth`.

    static let clientID = Shape<String>.credential("a client id")
    static let clientSecret = Shape<String>.credential("a secret such as \"${file:/etc/fanfare/secrets/client}\"", warns: true)
    static let scopes = Shape<[String]>.list("a list such as [hooks.write]", of: scope, count: 0...50)
    static let audience = Shape<String?>.optional(.credential("an audience such as https://api.example.com"))

    static let tokenURL = Shape<String>.text("a URL such as https://auth.example.com/oauth2/token") { url in
        let reading = Endpoints.check(url)
        if case .wrong = reading, url.contains("@") { return .wrong("must not hold a user name or password; write them into clientID and clientSecret") }
        return reading
    }

    /// RFC 6749, section 3.3.
    private static let scope = Shape<String>.text("a scope such as hooks.write") { scope in
        let isToken = !scope.isEmpty && scope.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }
        return isToken ? .value(()) : .wrong("a scope holds no spaces; write several as items of the list")
    }
}

extension Shape where Value == String {
    /// Text of one line that never appears in a message and goes into a header or a form.
    ///
    /// - Parameters:
    ///   - warns: when it stands in the file itself.
    ///   - check: a clause that says what is wrong; never the text.
    static func credential(
        _ expected: String, warns: Bool = false, check: @escaping @Sendable (String) -> String? = { _ in nil }
    ) -> Shape {
        let text = Shape<String>.anyScalar(expected, isSecret: true)
        return Shape(schema: text.schema, form: .text) { node, path, reader in
            guard let value = text.read(node, path, &reader) else { return nil }
            guard !value.isEmpty, value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                reader.error(node.position, path, "must be text of one line that is not empty")
                return nil
            }
            if let complaint = check(value) {
                reader.error(node.position, path, complaint)
                return nil
            }
            if warns, let complaint = SigningCatalog.clearTextComplaint(node) { reader.warn(node.position, path, complaint, code: .secretInClear) }
            return value
        } show: { _ in .null }
    }
}

extension Shape where Value == PEMFile {
    /// A file with its content; relative to the file that names it.
    static var pemFile: Shape {
        Shape(schema: Shape<String>.file.schema, form: .text) { node, path, reader in
            guard let file = Shape<String>.file.read(node, path, &reader), case .success(let bytes) = reader.read(file) else { return nil }
            return PEMFile(path: file, bytes: bytes)
        } show: { _ in .null }
    }
}
