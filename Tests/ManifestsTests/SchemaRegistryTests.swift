import EventModel
import Manifests
import Testing

@Suite struct SchemaRegistryTests {
    @Test("A registry may be without credentials, with a name or with a token", arguments: [
        "schemaRegistry: { url: http://127.0.0.1:8081 }", "schemaRegistry: null",
        #"schemaRegistry: { url: https://r.example.com, basic: { username: u, password: "${P}" } }"#,
        #"schemaRegistry: { url: https://r.example.com, bearer: { token: "${P}" } }"#,
    ])
    func right(_ text: String) { #expect(configure(text, variables: ["P": "p"]).problems.lines == []) }

    @Test("Variables give it key by key")
    func variables() {
        let loaded = configure("", variables: ["FANFARE_SCHEMAREGISTRY_URL": "https://r", "FANFARE_SCHEMAREGISTRY_BEARER_TOKEN": "t"])
        #expect(loaded.problems.lines == [])
        #expect(loaded.configuration.schemaRegistry?.url == "https://r")
        #expect(loaded.configuration.schemaRegistry?.bearer?.token == "t")
    }

    @Test("What is wrong is named, and no secret is", arguments: [
        ("schemaRegistry: {}", "fanfare.yaml:1:1: error: schemaRegistry: the key url is missing; write url: https://registry.example.com"),
        ("schemaRegistry: { url: https://u:secret@r }",
            "fanfare.yaml:1:19: error: schemaRegistry.url: must not hold a user name or password; write them under schemaRegistry.basic"),
        ("schemaRegistry: { url: https://r?a=b }",
            "fanfare.yaml:1:19: error: schemaRegistry.url: must not have a query (?...): paths are put behind it"),
        (#"schemaRegistry: { url: https://r, basic: { username: u, password: "${P}" }, bearer: { token: "${P}" } }"#,
            "fanfare.yaml:1:77: error: schemaRegistry.bearer: must not be there together with schemaRegistry.basic: remove one of them"),
        (#"schemaRegistry: { url: http://r, bearer: { token: "${P}" } }"#,
            "fanfare.yaml:1:19: warning: schemaRegistry.url: sends the credentials in clear; use https"),
        ("schemaRegistry: { url: https://r, bearer: { token: hunter2 } }",
            "fanfare.yaml:1:45: warning: schemaRegistry.bearer.token: a secret stands in clear in this file; write \"${file:/path}\" or \"${VARIABLE}\""),
    ])
    func wrong(_ text: String, _ line: String) { #expect(configure(text, variables: ["P": "secret"]).problems.lines == [line]) }

    @Test("A topic says whether its values are framed")
    func framing() {
        let loaded = load("topic: t\nevent: { framing: confluent }\n")
        #expect(loaded.topics.first?.mapping.framing == .confluent)
        let wrong = load("topic: t\nevent: { framing: avro }\n")
        #expect(wrong.problems.lines.contains { $0.contains("event.framing: must be auto, confluent or none, not \"avro\"") })
    }
}
