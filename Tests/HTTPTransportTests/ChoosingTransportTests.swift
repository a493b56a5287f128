import EventLoop
import Foundation
import HTTPTransport
import Testing

/// Which transport serves an endpoint, and that both of them do.
@Suite struct ChoosingTransportTests {
    private let client = Client(.choosing)
    private var transport: ChoosingTransport { client.transport as! ChoosingTransport }

    @Test(arguments: [
        ("http://127.0.0.1/", EndpointConfiguration.HTTPVersion.auto, false, true), ("HTTP://127.0.0.1/", .auto, false, true),
        ("http://127.0.0.1/", .http1, false, true), ("http://127.0.0.1/", .auto, true, false), ("https://127.0.0.1/", .auto, false, false),
        ("HTTPS://127.0.0.1/", .auto, false, false), ("https://127.0.0.1/", .http1, false, true), ("https://127.0.0.1/", .http1, true, false),
        ("https://127.0.0.1/", .http2, false, false),
    ])
    func ourOwnTakesWhatCannotBecomeHTTP2AtOnce(url: String, version: EndpointConfiguration.HTTPVersion, prefersLibcurl: Bool, isOwn: Bool) throws {
        var configuration = EndpointConfiguration(url: url, httpVersion: version)
        configuration.prefersLibcurl = prefersLibcurl
        #expect(transport.isOwn(try transport.open(configuration)) == isOwn)
    }

    @Test func whatGoesThroughAProxyIsForLibcurl() throws {
        let client = Client(.choosing, proxy: try Proxy("http://127.0.0.1:9"))
        let endpoint = try client.transport.open(EndpointConfiguration(url: "http://hooks.example.com/"))
        #expect(!(client.transport as! ChoosingTransport).isOwn(endpoint))
    }

    @Test func bothServeTheirEndpointsWithinOneNumberOfConnections() throws {
        let server = RawServer.answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        defer { server.stop() }
        let client = Client(.choosing, maximumConnections: 4)
        var forLibcurl = EndpointConfiguration(url: server.url)
        forLibcurl.prefersLibcurl = true
        let endpoints = [try client.transport.open(EndpointConfiguration(url: server.url)), try client.transport.open(forLibcurl)]
        for token in 0..<40 { client.send(endpoints[token % 2], token) }
        client.transport.cancel(38)
        client.transport.cancel(39)
        client.run(until: 40)
        for token in 0..<40 { #expect(client.outcomes[token]?.failure == (token < 38 ? HTTPResult.Failure.none : .cancelled)) }
        #expect(server.accepted <= 4)
        // A name that was given back is not another's.
        for endpoint in endpoints { client.transport.close(endpoint) }
        #expect(!endpoints.contains(try client.transport.open(forLibcurl)))
    }
}

/// Endpoints that are found to speak HTTP/1.1 only.
@Suite struct ChoosingOverTLSTests {
    private let certificates: Certificates
    private let client = Client(.choosing)
    private var transport: ChoosingTransport { client.transport as! ChoosingTransport }

    init() throws { certificates = try Certificates() }

    private func configuration(_ port: Int, path: String = "/") throws -> EndpointConfiguration {
        let authority = [UInt8](try Data(contentsOf: URL(fileURLWithPath: certificates.authority)))
        return EndpointConfiguration(
            url: "https://localhost:\(port)\(path)", constantHeaders: [("X-Constant", "1")], tls: EndpointConfiguration.TLS(authorities: authority),
            maxConnections: 8, keptHeaders: ["x-seen", "x-resumed", "x-was"])
    }

    private func expectOneDelivery(_ token: Int, _ location: SourceLocation = #_sourceLocation) throws {
        let outcome = try #require(client.outcomes[token], sourceLocation: location)
        #expect(outcome.status == 200 && outcome.headers["x-seen"] == "1", "\(token): \(outcome)", sourceLocation: location)
    }

    @Test func anEndpointThatAnsweredByHTTP1IsOurOwnsAndEachRequestArrivesOnce() throws {
        guard let server = try ServerProcess.tls(certificates.valid) else { return }
        defer { server.stop() }
        let relay = TLSRelay(to: server.port)
        defer { relay.server.stop() }
        let endpoint = try transport.open(configuration(Int(relay.server.port)))
        // Sent by libcurl all of them: nothing is known yet.
        for token in 0..<8 { client.send(endpoint, token, headers: ["webhook-id: \(token)"]) }
        #expect(!transport.isOwn(endpoint))
        client.run(until: 4)
        // While others are in flight there.
        for token in 8..<40 { client.send(endpoint, token, headers: ["webhook-id: \(token)"]) }
        #expect(transport.isOwn(endpoint))
        client.run(until: 40)
        for token in 0..<40 { try expectOneDelivery(token) }
        #expect(relay.connections.filter(\.offersHTTP2).count == 8, "libcurl's connections are not used again")
        let opened = transport.connectionsOpened
        client.sendInTurn(endpoint, 40..<60)
        #expect(transport.connectionsOpened == opened && client.outcomes.values.allSatisfy { $0.status == 200 })
    }

    @Test func anEndpointThatAnsweredByHTTP2StaysWithLibcurlAndKeepsItsConnection() throws {
        guard let server = try ServerProcess.nginx(certificates.valid, folder: certificates.folder) else { return }
        defer { server.stop() }
        let endpoint = try transport.open(configuration(server.port))
        client.sendInTurn(endpoint, 0..<10)
        for token in 10..<40 { client.send(endpoint, token) }
        client.run(until: 40)
        #expect(!transport.isOwn(endpoint))
        #expect(client.outcomes.values.allSatisfy { $0.status == 200 && $0.httpVersion == 20 })
        #expect(transport.connectionsOpened == 2, "that of the first answer is not kept")
    }

    @Test func aHandshakeThatFailsIsLibcurlsToTryAndNoFailure() throws {
        guard let server = try ServerProcess.tls(certificates.valid) else { return }
        defer { server.stop() }
        // Our own's first handshake.
        let relay = TLSRelay(to: server.port, refusing: [1])
        defer { relay.server.stop() }
        let endpoint = try transport.open(configuration(Int(relay.server.port)))
        for token in 0..<4 {
            client.send(endpoint, token, headers: ["webhook-id: \(token)", "X-Empty: ", "X-Sneaky: a\r\nb"], body: Array("body \(token)".utf8))
            if token == 1 { #expect(transport.isOwn(endpoint)) }
            client.run(until: token + 1)
            try expectOneDelivery(token)
            #expect(transport.isOwn(endpoint) == (token == 2 || token == 3))
            #expect(client.outcomes[token]?.headers["x-was"] == "POST / HTTP/1.1 Host|webhook-id|X-Empty|X-Sneaky|X-Constant|Content-Length")
        }
        #expect(relay.connections.map(\.offersHTTP2) == [true, false, true, false])
    }

    @Test(arguments: [426, 505]) func whoWantsAnotherVersionGetsTheSameRequestFromLibcurl(status: Int) throws {
        guard let server = try ServerProcess.tls(certificates.valid) else { return }
        defer { server.stop() }
        let relay = TLSRelay(to: server.port)
        defer { relay.server.stop() }
        let endpoint = try transport.open(configuration(Int(relay.server.port), path: "/a?b"))
        client.sendInTurn(endpoint, 0..<1, headers: ["webhook-id: 0"])
        client.send(endpoint, 1, headers: ["webhook-id: 1", "x-first: \(status)", "x-late: 0.1"])
        client.run(until: 2)
        let outcome = try #require(client.outcomes[1])
        #expect(outcome.status == 200 && outcome.headers["x-seen"] == "2", "\(outcome)")
        #expect(outcome.headers["x-was"] == "POST /a?b HTTP/1.1 Host|webhook-id|x-first|x-late|X-Constant|Content-Length")
        // Its time did not begin anew.
        #expect(outcome.duration >= 100_000_000)
        #expect(!transport.isOwn(endpoint))
        // As an answer of libcurl's it is the endpoint's last word.
        client.send(endpoint, 2, headers: ["webhook-id: 2"])
        client.send(endpoint, 3, headers: ["webhook-id: 3", "x-first: \(status)"])
        client.run(until: 4)
        try expectOneDelivery(2)
    }

    @Test func whoNeverTakesOurHandshakeIsLibcurlsInTheEnd() throws {
        guard let server = try ServerProcess.tls(certificates.valid) else { return }
        defer { server.stop() }
        let relay = TLSRelay(to: server.port, refusing: [1, 3, 5])
        defer { relay.server.stop() }
        let endpoint = try transport.open(configuration(Int(relay.server.port)))
        for token in 0..<10 {
            client.send(endpoint, token, headers: ["webhook-id: \(token)"])
            client.run(until: token + 1)
            try expectOneDelivery(token)
        }
        #expect(!transport.isOwn(endpoint))
        #expect(relay.connections.map(\.offersHTTP2) == [true, false, true, false, true, false, true], "the last one is kept")
    }

    @Test func aURLOfARequestGoesWhereItsHostIsKnown() throws {
        guard let server = try ServerProcess.tls(certificates.valid) else { return }
        defer { server.stop() }
        let relay = TLSRelay(to: server.port)
        defer { relay.server.stop() }
        let endpoint = try transport.open(configuration(Int(relay.server.port)))
        let known = "https://localhost:\(relay.server.port)", other = "https://127.0.0.1:\(relay.server.port)"
        // What another host speaks says nothing.
        for (token, url) in [other + "/1", known + "/2", known + "/3", other + "/4", known + "?5", known + "5/"].enumerated() {
            if token < 5 { try client.send(endpoint, to: url, token) } else {
                #expect(throws: EndpointError.self) { try client.send(endpoint, to: url, token) }
                continue
            }
            client.run(until: token + 1)
            #expect(client.outcomes[token]?.status == 200, "\(url): \(client.outcomes[token]!)")
            #expect(transport.isOwn(endpoint) == (token >= 2))
        }
        // libcurl keeps the one that is not on trial.
        #expect(relay.connections.map(\.offersHTTP2) == [true, true, false])
    }

    @Test func whatIsClosedWhileItMovesEndsAllTheSame() throws {
        guard let server = try ServerProcess.tls(certificates.valid) else { return }
        defer { server.stop() }
        let relay = TLSRelay(to: server.port, refusing: [1])
        defer { relay.server.stop() }
        let endpoint = try transport.open(configuration(Int(relay.server.port)))
        client.sendInTurn(endpoint, 0..<1)
        client.send(endpoint, 1)
        transport.close(endpoint)
        client.run(until: 2)
        #expect(client.outcomes[1]?.failure == .tls)
        #expect(transport.inFlight == 0)
    }
}
