internal import EventModel

/// Whether `kafka.oauth` and librdkafka's properties fit together.
struct KafkaTokenChecks {
    let kafka: BridgeConfiguration.Kafka
    let place: (_ path: String, _ reader: Reader) -> Position

    func run(_ reader: inout Reader) {
        guard !reader.problems.contains(where: { $0.severity == .error && $0.path.hasPrefix("kafka.") }) else { return }
        let usesSASL = kafka.property("security.protocol")?.lowercased().hasPrefix("sasl_") ?? false
        let mechanism = kafka.property("sasl.mechanisms", "sasl.mechanism")
        guard let oauth = kafka.oauth else {
            if usesSASL, mechanism == "OAUTHBEARER", !makesItsOwn {
                error("kafka.properties.sasl.mechanisms", "OAUTHBEARER needs tokens; write under kafka.oauth where they come from: a command, or a tokenURL", &reader)
            }
            return
        }
        if mechanism != "OAUTHBEARER" {
            error("kafka.oauth", "is for sasl.mechanisms: OAUTHBEARER; write that under kafka.properties, or remove kafka.oauth", &reader)
        } else if !usesSASL {
            error("kafka.oauth", "is for security.protocol: SASL_SSL; write that under kafka.properties, or remove kafka.oauth", &reader)
        } else if makesItsOwn {
            error("kafka.oauth", "is one source of tokens, and librdkafka's properties sasl.oauthbearer.* are another; remove one of them", &reader)
        } else {
            if kafka.property("security.protocol")?.lowercased() == "sasl_plaintext" {
                reader.warn(
                    place("kafka.properties.security.protocol", reader), "kafka.properties.security.protocol", "sends tokens in clear; use SASL_SSL",
                    code: .sentInClear)
            }
            source(oauth, &reader)
        }
    }

    /// For development, or by a librdkafka that was built with it.
    private var makesItsOwn: Bool {
        kafka.property("enable.sasl.oauthbearer.unsecure.jwt") == "true" || kafka.property("sasl.oauthbearer.method")?.lowercased() == "oidc"
    }

    private func source(_ oauth: BridgeConfiguration.OAuth, _ reader: inout Reader) {
        let client = oauth.client
        let given = [
            ("tokenURL", !client.tokenURL.isEmpty), ("clientID", !client.clientID.isEmpty), ("clientSecret", !client.clientSecret.isEmpty),
            ("scopes", !client.scopes.isEmpty), ("audience", client.audience != nil), ("ca", oauth.ca != nil),
        ]
        let keys = given.filter(\.1).map(\.0)
        if !oauth.command.isEmpty {
            guard !keys.isEmpty else { return }
            return error("kafka.oauth.\(keys[0])", "is for a token endpoint, and the tokens come from kafka.oauth.command; remove one of them", &reader)
        }
        guard !keys.isEmpty else {
            return error("kafka.oauth", "must say where tokens come from; write command: [/path/of/a/program], or tokenURL, clientID and clientSecret", &reader)
        }
        for (key, isGiven) in given.prefix(3) where !isGiven {
            error("kafka.oauth", "the key \(key) is missing; tokenURL, clientID and clientSecret belong together", &reader)
        }
        if client.tokenURL.lowercased().hasPrefix("http:"), !Endpoints.isLoopback(client.tokenURL) {
            error("kafka.oauth.tokenURL", "would send the client's secret in clear; write https (http is for loopback addresses)", &reader)
        }
    }

    private func error(_ path: String, _ message: String, _ reader: inout Reader) {
        // `sasl.mechanism` is another name of the same.
        let alias = String(path.dropLast())
        let known = reader.positions[path] == nil && reader.positions[alias] != nil ? alias : path
        reader.error(place(known, reader), known, message)
    }
}
