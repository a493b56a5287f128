import EventModel
import Manifests
import Testing

/// What `fanfare check --print` shows.
@Suite("The files as they take effect")
struct PrintingTests {
    private let files = [
        "fanfare.yaml": """
            kafka:
              bootstrapServers: broker:9092
              properties: { sasl.username: fanfare, sasl.password: CANARY, ssl.ca.location: /ca.pem }
              oauth:
                command: [/bin/token, --secret, CANARY]
                clientSecret: CANARY
                extensions: { logicalCluster: lkc-1, apiKey: CANARY }
            schemaRegistry: { url: "https://CANARY:CANARY@registry.example.com/x?y=1&token=CANARY", basic: { username: fanfare, password: "${PASSWORD:-CANARY}" } }
            limits: { shards: 2 }
            defaults:
              delivery: { timeout: 5s, maxInFlight: 7 }
              headers: { X-Environment: prod, X-Api-Key: CANARY }
              signing: { secrets: ["${file:secrets/all}"], rotationOverlap: 1h }
            """,
        "topics/orders.yaml": """
            topic: shop.orders
            subscriptions:
              billing:
                endpoint: https://billing.example.com/CANARY?a=CANARY
                filters: [ exact: { type: order.token } ]
                delivery: { timeout: 9s }
                headers: { Authorization: "Bearer ${TOKEN:-CANARY}", X-Environment: "${STAGE}" }
                signing: { secrets: [CANARY, "${file:secrets/billing}"], keys: ["${KEY}"] }
                window: { type: tumbling, size: 1m, groupBy: [key] }
              hook: { endpoint: "${HOOKS}/CANARY/${TOKEN}", signing: none, batch: {}, rateLimit: null }
            """,
    ]
    private let variables = ["PASSWORD": "CANARY", "TOKEN": "CANARY", "KEY": "CANARY", "STAGE": "CANARY", "HOOKS": "https://CANARY", "FANFARE_LIMITS_SHARDS": "3",
        "FANFARE_KAFKA_PROPERTIES_SSL_KEY_PASSWORD": "CANARY", "FANFARE_DEFAULTS_HEADERS_COOKIE": "CANARY"]
    private let overrides = [(path: "limits.maxInFlight", value: "64"), (path: "kafka.properties.sasl.oauthbearer.client.secret", value: "CANARY"),
        (path: "defaults.signing.secrets", value: "CANARY,CANARY")]

    private var configuration: String {
        EffectiveFiles.configuration(file: nil, environment: environment(files, variables), overrides: overrides).yaml()
    }

    private var manifests: [(file: String, content: JSON)] {
        EffectiveFiles.manifests(folder: "./topics/", file: nil, environment: environment(files, variables), overrides: overrides)
    }

    @Test("show no secret, wherever it stands")
    func secrets() {
        #expect(!configuration.contains("CANARY"), "\(configuration)")
        #expect(manifests.map(\.file) == ["topics/orders.yaml"])
        for manifest in manifests {
            #expect(!manifest.content.yaml().contains("CANARY"), "\(manifest.content.yaml())")
            #expect(!manifest.content.text().contains("CANARY"))
        }
    }

    @Test("say what a flag, the environment, the file and the defaults come to")
    func layers() {
        let lines = configuration.split(separator: "\n").map(String.init)
        for line in [
            "group: fanfare", "  bootstrapServers: \"broker:9092\"", "    sasl.username: fanfare", "    sasl.password: \"***\"", "    ssl.key.password: \"***\"",
            "    sasl.oauthbearer.client.secret: \"***\"", "  shards: \"3\"", "  maxInFlight: \"64\"", "commitInterval: \"100ms\"",
            "  url: \"https://***@registry.example.com/x?y=1&token=***\"", "    password: \"${PASSWORD:-***}\"", "    cookie: \"***\"", "      logicalCluster: lkc-1",
            "    command: [\"/bin/token\", \"***\", \"***\"]",
        ] { #expect(lines.contains(line), "\(line) in \(configuration)") }
    }

    @Test("have subscriptions over the defaults, and references as they are written")
    func subscriptions() {
        let lines = manifests[0].content.yaml().split(separator: "\n").map(String.init)
        for line in [
            "topic: shop.orders", "    endpoint: \"https://billing.example.com/***\"", "    filters: [", "      timeout: \"9s\"", "      maxInFlight: 7",
            "      Authorization: \"***${TOKEN:-***}\"", "      X-Environment: \"${STAGE}\"", "      X-Api-Key: \"***\"", "      secrets: [\"***\", \"${file:secrets/billing}\"]",
            "      keys: [\"${KEY}\"]", "      rotationOverlap: \"1h\"", "      scheme: standard", "      size: \"1m\"", "    endpoint: \"${HOOKS}***${TOKEN}\"", "    signing: none",
            "      maxEvents: 100", "    rateLimit: null",
        ] { #expect(lines.contains { $0.hasPrefix(line) }, "\(line) in \(manifests[0].content.yaml())") }
    }
}
