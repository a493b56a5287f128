import EventModel
import Manifests
import Testing

@Suite("Where Kafka's tokens come from")
struct KafkaTokenTests {
    private static let sasl = "properties: { security.protocol: SASL_SSL, sasl.mechanisms: OAUTHBEARER }"
    private static let files = ["/bin/token": "#!/bin/sh", "/etc/secret": "s3cret-word\n", "notes": "no program"]

    @Test("is a command, a token endpoint, or librdkafka's own business", arguments: [
        "kafka: { \(sasl), oauth: { command: [/bin/token, --audience, kafka] } }",
        #"kafka: { \#(sasl), oauth: { tokenURL: https://id.example.com/token, clientID: fanfare, clientSecret: "${file:/etc/secret}", scopes: [a], audience: b } }"#,
        #"kafka: { \#(sasl), oauth: { tokenURL: "http://127.0.0.1:8200/token", clientID: fanfare, clientSecret: "${file:/etc/secret}" } }"#,
        #"kafka: { \#(sasl), oauth: { tokenURL: "http://[::1]/token", clientID: fanfare, clientSecret: "${file:/etc/secret}" } }"#,
        "kafka: { properties: { security.protocol: sasl_ssl, sasl.mechanism: OAUTHBEARER, enable.sasl.oauthbearer.unsecure.jwt: true } }",
        "kafka: { properties: { security.protocol: sasl_ssl, sasl.mechanism: OAUTHBEARER, sasl.oauthbearer.method: oidc } }",
        "kafka: { properties: { security.protocol: SSL }, oauth: null }",
    ])
    func right(_ text: String) { #expect(configure(text, files: Self.files).problems.lines == []) }

    @Test("can be given by variables")
    func variables() {
        let loaded = configure("kafka: { \(Self.sasl) }", files: Self.files, variables: ["FANFARE_KAFKA_OAUTH_COMMAND": "/bin/token,--audience,kafka"])
        #expect(loaded.problems.lines == [])
        #expect(loaded.configuration.kafka.oauth?.command == ["/bin/token", "--audience", "kafka"])
    }

    @Test("is told with what is wrong about it, and without secrets", arguments: [
        ("kafka: { \(sasl) }",
            "1:53: error: kafka.properties.sasl.mechanisms: OAUTHBEARER needs tokens; write under kafka.oauth where they come from: a command, or a tokenURL"),
        ("kafka: { properties: { security.protocol: SASL_SSL, sasl.mechanism: OAUTHBEARER } }",
            "1:53: error: kafka.properties.sasl.mechanism: OAUTHBEARER needs tokens; write under kafka.oauth where they come from: a command, or a tokenURL"),
        ("kafka: { properties: { security.protocol: SASL_SSL, sasl.mechanisms: PLAIN }, oauth: { command: [/bin/token] } }",
            "1:79: error: kafka.oauth: is for sasl.mechanisms: OAUTHBEARER; write that under kafka.properties, or remove kafka.oauth"),
        ("kafka: { properties: { security.protocol: SSL, sasl.mechanisms: OAUTHBEARER }, oauth: { command: [/bin/token] } }",
            "1:80: error: kafka.oauth: is for security.protocol: SASL_SSL; write that under kafka.properties, or remove kafka.oauth"),
        ("kafka: { properties: { security.protocol: SASL_SSL, sasl.mechanism: OAUTHBEARER, sasl.oauthbearer.method: OIDC }, oauth: { command: [/bin/token] } }",
            "1:115: error: kafka.oauth: is one source of tokens, and librdkafka's properties sasl.oauthbearer.* are another; remove one of them"),
        ("kafka: { properties: { security.protocol: SASL_PLAINTEXT, sasl.mechanism: OAUTHBEARER }, oauth: { command: [/bin/token] } }",
            "1:24: warning: kafka.properties.security.protocol: sends tokens in clear; use SASL_SSL"),
        ("kafka: { \(sasl), oauth: {} }",
            "1:85: error: kafka.oauth: must say where tokens come from; write command: [/path/of/a/program], or tokenURL, clientID and clientSecret"),
        ("kafka: { \(sasl), oauth: { command: [/bin/token], tokenURL: https://id.example.com } }",
            "1:117: error: kafka.oauth.tokenURL: is for a token endpoint, and the tokens come from kafka.oauth.command; remove one of them"),
        ("kafka: { \(sasl), oauth: { command: [/bin/other] } }",
            "1:94: error: kafka.oauth.command: there is no program /bin/other that may be run; write its whole path, $PATH is not looked through"),
        ("kafka: { \(sasl), oauth: { command: [notes] } }",
            "1:94: error: kafka.oauth.command: there is no program notes that may be run; write its whole path, $PATH is not looked through"),
        ("kafka: { \(sasl), oauth: { command: [] } }",
            "1:94: error: kafka.oauth.command: must not be empty; write a list such as [/usr/local/bin/kafka-token, --audience, kafka]"),
        (#"kafka: { \#(sasl), oauth: { tokenURL: https://id.example.com, clientSecret: "${file:/etc/secret}" } }"#,
            "1:85: error: kafka.oauth: the key clientID is missing; tokenURL, clientID and clientSecret belong together"),
        (#"kafka: { \#(sasl), oauth: { tokenURL: http://id.example.com/127.0.0.1, clientID: a, clientSecret: "${file:/etc/secret}" } }"#,
            "1:94: error: kafka.oauth.tokenURL: would send the client's secret in clear; write https (http is for loopback addresses)"),
        (#"kafka: { \#(sasl), oauth: { tokenURL: http://127.0.0.1.example.com, clientID: a, clientSecret: "${file:/etc/secret}" } }"#,
            "1:94: error: kafka.oauth.tokenURL: would send the client's secret in clear; write https (http is for loopback addresses)"),
        ("kafka: { \(sasl), oauth: { tokenURL: https://id.example.com, clientID: a, clientSecret: s3cret-word } }",
            "1:141: warning: kafka.oauth.clientSecret: a secret stands in clear in this file; write \"${file:/path}\" or \"${VARIABLE}\""),
        ("kafka: { \(sasl), oauth: { command: [/bin/token], extensions: { auth: s3cret-word } } }",
            "1:131: error: kafka.oauth.extensions.auth: the name of an extension has letters only, and is not auth"),
    ])
    func wrong(_ text: String, _ line: String) {
        #expect(configure(text, files: Self.files).problems.lines == ["fanfare.yaml:\(line)"])
    }
}
