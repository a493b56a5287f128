import EventModel
import Manifests
import PEMFixtures
import Testing

/// Every key that is promised to users is read: none is unknown, none ignored.
@Suite struct InterfaceTests {
    private let files = [
        "/etc/fanfare/secrets/billing": goodSecret, "topics/schemas/order.created.json": "{}", "topics/examples/order.created.json": "{}",
        "/path": PEM.certificate,
    ]

    @Test func theConfigurationWithAllKeysIsRead() {
        let loaded = configure(
            """
            group: fanfare
            kafka:
              bootstrapServers: localhost:9092
              properties: {}
            topics: ./topics
            commitInterval: 100ms
            retryTopic: { name: "{group}.retry", lanes: [1s, 5s, 30s, 2m, 10m, 1h, 6h], partitionsPerLane: 1, replicationFactor: 3 }
            deadLetter: { topic: "{topic}.dead-letter", replicationFactor: 3 }
            control: { topic: "{group}.control" }
            receipts: { topic: "{group}.receipts", enabled: true, sample: 1.0 }
            limits: { recordMemory: 256MiB, ring: 4MiB, shards: auto, maxInFlight: 4096 }
            egress: { allowHTTP: false, allowPrivate: false, allow: [], deny: [], proxy: null }
            ops: { listen: 127.0.0.1:8080, tokens: { viewer: [], operator: [] } }
            tracing: { otlp: null, sample: 1.0, headers: {}, ca: null }
            logging: { level: info, format: text }
            shutdown: { grace: 25s }
            defaults: {}
            """)
        #expect(loaded.problems.lines == [])
        #expect(loaded.configuration == BridgeConfiguration(), "the values above are the documented defaults")
    }

    @Test func theManifestWithAllKeysIsReadButForTheRateLimit() throws {
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
              order.created: { description: An order was placed, schema: schemas/order.created.json, example: examples/order.created.json }
            versions: {}
            subscriptions:
              billing:
                endpoint: https://billing.example.com/hooks/orders
                description: Invoices
                owner: team-billing
                enabled: true
                start: latest
                filters: []
                payload: { format: structured }
                headers: { X-Environment: prod }
                signing: { secrets: ["${file:/etc/fanfare/secrets/billing}"] }
                auth: {}
                delivery: { timeout: 15s, connectTimeout: 5s, maxInFlight: 64, ordering: none, priority: normal, http: auto }
                diversion: { burst: 50, perSuccess: 1 }
                rateLimit: { perSecond: 100, burst: 20 }
                retry: { schedule: [5s, 1m, 5m, 30m, 2h, 6h, 12h, 24h], jitter: 0.2, giveUpAfter: 3d, on: [network, timeout, 404, 408, 409, 425, 429, 5xx] }
                deadLetter: { topic: shop.orders.dead-letter }
                batch: { maxEvents: 100, maxBytes: 1MiB, maxWait: 1s, partialResults: false }
                deduplicate: null
                window: null
            """, files: files)
        #expect(loaded.problems.lines == [])
        // The values above are the documented defaults.
        let billing = try #require(loaded.topics.first?.subscriptions.first)
        #expect(billing.delivery == DeliveryPolicy())
        #expect(billing.rateLimit == RateLimit())
        #expect(billing.diversion == DiversionPolicy())
        #expect(billing.retry == RetryPolicy())
        #expect(billing.batch == BatchPolicy())
    }

    @Test func filtersPayloadWindowsSigningAndAuthAreReadOrNotSupportedYet() {
        let loaded = load(
            """
            topic: shop.orders
            versions:
              "2": {}
              "1": { deprecated: 2027-06-01, rename: { /data/total: /data/amount }, drop: [/data/taxes] }
            subscriptions:
              s:
                endpoint: https://example.com
                filters:
                  - any: [ { exact: { type: order.created } }, { prefix: { type: order.payment. } } ]
                  - sql: "source LIKE '/shop/%' AND EXISTS subject"
                  - pattern: { data: { amount: [ { numeric: [ ">=", 100 ] } ], currency: [ EUR, USD ] } }
                payload:
                  format: raw
                  drop: [/data/customer/email]
                  select: [/data/id, /data/total]
                  template: '{"text": "Order {{data.id}} for {{data.total}}"}'
                  contentType: application/json
                  version: "1"
                window:
                  type: tumbling
                  size: 1m
                  time: event
                  grace: 5s
                  late: deadLetter
                  groupBy: [key]
                  maxGroups: 100000
                  aggregates: { orders: { count: true }, revenue: { sum: /data/total }, highest: { max: /data/total }, buyers: { distinct: /data/customer }, last: { last: /data }, ids: { list: /id, limit: 100 } }
                  eventType: order.summary
                deduplicate: { by: id, window: 10m }
                deadLetter: { drop: true }
                batch: { partialResults: true }
                signing:
                  scheme: stripe
                  secrets: ["${file:/etc/fanfare/secrets/billing}"]
                auth:
                  basic: { username: u, password: "${P}" }
                  bearer: { token: "${P}" }
                  apiKey: { header: X-API-Key, value: "${P}" }
                  oauth2: { tokenURL: "https://example.com", clientID: c, clientSecret: "${P}", scopes: [a], audience: x }
                  mtls: { certificate: /path, key: /path }
                tls: { ca: /path, pins: ["sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="] }
            """, files: files, variables: ["P": "p"])
        let paths = loaded.problems.map { "\($0.path): \($0.message.prefix { $0 != ";" })" }
        #expect(paths == [
            "subscriptions.s.payload.version: version 1 will be deprecated on 2027-06-01",
            "subscriptions.s.auth: has basic and bearer and apiKey and oauth2 and mtls",
        ])
    }

    @Test func valuesThatAskForNothingAreAccepted() {
        let loaded = load(
            subscription(
                """
                payload: { drop: [], select: [], template: null, contentType: ~, version: null }
                auth: { basic: null, bearer: null, apiKey: null, oauth2: null, mtls: null }
                tls: { ca: null, pins: [] }
                rateLimit: null
                deadLetter: { drop: false }
                batch: null
                window:
                deduplicate: null
                """) + "versions: {}\n")
        #expect(loaded.problems.lines == [])
        let signed = load("topic: t\nsubscriptions: { s: { endpoint: https://example.com, signing: { scheme: standard, keys: [], secrets: [\"${S}\"] } } }\n", variables: ["S": goodSecret])
        #expect(signed.problems.lines == [])
        #expect(configure("tracing: { otlp: null }\n").problems.lines == [])
    }
}
