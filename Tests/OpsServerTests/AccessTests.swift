import Control
import EventModel
import Logging
import OpsServer
import Testing

private let viewer = "viewer-viewer-viewer-viewer"
private let alice = "alice-alice-alice-alice-alice"
private let next = "next-next-next-next-next-next"

private let tokens: BridgeConfiguration.Ops.Tokens = {
    var tokens = BridgeConfiguration.Ops.Tokens()
    tokens.viewers = [.init(secret: SigningSecret(viewer))]
    tokens.operators = [.init(name: "alice", secret: SigningSecret(alice)), .init(name: "alice", secret: SigningSecret(next))]
    return tokens
}()

private func bearer(_ token: String) -> String { "Authorization: Bearer \(token)" }

@Suite struct `Access with tokens` {
    @Test func `is for those who have one, and probes are for all`() async throws {
        try await serving(FixedSource(), tokens: tokens) { port in
            for path in ["/metrics", "/openapi.json", "/api/v1/subscriptions", "/nothing"] {
                let without = try await request(path, port: port)
                #expect(without.status == 401)
                #expect(without.head.contains("www-authenticate: bearer realm=\"fanfare\"\r\n") || without.head.hasSuffix("www-authenticate: bearer realm=\"fanfare\""))
                for wrong in ["Authorization: Bearer \(viewer)x", "Authorization: Bearer \(viewer.dropLast())", "Authorization: Basic \(viewer)", "Authorization: Bearer "] {
                    let refused = try await request(path, port: port, headers: [wrong])
                    #expect(refused.status == 401)
                    #expect(refused.head.contains("content-type: application/problem+json"))
                    #expect(!refused.body.contains(viewer))
                }
                for right in [viewer, alice, next] {
                    let reply = try await request(path, port: port, headers: [bearer(right)])
                    #expect(reply.status == (path == "/nothing" ? 404 : 200))
                }
            }
            // The page holds no data, and asks for the token.
            for path in ["/livez", "/readyz", "/", "/console/main.js"] {
                let probe = try await request(path, port: port)
                #expect(probe.status == 200)
            }
            let elsewhere = try await request("/api/v1/subscriptions", port: port, host: "fanfare.prod.svc", headers: [bearer(viewer), "X-Forwarded-For: 192.0.2.7"])
            #expect(elsewhere.status == 200)
        }
    }

    @Test func `lets a viewer change nothing and says who changed`() async throws {
        let source = FixedSource()
        try await serving(source, tokens: tokens) { port in
            let path = "/api/v1/subscriptions/billing/pause"
            let refused = try await request(path, port: port, method: "POST", headers: [bearer(viewer)])
            #expect(refused.status == 403)
            let done = try await request(
                path, port: port, method: "POST", headers: [bearer(alice), "Content-Type: application/json"], body: #"{"reason":"maintenance"}"#)
            #expect(done.status == 200)
            #expect(done.body.contains(#""change":"pause","by":"alice@127.0.0.1""#))
            #expect(done.body.contains(#""reason":"maintenance","replicas":2,"silent":["gone-1"]"#))
            #expect(source.changed == [.init(change: .pause, name: "billing", by: "alice@127.0.0.1", reason: "maintenance")])
            let shown = try await request("/api/v1/subscriptions/billing", port: port, headers: [bearer(viewer)])
            #expect(shown.body.contains(#""pause":{"paused":true,"by":"alice@127.0.0.1","#))
            #expect(shown.body.contains(#""state":"paused""#))
        }
    }

    @Test func `ends for tokens that are replaced`() async throws {
        var configuration = BridgeConfiguration.Ops()
        configuration.tokens = tokens
        configuration.listen = "127.0.0.1:0"
        let server = try OpsServer(configuration, source: FixedSource(), logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        try await serving(server) { port in
            func status(_ token: String) async throws -> Int {
                try await request("/api/v1/topics", port: port, headers: [bearer(token)]).status
            }
            let before = try await status(alice)
            #expect(before == 200)
            var others = BridgeConfiguration.Ops.Tokens()
            others.operators = [.init(secret: SigningSecret(next))]
            server.install(others)
            for (token, expected) in [(alice, 401), (viewer, 401), (next, 200)] {
                let now = try await status(token)
                #expect(now == expected)
            }
        }
    }
}

@Suite struct `A page of another origin` {
    @Test func `changes nothing in its reader's name`() async throws {
        let source = FixedSource()
        try await serving(source) { port in
            let path = "/api/v1/subscriptions/billing/pause"
            for header in ["Origin: http://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site"] {
                let reply = try await request(path, port: port, method: "POST", headers: [header])
                #expect(reply.status == 403)
            }
            #expect(source.changed.isEmpty)
            let own = try await request(
                path, port: port, method: "POST", headers: ["Origin: http://127.0.0.1:\(port)", "Sec-Fetch-Site: same-origin"])
            #expect(own.status == 200)
        }
    }
}

@Suite struct `A limit of requests` {
    @Test func `holds for each token and each address for itself, and for guesses`() async throws {
        try await serving(FixedSource(), tokens: tokens, rateLimit: RateLimit(perSecond: 0.01, burst: 3)) { port in
            for expected in [200, 200, 200, 429] {
                let reply = try await request("/api/v1/topics", port: port, headers: [bearer(alice)])
                #expect(reply.status == expected)
                if expected == 429 { #expect(reply.head.contains("retry-after: ")) }
            }
            for expected in [401, 401, 401, 429] {
                let guess = try await request("/api/v1/topics", port: port, headers: [bearer("guess-guess-guess-guess-guess")])
                #expect(guess.status == expected)
            }
            for _ in 0..<10 {
                let probe = try await request("/livez", port: port)
                #expect(probe.status == 200)
            }
        }
    }
}
