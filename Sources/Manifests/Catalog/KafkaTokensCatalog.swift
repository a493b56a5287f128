internal import EventModel

/// `kafka.oauth` of `fanfare.yaml`.
enum KafkaTokensCatalog {
    typealias OAuth = BridgeConfiguration.OAuth

    static let section = Section<OAuth>(OAuth(), [
        .undefaulted("command", \.command, command,
            "A program and its arguments: it prints a JWT, or what a token endpoint would answer. Run without a shell; the path is relative to this file."),
        .undefaulted("tokenURL", \.client.tokenURL, AuthCatalog.tokenURL, "The token endpoint; https, or http on a loopback address."),
        .undefaulted("clientID", \.client.clientID, AuthCatalog.clientID, "Who asks the token endpoint."),
        .undefaulted("clientSecret", \.client.clientSecret, AuthCatalog.clientSecret, "The client's secret."),
        .value("scopes", \.client.scopes, AuthCatalog.scopes, "What the token is asked for."),
        .value("audience", \.client.audience, AuthCatalog.audience, "Whom the token is for; some providers ask for it."),
        .value("ca", \.ca, .optional(.file), "Certificate authorities (PEM) that the token endpoint is trusted by, instead of the system's; relative to this file."),
        .value("principal", \.principal, .optional(.credential("a name")), "How messages call the client; what the token says (`sub`) by default. The broker takes it from the token."),
        .fields("extensions", \.extensions, extensions, "What the broker is told beside the token (RFC 7628), such as logicalCluster: lkc-1."),
        .value("timeout", \.timeout, .duration(.milliseconds(100) ... .minutes(1)), "How long the command or the token endpoint may take."),
    ])

    private static let command = {
        let list = Shape<[String]>.list("a list such as [/usr/local/bin/kafka-token, --audience, kafka]", of: argument, count: 1...100)
        return Shape<[String]>(schema: list.schema, form: list.form, read: { node, path, reader in
            guard var words = list.read(node, path, &reader) else { return nil }
            words[0] = FilePath.resolve(words[0], from: node.position.folder)
            if !reader.environment.isExecutable(words[0]) {
                reader.error(node.position, path, "there is no program \(words[0]) that may be run; write its whole path, $PATH is not looked through")
            }
            return words
        }, show: { _ in .null })
    }()

    private static let argument = Shape<String>.credential("text") { $0.utf8.contains(0) ? "must not hold a NUL" : nil }

    /// RFC 7628, section 3.1.
    private static let extensions = Shape<[HeaderField]>.fields("a mapping such as logicalCluster: lkc-1", separator: ".") { name, node, text, path, reader in
        if name.isEmpty || !name.utf8.allSatisfy(ASCII.isLetter) || name == "auth" {
            reader.error(node.position, path, "the name of an extension has letters only, and is not auth")
        }
        if !text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) { reader.error(node.position, path, "must be printable ASCII") }
    }.fileOnly()
}
