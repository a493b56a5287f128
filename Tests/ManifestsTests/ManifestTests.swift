import EventModel
import Manifests
import PEMFixtures
import Testing

@Suite struct ManifestTests {
    @Test func fiveMistakesInOneManifestAreFiveProblems() {
        let loaded = load(
            """
            topic: shop.orders
            ownr: team-checkout
            subscriptions:
              billing:
                endpoint: ftp://example.com
                retry:
                  schedule: [5s, soon]
                  jitter: 2
                delivery: { maxInFlight: 0 }
                signing: none
            """)
        #expect(!loaded.isUsable)
        #expect(
            loaded.problems.lines == [
                "topics/t.yaml:2:1: error: ownr: unknown key; did you mean \"owner\"?",
                "topics/t.yaml:5:5: error: subscriptions.billing.endpoint: must be an absolute URL such as https://billing.example.com/hooks",
                "topics/t.yaml:7:22: error: subscriptions.billing.retry.schedule[1]: must be a duration such as 250ms, 5s, 2m, 1h or 3d, not \"soon\"",
                "topics/t.yaml:8:7: error: subscriptions.billing.retry.jitter: must be between 0 and 1, not \"2\"",
                "topics/t.yaml:9:17: error: subscriptions.billing.delivery.maxInFlight: must be between 1 and 65536, not \"0\"",
            ])
    }

    @Test func everySupportedKeyArrivesInTheSubscription() throws {
        let loaded = load(
            """
            topic: shop.orders
            description: What happens to an order
            owner: team-checkout
            kafka: { partitions: 12, replicationFactor: 3, config: { retention.ms: 604800000 } }
            event:
              id: { header: event-id }
              type: { pointer: /type }
              source: { value: /shop/orders }
              subject: { key: true }
              time: { timestamp: true }
            events:
              order.created: { description: Placed, schema: schemas/created.json }
            subscriptions:
              billing:
                endpoint: https://billing.example.com:8443/hooks?x=1
                description: Invoices
                owner: team-billing
                enabled: false
                start: 2026-05-01T12:30:00.250+02:00
                filters:
                  - any: [ { exact: { type: order.created, source: 5 } }, { not: { suffix: { subject: x } } } ]
                  - all: [ { prefix: { type: order. } } ]
                  - pattern: { data: { a: [ 1, "1", "true ", true, ~, -1e3 ] } }
                  - sql: EXISTS subject
                payload: { format: raw }
                headers: { X-Environment: prod, X-Version: 1.0 }
                signing: { secrets: ["${file:/secrets/a}", "${B}"] }
                tls: { ca: ca.pem }
                delivery: { timeout: 20s, connectTimeout: 2s, maxInFlight: 5, http: 2 }
                diversion: { burst: 7, perSuccess: 0.5 }
                retry: { schedule: [1s, 2m], jitter: 0, giveUpAfter: 1d, on: [network, 429, 5xx] }
                deadLetter: { topic: dead }
                batch: { maxEvents: 5, maxBytes: 64KiB, maxWait: 250ms, partialResults: true }
            """,
            files: ["topics/schemas/created.json": "{}", "topics/ca.pem": PEM.certificate, "/secrets/a": goodSecret + "\n"],
            variables: ["B": goodSecret])
        #expect(loaded.problems.lines == [])
        #expect(loaded.filesRead == ["topics", "topics/t.yaml", "topics/schemas/created.json", "/secrets/a", "topics/ca.pem"])

        var expected = TopicManifest(topic: "shop.orders")
        expected.description = "What happens to an order"
        expected.owner = "team-checkout"
        expected.provisioning.partitions = 12
        expected.provisioning.replicationFactor = 3
        expected.provisioning.config = [HeaderField(name: "retention.ms", value: "604800000")]
        expected.mapping.id = .header("event-id")
        expected.mapping.type = .pointer("/type")
        expected.mapping.source = .value("/shop/orders")
        expected.mapping.subject = .key
        expected.mapping.time = .timestamp
        expected.events = [CatalogEntry(type: "order.created", description: "Placed", schema: CatalogFile(path: "topics/schemas/created.json", text: Array("{}".utf8)), example: nil)]
        expected.file = "topics/t.yaml"
        var billing = Subscription(name: "billing", topic: "shop.orders", endpoint: "https://billing.example.com:8443/hooks?x=1")
        billing.description = "Invoices"
        billing.owner = "team-billing"
        billing.enabled = false
        billing.start = .time(WallTime(milliseconds: 1_777_631_400_250))
        billing.filters = [
            .any([
                .exact([AttributeOperand(attribute: "type", operand: "order.created"), AttributeOperand(attribute: "source", operand: "5")]),
                .not(.suffix([AttributeOperand(attribute: "subject", operand: "x")])),
            ]),
            .all([.prefix([AttributeOperand(attribute: "type", operand: "order.")])]),
            .pattern(.object([.init("data", .object([.init("a", .list([.number("1"), .string("1"), .string("true "), .boolean(true), .null, .number("-1e3")]))]))])),
            .sql("EXISTS subject"),
        ]
        billing.payload = .raw
        billing.headers = [HeaderField(name: "X-Environment", value: "prod"), HeaderField(name: "X-Version", value: "1.0")]
        billing.signing = .signed(SigningMethod(secrets: [SigningSecret(goodSecret, source: "${file:/secrets/a}"), SigningSecret(goodSecret)]))
        billing.confidential = [goodSecret]
        billing.certificateAuthorities = PEMFile(path: "topics/ca.pem", bytes: Array(PEM.certificate.utf8))
        billing.delivery.timeout = .seconds(20)
        billing.delivery.connectTimeout = .seconds(2)
        billing.delivery.maxInFlight = 5
        billing.delivery.http = .http2
        billing.diversion.burst = 7
        billing.diversion.perSuccess = 0.5
        billing.retry.schedule = [.seconds(1), .minutes(2)]
        billing.retry.jitter = 0
        billing.retry.giveUpAfter = .days(1)
        billing.retry.on = [.network, .status(429), .statusClass(5)]
        billing.deadLetter.topic = "dead"
        var batch = BatchPolicy()
        batch.maxEvents = 5
        batch.maxBytes = 64 << 10
        batch.maxWait = .milliseconds(250)
        batch.partialResults = true
        billing.batch = batch
        expected.subscriptions = [billing]
        #expect(loaded.topics == [expected])
    }

    @Test func theShortestManifestTakesEveryDefault() {
        let loaded = load("topic: t\nsubscriptions: { s: { endpoint: \"https://example.com\", signing: none } }\n")
        var expected = Subscription(name: "s", topic: "t", endpoint: "https://example.com")
        expected.signing = .none
        #expect(loaded.problems.isEmpty)
        #expect(loaded.topics.first?.subscriptions == [expected])
    }

    @Test func namesTakenInAnotherFileNameBothPlaces() {
        let one = "topic: a\nsubscriptions:\n  s: { endpoint: \"https://example.com\", signing: none }\n"
        let two = "# second\ntopic: a\nsubscriptions:\n  s: { endpoint: \"https://example.com\", signing: none }\n"
        let loaded = ManifestLoader.load(
            folder: "./topics/", configuration: BridgeConfiguration(),
            environment: environment(["topics/a.yaml": one, "topics/b.yml": two]))
        #expect(
            loaded.problems.lines == [
                "topics/b.yml:2:1: error: topic: \"a\" has a manifest already, at topics/a.yaml:1:1; put all its subscriptions there",
                "topics/b.yml:4:3: error: subscriptions.s: this name is taken at topics/a.yaml:3:3; names are unique across all topics",
            ])
    }

    @Test func theProblemsOfAllFilesAreReportedTogetherInTheOrderOfTheirNames() {
        let loaded = ManifestLoader.load(
            folder: "topics", configuration: BridgeConfiguration(),
            environment: environment([
                "topics/c.yaml": "topic: [", "topics/a.yaml": "topik: x", "topics/b.yaml": "topic: b\nsubscriptions: { s: 1 }",
                "topics/.hidden.yaml": "?", "topics/readme.md": "?", "topics/schema.json": "{}",
            ]))
        #expect(loaded.problems.errors.map { String($0.prefix { $0 != " " }) } == [
            "topics/a.yaml:1:1:", "topics/a.yaml:1:1:", "topics/b.yaml:2:18:", "topics/c.yaml:2:1:",
        ])
    }

    @Test func textThatIsNotUTF8IsLocated() {
        let bytes = Array("topic: t\nowner: M".utf8) + [0xFC] + Array("ller\n".utf8)
        let loaded = ManifestLoader.load(
            folder: "topics", configuration: BridgeConfiguration(), environment: environment(bytes: ["topics/t.yaml": bytes]))
        #expect(loaded.problems.lines == ["topics/t.yaml:2:9: error: not UTF-8 text; save the file as UTF-8"])
    }

    @Test func aByteOrderMarkAndWindowsLineEndsAreAccepted() {
        let loaded = load("\u{FEFF}topic: t\r\nsubscriptions:\r\n  s:\r\n    endpoint: https://example.com\r\n    signing: none\r\n    x: 1\r\n")
        #expect(loaded.problems.lines == ["topics/t.yaml:6:5: error: subscriptions.s.x: unknown key; known here: \(subscriptionKeys)"])
    }

    @Test func aFolderThatIsMissingOrEmptyIsSaid() {
        let missing = ManifestLoader.load(
            folder: "/nowhere/topics", configuration: BridgeConfiguration(), environment: .fileSystem(variables: [:]))
        #expect(missing.problems.lines == ["/nowhere/topics: error: cannot read the folder of topic manifests: No such file or directory"])
        #expect(!missing.isUsable)
        let empty = ManifestLoader.load(folder: "topics", configuration: BridgeConfiguration(), environment: environment())
        #expect(empty.problems.lines == ["topics: warning: no topic manifests (*.yaml) in this folder; nothing is delivered"])
        #expect(empty.isUsable)
    }

    @Test func aDuplicateKeyHidesNoOtherProblem() {
        let loaded = load(subscription("headers: { X-A: 1, 'X-A': 2 }\nretry: { jitter: 7, jitter: 0.1 }\nretry: {}"))
        #expect(
            loaded.problems.lines == [
                "topics/t.yaml:6:24: error: subscriptions.s.headers.X-A: duplicate key; the first one is in line 6",
                "topics/t.yaml:7:14: error: subscriptions.s.retry.jitter: must be between 0 and 1, not \"7\"",
                "topics/t.yaml:7:25: error: subscriptions.s.retry.jitter: duplicate key; the first one is in line 7",
                "topics/t.yaml:8:5: error: subscriptions.s.retry: duplicate key; the first one is in line 7",
            ])
    }

    @Test func aScheduleMayGrowByAFactor() {
        let loaded = load(
            """
            topic: t
            subscriptions:
              a: { endpoint: https://example.com/a, signing: none, retry: { schedule: { first: 1s, factor: 3, longest: 10s, attempts: 6 } } }
            """)
        #expect(loaded.problems.lines == [])
        #expect(loaded.topics.first?.subscriptions.map(\.retry.schedule) == [[.seconds(1), .seconds(3), .seconds(9), .seconds(10), .seconds(10)]])
    }

    @Test func anAliasStandsForItsAnchor() {
        let loaded = load(
            """
            topic: t
            subscriptions:
              a: { endpoint: https://example.com/a, signing: none, retry: &fast { schedule: [1s, 2s], jitter: 0 } }
              b: { endpoint: https://example.com/b, signing: none, retry: *fast }
            """)
        #expect(loaded.problems.lines == [])
        #expect(loaded.topics.first?.subscriptions.map(\.retry.schedule) == [[.seconds(1), .seconds(2)], [.seconds(1), .seconds(2)]])
    }

    @Test func aliasesOfAliasesDoNotMultiply() {
        var text = "topic: t\nsubscriptions:\n  s0: &a0 { filters: [] }\n"
        for level in 1...40 { text += "  s\(level): &a\(level) [*a\(level - 1), *a\(level - 1), *a\(level - 1)]\n" }
        let loaded = load(text)
        #expect(loaded.problems.lines.filter { $0.contains("more than 100000 values") }.count == 1)
    }

    @Test(arguments: ["? *a40\n: x\n", "*a40 : x\n", "? [*a40]\n: x\n", "m: { ? *a40 : x }\nn: [\n"])
    func anAliasOfAliasesAsAKeyIsRefusedAtOnce(_ key: String) {
        var text = "topic: t\na0: &a0 [x]\n"
        for level in 1...40 { text += "k\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
        #expect(load(text + key).problems.count == 1)
    }

    @Test func deepNestingIsRefused() {
        let loaded = load("topic: t\nsubscriptions: { s: { filters: [" + String(repeating: "{ not: ", count: 400))
        #expect(loaded.problems.count == 1)
        let closed = load("topic: t\nevents: " + String(repeating: "[", count: 300) + String(repeating: "]", count: 300))
        #expect(closed.problems.errors.contains { $0.hasSuffix("nested more than 50 levels deep") })
    }

    @Test(arguments: [
        "https://example.com", "https://example.com:8443/a/b?c=d&e=%20", "https://127.0.0.1/", "https://[::1]:8080/x", "HTTPS://EXAMPLE.COM/",
        "https://a_b.internal./", "https://xn--exmple-cua.com/",
    ])
    func usualEndpointsAreAccepted(_ endpoint: String) {
        #expect(load(BadManifestTests.manifest(endpoint: endpoint)).problems.errors == [])
    }

    @Test func plainHTTPIsAcceptedWhereTheBridgeAllowsIt() {
        var configuration = BridgeConfiguration()
        configuration.egress.allowHTTP = true
        let loaded = load(BadManifestTests.manifest(endpoint: "http://localhost:9080/x"), configuration: configuration)
        #expect(loaded.problems.lines == [])
    }
}

let subscriptionKeys =
    "endpoint, description, owner, enabled, labels, start, filters, payload, headers, signing, auth, handshake, tls, delivery, diversion, "
    + "rateLimit, retry, deadLetter, batch, deduplicate, window"
