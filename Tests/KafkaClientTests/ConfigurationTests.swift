import KafkaClient
import Testing

@Suite struct ConfigurationTests {
    private func refusal(_ name: String, _ value: String) -> String? {
        let configuration = KafkaConfiguration(bootstrapServers: "localhost:9092", properties: [(name, value)])
        do throws(KafkaError) {
            try configuration.validate()
            return nil
        } catch {
            return error.message
        }
    }

    @Test func ordinaryPropertiesAreAccepted() throws {
        let configuration = KafkaConfiguration(
            bootstrapServers: "localhost:9092",
            properties: [
                ("security.protocol", "sasl_plaintext"), ("sasl.mechanism", "SCRAM-SHA-512"), ("sasl.username", "u"),
                ("sasl.password", "p"), ("session.timeout.ms", "6000"), ("linger.ms", "20"), ("acks", "all"),
                ("enable.idempotence", "true"), ("message.max.bytes", "20000000"), ("fetch.max.bytes", "30000000"),
                ("queued.max.messages.kbytes", "4096"),
            ])
        try configuration.validate()
    }

    @Test(arguments: [
        ("no.such.property", "1", "No such configuration property"),
        ("session.timeout.ms", "often", "session.timeout.ms"),
        ("session.timeout.ms", "99999999", "session.timeout.ms"),
        ("max.poll.interval.ms", "1000", "max.poll.interval.ms"),
        ("ssl.ca.location", "/no/such/file", "ssl.ca.location"),
        ("group.id", "mine", "is set by group"),
        ("enable.auto.commit", "true", "delivered"),
        ("partition.assignment.strategy", "range", "cooperative-sticky"),
        ("enable.idempotence", "false", "must stay true"),
        ("acks", "1", "must stay all"),
        ("message.timeout.ms", "1000", "until the broker takes it"),
        ("max.in.flight", "5", "count as written"),
        ("auto.offset.reset", "earliest", "never jumped over"),
        ("test.mock.num.brokers", "3", "embedded"),
    ])
    func whatCannotWorkIsRefusedByName(name: String, value: String, says: String) {
        var properties = [(name, value)]
        // The certificate is read only when TLS is on.
        if name.hasPrefix("ssl.") { properties.append(("security.protocol", "ssl")) }
        let configuration = KafkaConfiguration(bootstrapServers: "localhost:9092", properties: properties)
        let error = #expect(throws: KafkaError.self) { try configuration.validate() }
        #expect(error?.message.contains(name) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains(says) == true, "\(error?.message ?? "")")
    }

    private final class Source: BearerTokenSource {
        let asked: AsyncStream<String?>
        private let tell: AsyncStream<String?>.Continuation
        private let isGiven: Bool

        init(isGiven: Bool) {
            self.isGiven = isGiven
            (asked, tell) = AsyncStream.makeStream()
        }

        func token(after previous: String?) throws(BearerTokenFailure) -> BearerToken {
            tell.yield(previous)
            guard isGiven else { throw BearerTokenFailure("none today") }
            return BearerToken(text: "a.b.c", principal: "me", expires: 4_000_000_000_000, extensions: [("logicalCluster", "lkc-1")])
        }

        func wasRefused(_ token: String) {}
    }

    private func configuration(_ source: Source) -> KafkaConfiguration {
        KafkaConfiguration(
            bootstrapServers: "127.0.0.1:1", properties: [("security.protocol", "SASL_PLAINTEXT"), ("sasl.mechanisms", "OAUTHBEARER")], tokens: source)
    }

    @Test func aClientAsksForItsTokenThoughNobodyPollsItAndLetsGoOfItsSource() async throws {
        weak var last: Source?
        do {
            let source = Source(isGiven: true)
            last = source
            let client = try ClusterAdmin(configuration(source), timeoutMilliseconds: 1)
            for await previous in source.asked {
                #expect(previous == nil)
                break
            }
            withExtendedLifetime(client) {}
        }
        // Clients are destroyed on threads of their own.
        for _ in 0..<3000 where last != nil { try await Task.sleep(for: .milliseconds(10)) }
        #expect(last == nil)
    }

    @Test func whyThereIsNoTokenIsTheReasonThatTheClusterDoesNotAnswer() async throws {
        let source = Source(isGiven: false)
        let client = try ClusterAdmin(configuration(source), timeoutMilliseconds: 1)
        for await _ in source.asked { break }
        var reason = ""
        for _ in 0..<3000 where !reason.contains("none today") {
            reason = client.reason(for: KafkaError(code: ._TIMED_OUT))
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(reason.contains("none today"), "\(reason)")
    }

    @Test func anAddressIsNeeded() {
        #expect(throws: KafkaError.self) { try KafkaConfiguration(bootstrapServers: "").validate() }
    }

    @Test func errorsCarryTheNamesOfTheManual() {
        let error = KafkaError(code: .MSG_SIZE_TOO_LARGE)
        #expect(error.description == "Broker: Message size too large (MSG_SIZE_TOO_LARGE)")
        #expect(!error.isRetriable)
        #expect(KafkaError(code: ._TRANSPORT).isRetriable)
        #expect(KafkaError(code: ._FATAL).isFatal)
        #expect(KafkaError(code: .ILLEGAL_GENERATION).isFenced)
        switch error {
        case KafkaError.Code.MSG_SIZE_TOO_LARGE: break
        default: Issue.record("a code matches as a pattern")
        }
    }
}
