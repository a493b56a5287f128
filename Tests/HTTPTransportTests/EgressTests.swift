import Egress
import EventLoop
import Foundation
import HTTPTransport
import Testing

/// Where requests may go.
@Suite struct EgressTests {
    private func verdict(_ address: String, _ rules: EgressRules = .strict, host: Bool = false) throws -> AddressPolicy.Verdict {
        AddressPolicy.verdict(try #require(IPAddress(address)), rules, hostIsAllowed: host)
    }

    /// The foreign tables: see SOURCE.txt beside them.
    @Test func everyAddressOfTheForeignTablesIsJudgedAsExpected() throws {
        struct Case: Decodable {
            var ip: String
            var expect: String
            var source: String
        }
        let root = ProcessInfo.processInfo.environment["FANFARE_VECTORS"] ?? "../shared/vectors"
        guard let text = try? String(contentsOfFile: root + "/ssrf/ip_classify.jsonl", encoding: .utf8) else {
            print("skipped: no vectors")
            return
        }
        var count = 0
        for line in text.split(separator: "\n") {
            let expected = try JSONDecoder().decode(Case.self, from: Data(line.utf8))
            let verdict = try verdict(expected.ip)
            #expect((verdict == .allowed) == (expected.expect == "allow"), "\(expected.ip) is \(verdict), \(expected.source)")
            count += 1
        }
        #expect(count > 200)
    }

    @Test func addressesThatWrapOthersAreWhatTheyWrap() throws {
        for (outer, use) in [
            ("::ffff:127.0.0.1", SpecialUse.loopback), ("::ffff:0:10.0.0.1", .privateNetwork), ("::192.168.0.1", .privateNetwork),
            ("::ffff:169.254.169.254", .metadata), ("64:ff9b::8.8.8.8", .translation), ("2002:7f00:1::1", .tunnel),
        ] {
            #expect(try verdict(outer) == .denied(.specialUse(use)))
        }
    }

    @Test func allowPrivateOpensPrivateNetworksButNoMetadataAndNoOddities() throws {
        let rules = try EgressRules(allowPrivate: true)
        for address in ["127.0.0.1", "10.1.2.3", "100.64.0.1", "::1", "fd00::1", "fe80::1", "169.254.1.1", "::ffff:10.0.0.1"] {
            #expect(try verdict(address, rules) == .allowed, "\(address)")
        }
        for address in [
            "169.254.169.254", "100.100.100.200", "fd00:ec2::254", "0.0.0.0", "::", "224.0.0.1", "255.255.255.255", "192.0.2.1",
            "::ffff:169.254.169.254", "240.0.0.1", "64:ff9b::a00:1", "168.63.129.16",
        ] {
            #expect(try verdict(address, rules) != .allowed, "\(address)")
        }
    }

    @Test func denyBeatsAllowAlsoAcrossKinds() throws {
        let rules = try EgressRules(allow: ["10.0.0.0/8", "169.254.169.254"], deny: ["10.6.6.0/24", "8.8.8.8", "2001:4860::/32"])
        #expect(try verdict("10.1.1.1", rules) == .allowed)
        #expect(try verdict("::ffff:10.1.1.1", rules) == .allowed)
        #expect(try verdict("169.254.169.254", rules) == .allowed)
        #expect(try verdict("10.6.6.6", rules) == .denied(.denyRule))
        #expect(try verdict("10.6.6.6", rules, host: true) == .denied(.denyRule))
        #expect(try verdict("192.168.1.1", rules, host: true) == .allowed)
        #expect(try verdict("192.168.1.1", rules) == .denied(.specialUse(.privateNetwork)))
        // However IPv4 is wrapped.
        for address in ["8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1", "2001:4860:4860::8888"] {
            #expect(try verdict(address, rules, host: true) == .denied(.denyRule), "\(address)")
        }
        #expect(try verdict("8.8.4.4", rules) == .allowed)
    }

    @Test func aRangeMayBeAllAddressesOfAFamily() throws {
        let no6 = try EgressRules(deny: ["::/0"])
        #expect(try verdict("2001:4860:4860::8888", no6) == .denied(.denyRule))
        #expect(try verdict("8.8.8.8", no6) == .allowed)
        let no4 = try EgressRules(deny: ["0.0.0.0/0"])
        #expect(try verdict("8.8.8.8", no4) == .denied(.denyRule))
        #expect(try verdict("2001:4860:4860::8888", no4) == .allowed)
    }

    @Test(arguments: [
        ("https://example.com", "is a URL; write its host only."), ("10.0.0.1/8", "has bits set beyond its first 8; write 10.0.0.0/8"),
        ("10.0.0.0/33", "needs a prefix length from 0 to 32"), ("10.0.0.0/08", "needs a prefix length"), ("10.0.0.0/", "needs a prefix length"),
        ("10.0.0/8", "is not a CIDR range"), ("example.com/8", "is not a CIDR range"), ("[::1]", "has brackets"),
        ("example.com:443", "ports are not part of a rule"), ("*", "write *.example.com"), ("a*.example.com", "write *.example.com"),
        ("*.", "is not a pattern"), ("", "is not a host name"), ("exa mple.com", "is not a host name"), ("-a.com", "is not a host name"),
        ("bücher.example", "xn--"), ("127.1", "is not a host name"), ("0x7f.0.0.1", "is not a host name"), ("010.0.0.1", "is not a host name"),
        ("2130706433", "is not a host name"), ("a..b", "is not a host name"),
    ])
    func aRuleThatCannotBeReadIsRefusedWithARemedy(rule: String, message: String) throws {
        let error = #expect(throws: EgressRuleError.self) { try EgressRules(deny: [rule]) }
        let text = try #require(error).description
        #expect(text.hasPrefix("egress.deny: '\(rule)' ") && text.contains(message), "\(text)")
    }

    // MARK: At the endpoint

    private func open(_ sender: Sender, _ url: String, _ rules: EgressRules, version: EndpointConfiguration.HTTPVersion = .auto) throws {
        let client = Client(sender, rules)
        client.transport.close(try client.transport.open(EndpointConfiguration(url: url, httpVersion: version)))
    }

    @Test(arguments: Sender.allCases, [
        ("http://example.com/", "set egress.allowHTTP to true"), ("ftp://example.com/", "scheme is 'ftp'"), ("example.com/hook", "not an absolute"),
        ("", "not an absolute"), ("https://", "not an absolute"), ("https://u:p@example.com/", "holds credentials"),
        ("https://u@example.com/", "holds credentials"), ("https://example.com/#x", "fragment"), ("https://exa mple.com/", "not an absolute"),
        ("https://127.0.0.1/", "127.0.0.1 is a loopback address; add it to egress.allow, or set egress.allowPrivate to true."),
        ("https://[::1]:8443/", "::1 is a loopback address"), ("https://2130706433/", "127.0.0.1 is a loopback address"),
        ("https://0x7f.1/", "127.0.0.1 is a loopback address"), ("https://[::ffff:169.254.169.254]/", "metadata service"),
        ("https://bücher.example/", "xn--"), ("https://denied.example.com/", "is denied by egress.deny"),
        ("https://DENIED.example.com./", "is denied by egress.deny"), ("https://a.b.blocked.example/", "is denied by egress.deny"),
        ("https://example.com:99999/", "not an absolute"), ("javascript:alert(1)", "not an absolute"), ("file:///etc/passwd", "scheme is 'file'"),
    ])
    func aURLThatMayNotBeUsedIsRefusedWithARemedy(sender: Sender, given: (url: String, message: String)) throws {
        let rules = try EgressRules(deny: ["denied.example.com", "*.blocked.example"])
        let error = #expect(throws: EndpointError.self) { try open(sender, given.url, rules) }
        #expect(try #require(error).description.contains(given.message), "\(error!)")
    }

    @Test(arguments: Sender.allCases) func aUsableURLIsOpened(sender: Sender) throws {
        let rules = try EgressRules(deny: ["*.blocked.example"])
        for url in ["https://example.com", "HTTPS://Example.com:8443/a?b=c", "https://blocked.example/", "https://8.8.8.8/", "https://[2606:4700:4700::1111]/"] {
            try open(sender, url, rules)
        }
        #expect(throws: EndpointError.self) { try open(sender, "http://8.8.8.8/", try EgressRules(allowHTTP: true), version: .http2) }
    }

    @Test(arguments: Sender.allCases, [
        (("Bad Name", "x"), "not valid"), (("", "x"), "not valid"), (("X", "a\r\nY: b"), "control character"), (("Host", "x"), "set by the sender"),
        (("content-length", "1"), "set by the sender"), (("Transfer-Encoding", "chunked"), "set by the sender"),
    ])
    func aConstantHeaderThatMayNotBeSentIsRefused(sender: Sender, given: (header: (String, String), message: String)) throws {
        let error = #expect(throws: EndpointError.self) {
            try Client(sender).transport.open(EndpointConfiguration(url: "https://example.com/", constantHeaders: [(given.header.0, given.header.1)]))
        }
        #expect(try #require(error).description.contains(given.message))
    }

    // MARK: At the connection

    @Test(arguments: Sender.allCases) func aNameThatResolvesToADeniedAddressIsDeniedAtTheSocket(sender: Sender) throws {
        let server = RawServer.answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        defer { server.stop() }
        let url = "http://localhost:\(server.port)/?secret=1"
        let outcome = try Client(sender, EgressRules(allowHTTP: true)).post(EndpointConfiguration(url: url))
        #expect(outcome.failure == .egressDenied)
        #expect(!outcome.refused)
        #expect(outcome.message.hasSuffix("(localhost:\(server.port)) is a loopback address"))
        #expect(outcome.message.hasPrefix("127.0.0.1 ") || outcome.message.hasPrefix("::1 "))
        #expect(server.accepted == 0)

        let denied = try Client(sender, EgressRules(allowHTTP: true, allowPrivate: true, deny: ["127.0.0.0/8", "::1"]))
            .post(EndpointConfiguration(url: url))
        #expect(denied.failure == .egressDenied)
        #expect(denied.message.hasSuffix("is denied by egress.deny"))
    }

    @Test(arguments: Sender.allCases, [["localhost"], ["127.0.0.0/8", "::1"]])
    func anAllowRuleByNameOrAddressOpensAPrivateAddress(sender: Sender, allow: [String]) throws {
        let server = RawServer.answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        defer { server.stop() }
        let rules = try EgressRules(allowHTTP: true, allow: allow)
        let outcome = try Client(sender, rules).post(EndpointConfiguration(url: "http://LOCALHOST:\(server.port)/"))
        #expect(outcome.status == 200)
    }

    @Test(arguments: Sender.allCases) func portsBelow1024NeedARuleOfTheirOwn(sender: Sender) throws {
        let rules = try EgressRules(allow: ["example.com"], allowPorts: [25])
        for url in ["https://example.com:25/", "https://example.com:80/", "https://example.com:1024/"] { try open(sender, url, rules) }
        #expect(throws: EndpointError.self) { try open(sender, "https://example.com:26/", rules) }
    }

    @Test(arguments: Sender.allCases) func nothingIsSentToWhereTheProcessItselfListens(sender: Sender) throws {
        let server = RawServer.answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        defer { server.stop() }
        for host in ["127.0.0.1", "0.0.0.0", "[::]", "localhost"] {
            let own = OwnListeners()
            own.add(host: host, port: server.port)
            for target in ["127.0.0.1", "0.0.0.0"] {
                let rules = try EgressRules(allowHTTP: true, allowPrivate: true, allow: ["0.0.0.0"])
                let outcome = try Client(sender, rules, ownListeners: own).post(EndpointConfiguration(url: "http://\(target):\(server.port)/"))
                #expect(outcome.failure == .egressDenied && outcome.message.contains("Fanfare itself listens"), "\(host) \(target) \(outcome)")
            }
        }
        #expect(server.accepted == 0)
        let elsewhere = OwnListeners()
        elsewhere.add(host: "127.0.0.2", port: server.port)
        elsewhere.add(host: "0.0.0.0", port: server.port - 1)
        #expect(try Client(sender, Client.local, ownListeners: elsewhere).post(EndpointConfiguration(url: server.url)).status == 200)
    }

    // MARK: Proxies

    @Test func aProxyGetsTheNameAndItsOwnAddressIsTheOperatorsChoice() throws {
        let recording = Recording()
        let proxy = RawServer { recording.serve($0) }
        defer { proxy.stop() }
        let rules = try EgressRules(allowHTTP: true, deny: ["denied.example.com"])
        let client = Client(.curl, rules, proxy: try Proxy("http://user:pa%40ss@127.0.0.1:\(proxy.port)"))
        // Nobody here looks the name up.
        #expect(try client.post(EndpointConfiguration(url: "http://hooks.example.com/orders")).status == 200)
        let request = try #require(recording.all.first)
        #expect(request.line == "POST http://hooks.example.com/orders HTTP/1.1")
        #expect(request.values("proxy-authorization") == ["Basic " + Data("user:pa@ss".utf8).base64EncodedString()])
        for url in ["http://10.0.0.1/", "http://localhost/", "http://a.localhost./", "http://denied.example.com/", "http://169.254.169.254/"] {
            #expect(throws: EndpointError.self, "\(url)") { try client.transport.open(EndpointConfiguration(url: url)) }
        }
    }

    @Test func headersOfARequestAreNotForTheProxyThatTunnelsIt() throws {
        let recording = Recording(answer: "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        let proxy = RawServer { recording.serve($0) }
        defer { proxy.stop() }
        let client = Client(.curl, .strict, proxy: try Proxy("http://127.0.0.1:\(proxy.port)"))
        let outcome = try client.post(
            EndpointConfiguration(url: "https://hooks.example.com/orders?token", constantHeaders: [("authorization", "Bearer secret")]))
        #expect(outcome.failure == .network && outcome.status == 0 && outcome.message.contains("403"), "\(outcome)")
        let request = try #require(recording.all.first)
        #expect(request.line == "CONNECT hooks.example.com:443 HTTP/1.1")
        #expect(request.values("authorization").isEmpty && request.values("webhook-id").isEmpty)
    }

    @Test func aProxyWhereNothingListensIsARefusedConnection() throws {
        let port = SilentPort()
        let client = Client(.curl, .strict, proxy: try Proxy("socks5h://127.0.0.1:\(port.port)"))
        let outcome = try client.post(EndpointConfiguration(url: "https://hooks.example.com/"))
        #expect(outcome.failure == .network && outcome.refused && outcome.message.contains("the proxy 127.0.0.1:\(port.port)"), "\(outcome)")
    }

    @Test(arguments: [
        ("https://proxy:443", "must begin with"), ("socks5://proxy:1080", "socks5h"), ("proxy:3128", "is not a URL"), ("http://proxy", "port"),
        ("http://proxy:3128/path", "end after the port"), ("", "is not a URL"),
    ])
    func aProxyThatCannotBeUsedIsRefused(url: String, message: String) throws {
        let error = #expect(throws: EndpointError.self) { try Proxy(url) }
        #expect(try #require(error).description.contains(message), "\(error!)")
    }

    @Test(arguments: Sender.allCases) func proxiesOfTheEnvironmentAreNotUsed(sender: Sender) throws {
        let proxy = RawServer.answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        let server = RawServer.answering("HTTP/1.1 204 OK\r\n\r\n")
        defer {
            proxy.stop()
            server.stop()
        }
        // Only this test looks at it, and only libcurl would.
        setenv("http_proxy", "http://127.0.0.1:\(proxy.port)", 1)
        defer { unsetenv("http_proxy") }
        #expect(try Client(sender).post(EndpointConfiguration(url: server.url)).status == 204)
        #expect(proxy.accepted == 0)
    }
}
