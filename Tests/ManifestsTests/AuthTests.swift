import EventModel
import Manifests
import PEMFixtures
import Testing

/// `auth`, `tls`, and what is known beforehand of where requests may go.
@Suite struct AuthTests {
    private static let pem = ["/a.pem": PEM.certificate, "/a.key": PEM.key, "/b.key": PEM.otherKey, "/locked.key": PEM.encryptedKey]

    private func policy(_ auth: String, _ variables: [String: String] = ["S": "s3cret"]) throws -> AuthPolicy {
        let loaded = load(subscription("auth: \(auth)"), files: Self.pem, variables: variables)
        #expect(loaded.problems.lines == [])
        return try #require(loaded.topics.first?.subscriptions.first).auth
    }

    @Test func eachKindIsRead() throws {
        #expect(try policy("{}") == AuthPolicy())
        #expect(try policy("{ basic: { username: u, password: \"${S}\" } }").basic?.password == "s3cret")
        #expect(try policy("{ bearer: { token: \"${S}\" } }").bearer?.token == "s3cret")
        let key = try #require(try policy("{ apiKey: { header: X-Key, value: \"${S}\" } }").apiKey)
        #expect(key.header == "X-Key" && key.value == "s3cret")
        let oauth2 = try #require(
            try policy("{ oauth2: { tokenURL: https://a.example/t, clientID: c, clientSecret: \"${S}\", scopes: [a, b:c], audience: x } }").oauth2)
        #expect(oauth2.tokenURL == "https://a.example/t" && oauth2.clientID == "c" && oauth2.clientSecret == "s3cret")
        #expect(oauth2.scopes == ["a", "b:c"] && oauth2.audience == "x")
        let mtls = try #require(try policy("{ mtls: { certificate: /a.pem, key: /a.key } }").mtls)
        #expect(mtls.certificate == PEMFile(path: "/a.pem", bytes: Array(PEM.certificate.utf8)) && mtls.key.bytes == Array(PEM.key.utf8))
    }

    @Test(arguments: [
        ("auth: { basic: { username: u, password: hunter2 } }", "warning: subscriptions.s.auth.basic.password: a secret stands in clear"),
        ("auth: { bearer: { token: hunter2 } }", "warning: subscriptions.s.auth.bearer.token: a secret stands in clear"),
        ("auth: { apiKey: { header: X-Key, value: hunter2 } }", "warning: subscriptions.s.auth.apiKey.value: a secret stands in clear"),
        (
            "auth: { oauth2: { tokenURL: https://a.example, clientID: c, clientSecret: hunter2 } }",
            "warning: subscriptions.s.auth.oauth2.clientSecret: a secret stands in clear"
        ),
        ("auth: { bearer: { token: \"Bearer ${S}\" } }", "error: subscriptions.s.auth.bearer.token: must not hold spaces"),
        ("auth: { bearer: { token: \"${N}\" } }", "error: subscriptions.s.auth.bearer.token: must be text of one line"),
        ("auth: { basic: { username: \"u:v\", password: \"${S}\" } }", "error: subscriptions.s.auth.basic.username: must not hold a colon"),
        ("auth: { apiKey: { header: Content-Type, value: \"${S}\" } }", "error: subscriptions.s.auth.apiKey.header: this header cannot be set here"),
        ("auth: { apiKey: { header: X-Key, value: \"${S}\" } }\nheaders: { x-key: a }", "error: subscriptions.s.headers.x-key: auth.apiKey sets this header"),
        (
            "auth: { bearer: { token: \"${S}\" } }\nheaders: { Authorization: \"{{type}}\" }",
            "error: subscriptions.s.headers.Authorization: auth.bearer sets this header"
        ),
        ("auth: { oauth2: { tokenURL: https://a.example, clientID: c } }", "error: subscriptions.s.auth.oauth2: the key clientSecret is missing"),
        (
            "auth: { oauth2: { tokenURL: \"http://a.example\", clientID: c, clientSecret: \"${S}\" } }",
            "error: subscriptions.s.auth.oauth2.tokenURL: http is not allowed"
        ),
        (
            "auth: { oauth2: { tokenURL: \"https://u:p@a.example\", clientID: c, clientSecret: \"${S}\" } }",
            "error: subscriptions.s.auth.oauth2.tokenURL: must not hold a user name"
        ),
        (
            "auth: { oauth2: { tokenURL: \"https://10.0.0.1/t\", clientID: c, clientSecret: \"${S}\" } }",
            "warning: subscriptions.s.auth.oauth2.tokenURL: nothing will be sent there (egress-denied): the token endpoint's address 10.0.0.1 is"
        ),
        (
            "auth: { oauth2: { tokenURL: https://a.example, clientID: c, clientSecret: \"${S}\", scopes: [a b] } }",
            "error: subscriptions.s.auth.oauth2.scopes[0]: a scope holds no spaces"
        ),
        ("auth: { mtls: { certificate: /a.pem, key: /b.key } }", "error: subscriptions.s.auth.mtls.key: /b.key holds a key that does not belong"),
        ("auth: { mtls: { certificate: /a.pem, key: /locked.key } }", "error: subscriptions.s.auth.mtls.key: /locked.key holds a key with a passphrase"),
        ("auth: { mtls: { certificate: /a.key, key: /a.key } }", "error: subscriptions.s.auth.mtls.certificate: /a.key holds no certificate"),
        ("auth: { mtls: { certificate: /no.pem, key: /a.key } }", "error: subscriptions.s.auth.mtls.certificate: cannot read /no.pem"),
        ("auth: { basic: { username: u, password: \"${S}\" }, bearer: { token: \"${S}\" } }", "error: subscriptions.s.auth: has basic and bearer"),
        ("tls: { ca: /a.key }", "error: subscriptions.s.tls.ca: /a.key holds no certificate"),
        ("tls: { pins: [abc] }", "error: subscriptions.s.tls.pins[0]: must be a pin such as sha256//"),
    ])
    func whatIsWrongIsSaidWithoutTheSecret(keys: String, complaint: String) {
        let loaded = load(subscription(keys), files: Self.pem, variables: ["S": "hunter2", "N": "two\nlines"])
        #expect(loaded.problems.count == 1 && loaded.problems.lines.first?.contains(complaint) == true, "\(loaded.problems.lines)")
        #expect(!loaded.problems.lines.contains { $0.contains("hunter2") })
    }

    @Test func aKindOfDefaultsGivesWayToNull() {
        let defaults = configure("defaults: { auth: { bearer: { token: \"${S}\" } } }", variables: ["S": "x"])
        #expect(defaults.problems.lines == [])
        let both = load(subscription("auth: { basic: { username: u, password: \"${S}\" } }"), variables: ["S": "x"], defaults: defaults.defaults)
        #expect(both.problems.errors.count == 1)
        let one = load(subscription("auth: { bearer: null, basic: { username: u, password: \"${S}\" } }"), variables: ["S": "x"], defaults: defaults.defaults)
        #expect(one.problems.lines == [] && one.topics.first?.subscriptions.first?.auth.kinds == ["basic"])
    }

    @Test func aCertificateNearItsEndIsAWarning() {
        func warnings(at time: String) -> [String] {
            var world = environment(Self.pem.merging(["topics/t.yaml": subscription("auth: { mtls: { certificate: /a.pem, key: /a.key } }")]) { $1 })
            let now = WallTime(rfc3339: time)!
            world.now = { now }
            return ManifestLoader.load(folder: "topics", configuration: BridgeConfiguration(), environment: world).problems.lines
        }
        #expect(warnings(at: "2099-12-01T00:00:00Z") == [])
        #expect(warnings(at: "2099-12-30T00:00:00Z").first?.contains("the certificate in /a.pem expires on 2100-01-01, in 2d") == true)
        #expect(warnings(at: "2100-01-02T00:00:00Z").first?.contains("expired on 2100-01-01") == true)
        #expect(warnings(at: "2025-01-02T00:00:00Z").first?.contains("is not valid before 2026-01-01") == true)
    }

    @Test func plainHTTPIsNotForCredentials() {
        var configuration = BridgeConfiguration()
        configuration.egress.allowHTTP = true
        func lines(_ keys: String) -> [String] {
            load(subscription(keys).replacing("https://example.com/hook", with: "http://example.com/hook"), files: Self.pem, variables: ["S": "x"], configuration: configuration).problems.lines
        }
        #expect(lines("tls: { ca: /a.pem }") == [])
        #expect(lines("auth: { bearer: { token: \"${S}\" } }").first?.contains("warning: subscriptions.s.endpoint: sends what auth.bearer holds in clear") == true)
        #expect(lines("auth: { mtls: { certificate: /a.pem, key: /a.key } }").first?.contains("error: subscriptions.s.auth.mtls: http shows no certificate") == true)
        #expect(lines("tls: { pins: [\"sha256//\(String(repeating: "A", count: 43))=\"] }").first?.contains("http has no public key") == true)
    }

    @Test(arguments: [
        ("https://10.1.2.3/", "address 10.1.2.3 is an address of a private network; add it to egress.allow, or set egress.allowPrivate"),
        ("https://169.254.169.254/latest", "address 169.254.169.254 is the address of a cloud's metadata service"),
        ("https://[::ffff:127.0.0.1]:8443/", "is a loopback address"), ("https://[64:ff9b::a00:1]/", "NAT64"), ("https://[2002:7f00:1::]/", "6to4"),
        ("https://224.0.0.1/", "a multicast address"), ("https://255.255.255.255/", "the broadcast address"), ("https://0.0.0.0/", "an unspecified address"),
        ("https://denied.example/", "host denied.example is denied by egress.deny"), ("https://a.blocked.example/x?y", "is denied by egress.deny"),
        ("https://8.8.8.8/", "is denied by egress.deny"), ("https://example.com:22/", "port 22 is below 1024"), ("https://[2606:4700::1]:25/", "port 25"),
    ])
    func anEndpointThatWillBeDeniedIsWarnedOf(endpoint: String, reason: String) {
        var configuration = BridgeConfiguration()
        configuration.egress.deny = ["denied.example", "*.blocked.example", "8.8.8.0/24"]
        let loaded = load(subscription("").replacing("https://example.com/hook", with: "\"\(endpoint)\""), configuration: configuration)
        let warning = loaded.problems.warnings.first ?? ""
        #expect(warning.contains("subscriptions.s.endpoint: nothing will be sent there (egress-denied): the endpoint's") && warning.contains(reason), "\(loaded.problems.lines)")
        #expect(loaded.isUsable)
    }

    @Test(arguments: [
        ("127.0.0.1:8080", "https://127.0.0.1:8080/api", "ops.listen"), ("127.0.0.1:443", "https://127.0.0.1", "ops.listen"),
        ("localhost:8080", "https://127.0.0.1:8080/", "ops.listen"), ("0.0.0.0:8080", "https://LOCALHOST:8080/", "ops.listen"),
        ("[::]:8080", "https://hooks.localhost.:8080/", "ops.listen"), ("[::1]:8080", "https://localhost:8080/", "ops.listen"),
        ("0.0.0.0:8080", "https://0.0.0.0:8080/", "ops.listen"), ("127.0.0.1:8080", "https://127.0.0.1:8081/", "ops.publicKeys.listen"),
        ("127.0.0.1:8080", "https://[::ffff:127.0.0.1]:8080/", "ops.listen"),
    ])
    func anEndpointWhereTheBridgeItselfListensIsWarnedOf(listen: String, endpoint: String, key: String) {
        var configuration = BridgeConfiguration()
        configuration.egress.allowPrivate = true
        configuration.egress.allow = ["localhost", "0.0.0.0"]
        configuration.ops.listen = listen
        configuration.ops.publicKeys = .init()
        configuration.ops.publicKeys?.listen = "0.0.0.0:8081"
        func warnings() -> [String] {
            load(subscription("").replacing("https://example.com/hook", with: "\"\(endpoint)\""), configuration: configuration).problems.lines
        }
        let warning = warnings().first ?? ""
        #expect(warning.contains("t.yaml:4:5: warning: subscriptions.s.endpoint: nothing will be sent there (egress-denied)"), "\(warning)")
        #expect(warning.contains("is where Fanfare itself listens (\(key)); write the receiver's address"), "\(warning)")
        configuration.egress.proxy = "http://proxy.example:3128"
        #expect(!warnings().contains { $0.contains("itself listens") }, "it is the proxy's own")
        configuration.egress.proxy = nil
        configuration.ops.listen = "127.0.0.2:0"
        configuration.ops.publicKeys = nil
        #expect(warnings() == [])
    }

    @Test func whatIsAllowedIsNotWarnedOf() {
        var configuration = BridgeConfiguration()
        configuration.egress.allow = ["10.0.0.0/8", "127.0.0.1"]
        configuration.egress.allowPorts = [444]
        for endpoint in ["https://10.1.2.3:444/", "https://127.0.0.1:8443", "https://{{subject}}.example.com:444/", "https://example.com:8443/"] {
            let loaded = load(subscription("").replacing("https://example.com/hook", with: "\"\(endpoint)\""), configuration: configuration)
            #expect(loaded.problems.lines == [], "\(endpoint)")
        }
    }

    @Test(arguments: [
        "https://0x7f.1/", "https://2130706433/", "https://127.1/", "https://0177.0.0.1/", "https://0127.0.0.1/", "https://127.0.0.1./", "https://0x7f000001/",
        "https://①②⑦.⓪.⓪.①/", "https://127。0。0。1/", "https://[::1%25lo]/", "https://[::1]@example.com/", "https://example.com@127.0.0.1/", "https://example.com\\\\@127.0.0.1/",
        "https://exam ple.com/", "https://127.0.0.1%00.example.com/", "https://%31%32%37.0.0.1/", "//127.0.0.1/", "gopher://127.0.0.1/", "https:127.0.0.1",
        "https:///127.0.0.1/", "https://127.0.0.1:99999/", "https://127.0.0.1:0/", "https://1.1.1.1 &@2.2.2.2# @3.3.3.3/",
    ])
    func oddNotationsOfAddressesAreErrors(endpoint: String) {
        let loaded = load(subscription("").replacing("https://example.com/hook", with: "\"\(endpoint)\""))
        #expect(loaded.problems.errors.count == 1, "\(endpoint): \(loaded.problems.lines)")
    }
}
