import EventModel
import Manifests
import Testing

@Suite struct ConfigurationTests {
    @Test func withoutAFileEverythingHasItsDefault() {
        let loaded = ConfigurationLoader.load(file: nil, environment: environment())
        #expect(loaded.configuration == BridgeConfiguration())
        #expect(loaded.problems.isEmpty)
    }

    @Test func aFileOfCommentsIsAFileWithoutKeys() {
        let loaded = configure("# group: x\n")
        #expect(loaded.configuration == BridgeConfiguration())
        #expect(loaded.problems.isEmpty)
        #expect(loaded.filesRead == ["fanfare.yaml"])
    }

    @Test func aNamedFileMustBeThere() {
        let loaded = ConfigurationLoader.load(file: "conf/f.yaml", environment: environment())
        #expect(loaded.problems.lines == ["conf/f.yaml: error: cannot read the configuration: No such file or directory"])
    }

    @Test func everyKeyArrives() {
        let loaded = configure(
            """
            group: g
            kafka: { bootstrapServers: "a:1, SSL://b:2", properties: { security.protocol: SASL_SSL, sasl.mechanisms: OAUTHBEARER, ssl.key.password: "${P}" }, oauth: { command: [../bin/token, "${P}"], principal: me, extensions: { a: b }, timeout: 3s } }
            topics: /etc/topics
            commitInterval: 200ms
            retryTopic: { name: "{group}.again", lanes: [1s, 1m], partitionsPerLane: 2, replicationFactor: 1 }
            deadLetter: { topic: "{group}.{topic}.dead", replicationFactor: 2 }
            control: { topic: "{group}.changes" }
            schemaRegistry: { url: "https://registry.example.com:8081/api/", basic: { username: u, password: "${P}" } }
            limits: { recordMemory: 1GiB, ring: 64KiB, shards: 3, maxInFlight: 10 }
            egress: { allowHTTP: true, allowPrivate: true, allow: ["*.example.com", 10.0.0.0/8], deny: ["fe80::/10", a.example.com], allowPorts: [444], proxy: "socks5h://u:p%40@proxy:1080" }
            ops: { listen: "[::1]:0" }
            logging: { level: debug, format: json }
            shutdown: { grace: 0s }
            """, files: ["../bin/token": "#!/bin/sh"], variables: ["P": "p"])
        #expect(loaded.problems.lines == [])
        var expected = BridgeConfiguration()
        expected.group = "g"
        expected.kafka.bootstrapServers = "a:1, SSL://b:2"
        expected.kafka.properties = [HeaderField(name: "security.protocol", value: "SASL_SSL"), HeaderField(name: "sasl.mechanisms", value: "OAUTHBEARER"), HeaderField(name: "ssl.key.password", value: "p")]
        expected.kafka.oauth = BridgeConfiguration.OAuth()
        expected.kafka.oauth!.command = ["../bin/token", "p"]
        expected.kafka.oauth!.principal = "me"
        expected.kafka.oauth!.extensions = [HeaderField(name: "a", value: "b")]
        expected.kafka.oauth!.timeout = .seconds(3)
        expected.topics = "/etc/topics"
        expected.commitInterval = .milliseconds(200)
        expected.retryTopic.name = "{group}.again"
        expected.retryTopic.lanes = [.seconds(1), .minutes(1)]
        expected.retryTopic.partitionsPerLane = 2
        expected.retryTopic.replicationFactor = 1
        expected.deadLetter.topic = "{group}.{topic}.dead"
        expected.deadLetter.replicationFactor = 2
        expected.control.topic = "{group}.changes"
        expected.schemaRegistry = BridgeConfiguration.SchemaRegistry()
        expected.schemaRegistry!.url = "https://registry.example.com:8081/api/"
        expected.schemaRegistry!.basic = BridgeConfiguration.SchemaRegistry.Basic()
        expected.schemaRegistry!.basic!.username = "u"
        expected.schemaRegistry!.basic!.password = "p"
        expected.limits.recordMemory = 1 << 30
        expected.limits.ring = 64 << 10
        expected.limits.shards = 3
        expected.limits.maxInFlight = 10
        expected.egress.allowHTTP = true
        expected.egress.allowPrivate = true
        expected.egress.allow = ["*.example.com", "10.0.0.0/8"]
        expected.egress.deny = ["fe80::/10", "a.example.com"]
        expected.egress.allowPorts = [444]
        expected.egress.proxy = "socks5h://u:p%40@proxy:1080"
        expected.ops.listen = "[::1]:0"
        expected.logging.level = "debug"
        expected.logging.format = .json
        expected.shutdown.grace = .zero
        #expect(loaded.configuration == expected)
    }

    @Test func aFlagWinsOverTheEnvironmentOverTheFileOverTheDefault() {
        let file = "limits: { maxInFlight: 1, shards: 1, ring: 1MiB }\n"
        let variables = ["FANFARE_LIMITS_MAXINFLIGHT": "2", "FANFARE_LIMITS_SHARDS": "2"]
        let loaded = configure(file, variables: variables, overrides: [("limits.maxInFlight", "3")])
        #expect(loaded.problems.isEmpty)
        #expect(loaded.configuration.limits.maxInFlight == 3)
        #expect(loaded.configuration.limits.shards == 2)
        #expect(loaded.configuration.limits.ring == 1 << 20)
        #expect(loaded.configuration.limits.recordMemory == 256 << 20)
    }

    @Test func variablesReachEveryKindOfKey() {
        let loaded = configure(
            "kafka: { properties: { sasl.mechanism: PLAIN } }\n",
            variables: [
                "FANFARE_KAFKA_BOOTSTRAPSERVERS": "broker-1:9092,broker-2:9092", "FANFARE_RETRYTOPIC_LANES": "1s, 10s,1m",
                "FANFARE_KAFKA_PROPERTIES_SECURITY_PROTOCOL": "SASL_SSL", "FANFARE_KAFKA_PROPERTIES_LOG__LEVEL": "3",
                "FANFARE_KAFKA_PROPERTIES_SASL_PASSWORD": "${not replaced", "FANFARE_EGRESS_ALLOWHTTP": "true", "FANFARE_EGRESS_DENY": "",
                "FANFARE_LIMITS_RING": "2MiB", "FANFARE_LIMITS_SHARDS": "auto", "FANFARE_RECEIPTS_ENABLED": "false",
                "FANFARE_DEFAULTS_RETRY_SCHEDULE": "1s,2s", "FANFARE_DEFAULTS_SIGNING_SECRETS": "\(goodSecret),\(goodSecret)",
                "FANFARE_DEFAULTS_HEADERS_X_ENVIRONMENT": "prod", "FANFARE_DEFAULTS_BATCH_MAXEVENTS": "7", "HOME": "/root",
            ])
        #expect(loaded.problems.lines == [])
        #expect(loaded.configuration.kafka.bootstrapServers == "broker-1:9092,broker-2:9092")
        #expect(loaded.configuration.retryTopic.lanes == [.seconds(1), .seconds(10), .minutes(1)])
        #expect(Set(loaded.configuration.kafka.properties.map { "\($0.name)=\($0.value)" }) == [
            "sasl.mechanism=PLAIN", "security.protocol=SASL_SSL", "log_level=3", "sasl.password=${not replaced",
        ])
        #expect(loaded.configuration.egress.allowHTTP)
        #expect(loaded.configuration.limits.ring == 2 << 20)
        #expect(!loaded.configuration.receipts.enabled)
        let manifests = load("topic: t\nsubscriptions: { s: { endpoint: https://example.com } }\n", defaults: loaded.defaults)
        let subscription = manifests.topics.first?.subscriptions.first
        #expect(manifests.problems.lines == [])
        #expect(subscription?.retry.schedule == [.seconds(1), .seconds(2)])
        #expect(subscription?.signing == .signed(SigningMethod(secrets: [SigningSecret(goodSecret), SigningSecret(goodSecret)])))
        #expect(subscription?.headers == [HeaderField(name: "x-environment", value: "prod")])
        #expect(subscription?.batch?.maxEvents == 7)
    }

    @Test func wrongVariablesAndFlagsAreNamed() {
        let loaded = configure(
            "", variables: [
                "FANFARE_LIMITS_MAXINFLIGT": "1", "FANFARE_LIMITS_MAXINFLIGHT": "many", "FANFARE_SOMETHING_ELSE_ENTIRELY": "1",
                "FANFARE_SERVICE_HOST": "10.0.0.1", "FANFARE_PORT_8080_TCP": "tcp://10.0.0.1:8080", "FANFARE_OPS_TOKENS_VIEWER": "abc",
            ],
            overrides: [("limits.shards", "0"), ("limit.shards", "1"), ("kafka.properties.group.id", "x")])
        #expect(
            loaded.problems.lines == [
                "environment: error: limits.maxInFlight: must be a whole number, not \"many\"",
                "environment: warning: FANFARE_LIMITS_MAXINFLIGT: no configuration key has this name; did you mean FANFARE_LIMITS_MAXINFLIGHT?",
                "environment: error: ops.tokens.viewer[0]: a token has at least 20 characters; make one with openssl rand -hex 32",
                "environment: warning: FANFARE_SOMETHING_ELSE_ENTIRELY: no configuration key has this name; it is ignored",
                "command line: error: limits.shards: must be between 1 and 1024, or auto, not \"0\"",
                "command line: error: limit.shards: unknown key; did you mean \"limits.shards\"?",
                "command line: error: kafka.properties.group.id: set the key group instead",
            ])
    }

    @Test func defaultsComeUnderEverySubscriptionKeyByKey() throws {
        let loaded = configure(
            """
            defaults:
              owner: platform
              delivery: { timeout: 3s, maxInFlight: 8 }
              headers: { X-A: "1", X-B: "2" }
              batch: { maxEvents: 5 }
              signing: none
              retry: { schedule: [1s] }
            """)
        #expect(loaded.problems.isEmpty)
        let manifests = load(
            """
            topic: t
            subscriptions:
              plain: { endpoint: "https://example.com" }
              own:
                endpoint: https://example.com
                delivery: { maxInFlight: 2 }
                headers: { x-b: "3", X-C: "4" }
                batch: { maxWait: 5s }
                retry: { jitter: 0 }
              none: { endpoint: "https://example.com", batch: null }
            """, defaults: loaded.defaults)
        #expect(manifests.problems.lines == [])
        let subscriptions = try #require(manifests.topics.first?.subscriptions)
        #expect(subscriptions.map(\.owner) == ["platform", "platform", "platform"])
        #expect(subscriptions.map(\.delivery.maxInFlight) == [8, 2, 8])
        #expect(subscriptions.map(\.delivery.timeout) == [.seconds(3), .seconds(3), .seconds(3)])
        #expect(subscriptions.map { $0.headers.map { "\($0.name)=\($0.value)" } } == [["X-A=1", "X-B=2"], ["X-A=1", "x-b=3", "X-C=4"], ["X-A=1", "X-B=2"]])
        #expect(subscriptions.map { $0.batch?.maxEvents } == [5, 5, nil])
        #expect(subscriptions.map { $0.batch?.maxWait } == [.seconds(1), .seconds(5), nil])
        #expect(subscriptions.map(\.retry.schedule) == [[.seconds(1)], [.seconds(1)], [.seconds(1)]])
    }

    @Test func whatIsWrongInDefaultsIsShownThere() {
        let loaded = configure("defaults:\n  retry: { jitter: 2 }\n  payload: { format: binary }\n  window: { type: tumbling }\n")
        #expect(
            loaded.problems.lines == [
                "fanfare.yaml:2:12: error: defaults.retry.jitter: must be between 0 and 1, not \"2\"",
                "fanfare.yaml:4:3: error: defaults.window: the key size is missing; write size: 1m",
            ])
        // Wrong only together with the subscription's own keys.
        let manifests = load(subscription("batch: {}"), defaults: configure("defaults:\n  payload: { format: binary }\n").defaults)
        #expect(
            manifests.problems.lines == [
                "fanfare.yaml:2:14: error: subscriptions.s.payload.format: binary has no place for several events; with batch, write structured or raw"
            ])
    }

    @Test func aConfigurationThatIsWrongSaysWhereAndWhatToWrite() {
        let loaded = configure(
            """
            group: my group
            kafka: { bootstrapServers: [a:1, b:2], properties: { group.id: x } }
            commitInterval: 1ms
            retryTopic: { name: "{topic}.retry", lanes: [5s, 1s], partitionsPerLane: 0 }
            deadLetter: { topic: "{topic}!" }
            limits: { recordMemory: 16MiB, ring: 32MiB, shards: many }
            egress: { allow: [10.0.0.0/33, "http://x"], proxy: "http://proxy" }
            ops: { listen: 8080 }
            tracing: { otlp: "http://u:p@collector:4318", sample: 2, headers: { Host: x } }
            logging: { level: warn }
            receipts: { enabled: maybe, topic: "{topic}.receipts", sample: 2 }
            control: { topic: "{topic}.control" }
            shutdown: { grace: 2 }
            kafak: {}
            """)
        #expect(
            loaded.problems.lines == [
                "fanfare.yaml:1:1: error: group: must be a group name (letters, digits, ., _ and -, at most 128), not \"my group\"",
                "fanfare.yaml:2:10: error: kafka.bootstrapServers: must be host:port, several separated by commas, or embedded, not a list",
                "fanfare.yaml:2:54: error: kafka.properties.group.id: set the key group instead",
                "fanfare.yaml:3:1: error: commitInterval: must be between 10ms and 1m, not \"1ms\"",
                "fanfare.yaml:4:15: error: retryTopic.name: only {group} may stand in braces here",
                "fanfare.yaml:4:38: error: retryTopic.lanes: must be ascending, each delay longer than the one before",
                "fanfare.yaml:4:55: error: retryTopic.partitionsPerLane: must be between 1 and 1000, not \"0\"",
                "fanfare.yaml:5:15: error: deadLetter.topic: must be a Kafka topic name (letters, digits, ., _ and -, at most 249), not \"{topic}!\"",
                "fanfare.yaml:6:32: error: limits.ring: limits.ring (32MiB) must not be larger than limits.recordMemory (16MiB)",
                "fanfare.yaml:6:45: error: limits.shards: must be auto or a whole number, not \"many\"",
                "fanfare.yaml:7:19: error: egress.allow[0]: must be a host name, *.suffix, an address or a CIDR range, not \"10.0.0.0/33\"",
                "fanfare.yaml:7:32: error: egress.allow[1]: must be a host name, *.suffix, an address or a CIDR range, not \"http://x\"",
                "fanfare.yaml:7:45: error: egress.proxy: must be a host and a port after the scheme, and before them perhaps user:password@, percent-encoded",
                "fanfare.yaml:8:8: error: ops.listen: must be an address and port such as 127.0.0.1:8080 or [::]:8080, not \"8080\"",
                "fanfare.yaml:9:12: error: tracing.otlp: must not hold a user name or password; write them under tracing.headers",
                "fanfare.yaml:9:47: error: tracing.sample: must be between 0 and 1, not \"2\"",
                "fanfare.yaml:9:69: error: tracing.headers.Host: this header cannot be set here: it comes from the endpoint's URL",
                "fanfare.yaml:10:12: error: logging.level: must be trace, debug, info, notice, warning, error or critical, not \"warn\"",
                "fanfare.yaml:11:13: error: receipts.enabled: must be true or false, not \"maybe\"",
                "fanfare.yaml:11:29: error: receipts.topic: only {group} may stand in braces here",
                "fanfare.yaml:11:56: error: receipts.sample: must be between 0 and 1, not \"2\"",
                "fanfare.yaml:12:12: error: control.topic: only {group} may stand in braces here",
                "fanfare.yaml:13:13: error: shutdown.grace: must be a duration with its unit, such as 5s or 250ms, not \"2\"",
                "fanfare.yaml:14:1: error: kafak: unknown key; did you mean \"kafka\"?",
            ])
    }

    @Test(arguments: [
        ("{ enabled: false, index: { enabled: true } }", 1), ("{ index: { enabled: true } }", 0), ("{ enabled: false }", 0),
    ])
    func anIndexOfReceiptsThatNobodyWritesIsWarnedOf(receipts: String, warnings: Int) {
        let loaded = configure("receipts: \(receipts)\n")
        #expect(loaded.isUsable)
        #expect(loaded.problems.filter { $0.path == "receipts.index.enabled" && $0.severity == .warning }.count == warnings)
        #expect(loaded.problems.count == warnings)
    }

    @Test func theProcessesOwnEnvironmentIsReadable() throws {
        let environment = Environment.process()
        #expect(environment.variables["PATH"] != nil)
        #expect(try !environment.readFile("/proc/self/status").get().isEmpty)
        #expect(environment.stamp("/") != nil)
        #expect(environment.stamp("/no/such/file") == nil)
    }
}
