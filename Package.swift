// swift-tools-version: 6.1
import PackageDescription

// The direction of dependencies is the architecture: a target may import only what is listed here, imports are
// internal unless a signature needs them public, and the language mode is Swift 6 with complete concurrency checks.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ExistentialAny"),
    .unsafeFlags(["-warnings-as-errors"]),
    // Checked where nothing is optimised, which is how the sanitizers run all tests; at full speed the checks are 3 to 4% of a shard's time.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

func target(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func test(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let bigInt = Target.Dependency.product(name: "BigInt", package: "BigInt")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "fanfare",
    products: [
        .executable(name: "fanfare", targets: ["fanfare"]),
        .executable(name: "fanfare-simulate", targets: ["simulate"]),
        .executable(name: "fanfare-measure", targets: ["measure"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/attaswift/BigInt", from: "6.0.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    ],
    targets: [
        // Nouns: event, subscription, policies, verdict, moment.
        target("EventModel"),
        // Bytes to events and events to request bodies: JSON scanner, CloudEvents bindings.
        target("EventFormats", ["EventModel"]),
        // JSON Schema (draft-07) over the bytes of JSON; pure.
        target("JSONSchema", ["EventFormats"]),
        // Avro schemas, and values of them as JSON; pure.
        target("Avro", ["EventFormats"]),
        // Filter kinds; many subscriptions compiled into one matcher.
        target("Filters", ["EventModel", "EventFormats"]),
        // What payloads, headers and URLs are made of events: JSON edits, templates, versions; pure.
        target("Transforms", ["EventModel", "EventFormats"]),
        // All decisions: cursors, ring, lanes, batches, budget, verdicts; pure.
        target("DeliveryCore", ["EventModel", heap, deque]),
        // What windows hold: groups, exact decimals, aggregates, the event of a complete window; pure.
        target("Aggregation", ["EventModel", "EventFormats", "Signing", bigInt]),
        // Where requests may go: addresses, hosts and the rules for them; pure.
        target("Egress"),
        // Certificates and keys in PEM: whether they can be used, and until when.
        target("Certificates", ["COpenSSL"]),
        // YAML to validated subscriptions and configuration, or a list of problems with file and line.
        target("Manifests", [
            "EventModel", "EventFormats", "JSONSchema", "Filters", "Transforms", "Signing", "Egress", "Certificates", yams,
        ]),
        // What receivers get, as OpenAPI and AsyncAPI documents; pure.
        target("Descriptions", ["EventModel", "EventFormats", "JSONSchema", "Manifests"]),
        // What operators change at run time: the records of the control topic, and the state folded from them; pure.
        target("Control", ["EventModel", "EventFormats"]),
        // Standard Webhooks signatures.
        target("Signing", ["EventModel", "COpenSSL"]),
        // The C libraries of the system; shims only where Swift cannot call a variadic function or see a macro.
        .systemLibrary(name: "CRDKafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CLinux"),
        // One thread's epoll loop: descriptors, deadlines, wake-ups from other threads.
        target("EventLoop", ["CLinux"]),
        // librdkafka as safe Swift; knows no subscription.
        .target(
            name: "KafkaClient", dependencies: ["CRDKafka", "CLinux"], swiftSettings: settings,
            // The embedded cluster gets its port by a `bind` of ours, which librdkafka must find first (FixedPort.swift).
            linkerSettings: [.unsafeFlags(["-Xlinker", "--export-dynamic-symbol=bind"])]),
        // Requests over libcurl, and over HTTP/1.1 of our own; knows no subscription.
        target("HTTPTransport", ["CCurl", "CLinux", "COpenSSL", "Egress", "EventLoop"]),
        // What the schemas of framed values are, from a schema registry.
        target("SchemaRegistry", ["EventModel", "EventFormats", "Avro", "HTTPTransport"]),
        // Tokens for Kafka's OAUTHBEARER, from a command or a token endpoint; one for all clients of a process.
        target("KafkaTokens", ["EventModel", "EventFormats", "EventLoop", "HTTPTransport", "KafkaClient", "CLinux"]),
        // Trace contexts, and spans as OTLP has them; pure.
        target("Spans", ["EventModel", "EventFormats"]),
        // Feeds the core, performs its effects, observes.
        target("BridgeRuntime", [
            "EventModel", "EventFormats", "JSONSchema", "Filters", "Transforms", "DeliveryCore", "Aggregation", "Control", "Manifests", "Signing", "EventLoop",
            "KafkaClient", "KafkaTokens", "Egress", "HTTPTransport", "SchemaRegistry", "Spans", "CLinux", logging,
        ]),
        // What operators send again: dead letters, and ranges of topics, through the retry topic.
        target("Redelivery", ["EventModel", "EventFormats", "Filters", "DeliveryCore", "EventLoop", "KafkaClient"]),
        // Receipts of attempts: what they say, and which ones; pure.
        target("Receipts", ["EventModel", "EventFormats"]),
        // A copy of the receipts topic in an SQLite file, for questions that reading the whole topic would answer late.
        target("ReceiptIndex", ["EventModel", "Receipts", grdb]),
        // Probes, metrics, the API and the console over HTTP, from the core's snapshots.
        .target(
            name: "OpsServer",
            dependencies: ["EventModel", "EventFormats", "Manifests", "DeliveryCore", "Control", "KafkaClient", "Receipts", "Redelivery", hummingbird, logging],
            // The console's files become constants of the program, which stays one file that runs anywhere.
            resources: [.embedInCode("Console/Page")], swiftSettings: settings),
        // A webhook receiver for trying things out: prints, verifies, misbehaves on demand.
        target("Receiver", ["EventModel", "Signing", hummingbird, logging]),
        // What a terminal shows: the demo's live picture, tables, progress.
        target("TerminalViews", ["EventModel", "DeliveryCore"]),
        // Simulated broker, endpoints, faults and the checkers of the contract.
        target("Simulator", ["EventModel", "DeliveryCore"]),
        // Runs simulations by the thousand, replays them, makes failing ones smaller. Not in the image.
        .executableTarget(
            name: "simulate",
            // The engine too, though only the simulator imports it: scenarios hold its options, and a target is not built
            // again for a change of layout in what it does not list.
            dependencies: ["EventModel", "DeliveryCore", "Simulator", "TerminalViews", arguments], swiftSettings: settings),
        // Every parser, as a fuzzer runs it; and how unit tests do.
        target("Fuzzing", [
            "EventModel", "EventFormats", "JSONSchema", "Avro", "SchemaRegistry", "Filters", "Transforms", "DeliveryCore", "Control", "Manifests",
            "HTTPTransport", "KafkaClient", "Signing", "BridgeRuntime",
        ]),
        // Runs single stages of an event's way, for those who time them (bench/filters.py) or count their instructions
        // (Tests/Instructions). Not in the image.
        .executableTarget(
            name: "measure",
            dependencies: ["EventModel", "EventFormats", "Filters", "DeliveryCore", "Signing", "HTTPTransport", "BridgeRuntime", arguments],
            swiftSettings: settings),
        // Commands and wiring.
        .executableTarget(
            name: "fanfare",
            dependencies: [
                "EventModel", "EventFormats", "Filters", "DeliveryCore", "Control", "Manifests", "Signing", "EventLoop", "KafkaClient", "KafkaTokens",
                "Egress", "HTTPTransport", "SchemaRegistry", "BridgeRuntime", "Redelivery", "Receipts", "ReceiptIndex", "OpsServer", "Receiver", "TerminalViews",
                "Descriptions", "CLinux", "COpenSSL", hummingbird, arguments, logging,
            ],
            swiftSettings: settings),

        test("EventFormatsTests", ["EventModel", "EventFormats"]),
        test("JSONSchemaTests", ["EventFormats", "JSONSchema"]),
        test("AvroTests", ["EventFormats", "Avro"]),
        test("TransformsTests", ["EventModel", "EventFormats", "Transforms"]),
        test("FuzzingTests", ["Fuzzing"]),
        test("AggregationTests", ["EventModel", "EventFormats", "Aggregation"]),
        test("BridgeRuntimeTests", ["EventModel", "EventFormats", "DeliveryCore", "KafkaClient", "Spans", "BridgeRuntime"]),
        test("ControlTests", ["EventModel", "Control"]),
        test("RedeliveryTests", ["EventModel", "KafkaClient", "Redelivery"]),
        test("ReceiptsTests", ["EventModel", "Receipts"]),
        test("ReceiptIndexTests", ["EventModel", "Receipts", "ReceiptIndex"]),
        test("SpansTests", ["EventModel", "EventFormats", "Spans"]),
        test("FiltersTests", ["EventModel", "EventFormats", "Filters", yams]),
        test("DeliveryCoreTests", ["EventModel", "DeliveryCore"]),
        test("SimulatorTests", ["EventModel", "DeliveryCore", "Simulator"]),
        // Certificates and keys for the tests of those who read them.
        .target(name: "PEMFixtures", path: "Tests/PEMFixtures", swiftSettings: settings),
        test("ManifestsTests", ["EventModel", "Manifests", "PEMFixtures"]),
        test("SigningTests", ["EventModel", "Signing"]),
        test("KafkaClientTests", ["KafkaClient"]),
        test("KafkaTokensTests", ["EventModel", "KafkaClient", "KafkaTokens"]),
        test("HTTPTransportTests", ["Egress", "HTTPTransport", "EventLoop"]),
        test("CertificatesTests", ["Certificates", "PEMFixtures"]),
        test("OpsServerTests", ["EventModel", "Manifests", "DeliveryCore", "Control", "Receipts", "Redelivery", "OpsServer"]),
        test("ReceiverTests", ["Receiver", "Signing"]),
        test("TerminalViewsTests", ["EventModel", "DeliveryCore", "TerminalViews"]),
    ]
)

// libFuzzer brings its own `main`, so the program that it drives can only be built with it: `make fuzz`.
if Context.environment["FANFARE_FUZZ"] != nil {
    package.products.append(.executable(name: "fanfare-fuzz", targets: ["fuzz"]))
    package.targets.append(.executableTarget(
        name: "fuzz", dependencies: ["Fuzzing"], swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])]))
}
