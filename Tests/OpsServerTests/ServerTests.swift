import EventModel
import Logging
import OpsServer
import Synchronization
import Testing

/// Serves on a free port while the body runs, and waits until the server has ended.
func serving(
    _ source: any OpsSource, listen: String = "127.0.0.1:0", tokens: BridgeConfiguration.Ops.Tokens = .init(),
    rateLimit: RateLimit = BridgeConfiguration.Ops().rateLimit, _ body: @Sendable @escaping (Int) async throws -> Void
) async throws {
    var configuration = BridgeConfiguration.Ops()
    configuration.listen = listen
    configuration.tokens = tokens
    configuration.rateLimit = rateLimit
    try await serving(OpsServer(configuration, source: source, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })), body)
}

func serving(_ server: OpsServer, _ body: @Sendable @escaping (Int) async throws -> Void) async throws {
    let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            defer { continuation.finish() }
            try await server.run { continuation.yield($0) }
        }
        for await port in ports {
            try await body(port)
            break
        }
        group.cancelAll()
        try await group.waitForAll()
    }
}

@Suite struct `The ops server` {
    @Test func `is alive while every shard turns and not when one is stuck`() async throws {
        let source = FixedSource()
        try await serving(source) { port in
            let alive = try await request("/livez", port: port)
            #expect(alive.status == 200)
            #expect(alive.body == "ok\n")
            source.stall(.seconds(31))
            let stuck = try await request("/livez", port: port)
            #expect(stuck.status == 503)
            #expect(stuck.body == "a shard has not turned for 31 s (bound: 30s)\n")
        }
    }

    @Test func `says why it is not ready`() async throws {
        try await serving(FixedSource(readiness: .ready)) { port in
            let reply = try await request("/readyz", port: port)
            #expect(reply.status == 200)
        }
        try await serving(FixedSource(readiness: .notReady(["the broker is gone", "no partitions yet"]))) { port in
            let reply = try await request("/readyz", port: port)
            #expect(reply.status == 503)
            #expect(reply.body == "not ready\n- the broker is gone\n- no partitions yet\n")
        }
    }

    @Test func `answers a scraper in the format that it prefers`() async throws {
        try await serving(FixedSource()) { port in
            let text = try await request("/metrics", port: port)
            #expect(text.head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"))
            #expect(text.body.contains("\nfanfare_records_consumed_total 120\n"))
            let open = try await request("/metrics", port: port, headers: ["Accept: application/openmetrics-text;version=1.0.0,*/*;q=0.1"])
            #expect(open.head.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8"))
            #expect(open.body.hasSuffix("\n# EOF\n"))
        }
    }

    @Test func `lists subscriptions with state, lag and counters`() async throws {
        try await serving(FixedSource()) { port in
            let list = try await request("/api/v1/subscriptions", port: port)
            #expect(list.status == 200)
            #expect(list.head.contains("content-type: application/json"))
            #expect(list.body.hasPrefix(#"{"subscriptions":[{"name":"billing","topic":"shop.orders","#))
            #expect(list.body.contains(#""state":"circuit-open","reason":"connection refused""#))
            #expect(!list.body.contains("cursors"))

            let one = try await request("/api/v1/subscriptions/billing", port: port)
            #expect(one.body.contains(#""cursors":[{"partition":0,"offset":69,"lag":11,"oldest":1700000100000,"lagging":false},"#))
            #expect(one.body.contains(#""deadLettersByKind":{"http":1}"#))
            #expect(one.body.contains(#""name":"billing""#))
        }
    }

    @Test func `lists topics with their partitions in order`() async throws {
        try await serving(FixedSource()) { port in
            let reply = try await request("/api/v1/topics", port: port)
            #expect(
                reply.body == #"{"topics":[{"name":"shop.orders","partitions":["#
                    + #"{"partition":0,"position":70,"end":80,"ringBytes":200,"draining":true},"#
                    + #"{"partition":1,"position":50,"ringBytes":100,"draining":false}]}]}"# + "\n")
        }
    }

    @Test func `describes every error as a problem`() async throws {
        try await serving(FixedSource()) { port in
            for path in ["/nothing", "/api/v1/subscriptions/unknown", "/api/v2/subscriptions", "/api/v1/subscriptions/"] {
                let reply = try await request(path, port: port)
                #expect(reply.status == 404)
                #expect(reply.head.contains("content-type: application/problem+json"))
                #expect(reply.body.contains(#""title":"Not Found","status":404,"#))
            }
            let post = try await request("/api/v1/subscriptions", port: port, method: "POST", headers: ["Content-Length: 0"])
            #expect(post.status == 405)
            #expect(post.head.contains("allow: get, head"))
        }
    }

    @Test func `answers HEAD without a body and shows a page at the root`() async throws {
        try await serving(FixedSource()) { port in
            let head = try await request("/livez", port: port, method: "HEAD")
            #expect(head.status == 200)
            #expect(head.body.isEmpty)
            let page = try await request("/", port: port)
            #expect(page.head.contains("content-type: text/html; charset=utf-8"))
            #expect(page.head.contains("content-security-policy: default-src 'none'; script-src 'self'; style-src 'self';"))
            for reference in page.body.matches(of: #/"(console/[a-z.]+)"/#) {
                let file = try await request("/" + reference.1, port: port)
                #expect(file.status == 200)
                #expect(file.head.contains("x-content-type-options: nosniff"))
            }
            let script = try await request("/console/main.js", port: port)
            #expect(script.head.contains("content-type: text/javascript; charset=utf-8"))
            let other = try await request("/console/other.js", port: port)
            #expect(other.status == 400)
        }
    }

    @Test func `gives a page that pretends to be this host nothing but probes and metrics`() async throws {
        try await serving(FixedSource(), listen: "0.0.0.0:0") { port in
            for path in ["/", "/api/v1/subscriptions", "/api/v1/topics", "/nothing"] {
                let rebound = try await request(path, port: port, host: "rebound.example.com")
                #expect(rebound.status == 403)
                let proxied = try await request(path, port: port, headers: ["X-Forwarded-For: 192.0.2.7"])
                #expect(proxied.status == 403)
            }
            for path in ["/livez", "/readyz", "/metrics"] {
                let reply = try await request(
                    path, port: port, host: "fanfare.prod.svc", headers: ["X-Forwarded-For: 192.0.2.7"])
                #expect(reply.status == 200)
            }
        }
    }

    @Test func `says what to do when the address is taken`() async throws {
        try await serving(FixedSource()) { port in
            var configuration = BridgeConfiguration.Ops()
            configuration.listen = "127.0.0.1:\(port)"
            let second = try OpsServer(
                configuration, source: FixedSource(), logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
            do {
                try await second.run()
                Issue.record("two servers on one port")
            } catch {
                #expect("\(error)".hasPrefix("cannot listen on 127.0.0.1:\(port) (ops.listen): "))
            }
        }
    }
}

@Suite struct `Access without tokens` {
    @Test(arguments: ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
    func `is for a peer on this machine`(peer: String) {
        for host in ["127.0.0.1:8080", "localhost:8080", "LOCALHOST", "[::1]:8080", "[::1]"] {
            #expect(AccessRule.isLocal(peer: peer, host: host, forwarded: false))
        }
    }

    @Test func `is not for other peers, proxies, or names that point here`() {
        #expect(!AccessRule.isLocal(peer: "10.0.0.9", host: "127.0.0.1:8080", forwarded: false))
        #expect(!AccessRule.isLocal(peer: "127.0.0.6", host: "127.0.0.1:8080", forwarded: false))
        #expect(!AccessRule.isLocal(peer: nil, host: "127.0.0.1:8080", forwarded: false))
        #expect(!AccessRule.isLocal(peer: "127.0.0.1", host: "127.0.0.1:8080", forwarded: true))
        #expect(!AccessRule.isLocal(peer: "127.0.0.1", host: nil, forwarded: false))
        for host in ["evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example:80", "[::1", ""] {
            #expect(!AccessRule.isLocal(peer: "127.0.0.1", host: host, forwarded: false))
        }
    }
}

@Suite struct `A listen address` {
    @Test func `is a host and a port`() throws {
        #expect(try ListenAddress("127.0.0.1:8080").port == 8080)
        #expect(try ListenAddress("[::1]:0").host == "::1")
        #expect(try ListenAddress("[::1]:80").description == "[::1]:80")
    }

    @Test(arguments: ["", "8080", ":8080", "localhost", "localhost:", "localhost:http", "localhost:65536", "::1:80", "host:-1", "host:+1"])
    func `is refused when it could mean something else`(text: String) {
        #expect(throws: ListenAddressError.self) { try ListenAddress(text) }
    }
}
