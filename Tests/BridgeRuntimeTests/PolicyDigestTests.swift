import BridgeRuntime
import EventModel
import Testing

@Suite struct PolicyDigestTests {
    private func digest(_ change: (inout Subscription) -> Void = { _ in }) -> String {
        var billing = Subscription(name: "billing", topic: "shop.orders", endpoint: "https://billing.example.com/")
        billing.retry.on = [.network, .timeout, .status(429), .statusClass(5)]
        billing.signing = .signed(SigningMethod(secrets: [SigningSecret("whsec_one")]))
        billing.headers = [HeaderField(name: "Authorization", value: "Bearer one")]
        change(&billing)
        return billing.manifestDigest
    }

    /// Suspensions that are stored hold only as long as this stays as it is.
    @Test func `a digest does not change from version to version`() {
        #expect(digest() == "727f2ede51d2c91e7433c9bc00ea30671477dec105e40fc6c2d278917db737f0")
    }

    /// Neither does one of a subscription with every section that may be left out, when a later version adds keys to them.
    @Test func `keys that are added to optional sections change no digest`() {
        let digest = digest {
            $0.rateLimit = RateLimit()
            $0.rateLimit?.burst = 5
            $0.batch = BatchPolicy()
            $0.batch?.maxEvents = 5
            $0.window = WindowPolicy(shape: .session(gap: .minutes(1), max: .hours(24)))
            $0.window?.groupBy = [.attribute("type"), .pointer("/data/customer")]
            $0.window?.aggregates = [Aggregate(name: "revenue", function: .sum("/data/total"))]
        }
        #expect(digest == "d88b5620486ad094e40889784fc4229a235d9fbb036f460fa97995c7461ecd71")
    }

    @Test(arguments: [
        { $0.description = "edited" }, { $0.endpoint = "https://billing.example.com/v2" }, { $0.enabled = false },
        { $0.filters = [.exact([AttributeOperand(attribute: "type", operand: "a")])] },
        { $0.filters = [.pattern(.object([.init("type", .list([.string("a")]))]))] }, { $0.retry.on = [.network] },
        { $0.delivery.maxInFlight = 1 }, { $0.batch = BatchPolicy() }, { $0.deadLetter.drop = true }, { $0.start = .earliest },
        { $0.rateLimit = RateLimit() }, { $0.window = WindowPolicy(shape: .tumbling(size: .minutes(1))) },
        { $0.auth.bearer = AuthPolicy.Bearer() }, { $0.auth.mtls = AuthPolicy.MutualTLS() }, { $0.publicKeyPins = ["sha256//a"] },
        { $0.certificateAuthorities = PEMFile(path: "/ca.pem") }, { $0.signing = .none },
        { $0.signing = .signed(SigningMethod(scheme: .github, secrets: [SigningSecret("a")])) },
        { $0.signing = .signed(SigningMethod(secrets: [SigningSecret("a")], keys: [SigningSecret("b")])) },
        { $0.signing = .signed(SigningMethod(keys: [SigningSecret("b")])) }, { $0.headers.append(HeaderField(name: "X-A", value: "")) },
    ] as [@Sendable (inout Subscription) -> Void])
    func `an edit changes the digest`(_ edit: @Sendable (inout Subscription) -> Void) {
        #expect(digest(edit) != digest())
    }

    @Test func `an edit within an optional section changes the digest`() {
        let shapes: [WindowShape] = [.tumbling(size: .minutes(1)), .tumbling(size: .minutes(2)), .hopping(size: .minutes(1), hop: .minutes(1))]
        var digests = Set(shapes.map { shape in digest { $0.window = WindowPolicy(shape: shape) } })
        for change in [{ $0.late = .drop }, { $0.groupBy = [] }, { $0.eventType = "a" }] as [(inout WindowPolicy) -> Void] {
            var window = WindowPolicy(shape: shapes[0])
            change(&window)
            digests.insert(digest { $0.window = window })
        }
        #expect(digests.count == 6)
        #expect(digest { $0.batch = BatchPolicy() } != digest { $0.batch = BatchPolicy(); $0.batch?.partialResults = true })
    }

    @Test func `the order of a set, and secrets, do not`() {
        #expect(digest { $0.retry.on = [.statusClass(5), .status(429), .timeout, .network] } == digest())
        #expect(digest { $0.signing = .signed(SigningMethod(secrets: [SigningSecret("whsec_two", source: "${file:two}")])) } == digest())
        // In the midst of a rotation there are two.
        #expect(digest { $0.signing = .signed(SigningMethod(secrets: [SigningSecret("a"), SigningSecret("b")])) } == digest())
        #expect(digest { $0.headers[0].value = "Bearer two" } == digest())
        func oauth2(_ secret: String) -> String {
            digest {
                $0.auth.oauth2 = AuthPolicy.OAuth2()
                $0.auth.oauth2?.clientSecret = secret
            }
        }
        #expect(oauth2("a") == oauth2("b"))
        func mtls(_ key: String) -> String {
            digest {
                $0.auth.mtls = AuthPolicy.MutualTLS()
                $0.auth.mtls?.key = PEMFile(path: "/client.key", bytes: Array(key.utf8))
            }
        }
        #expect(mtls("a") == mtls("b"))
    }
}
