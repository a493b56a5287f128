import HTTPTransport
import Testing

/// Certificates and HTTP/2, against servers with certificates made on the spot.
@Suite(.serialized) struct TLSTests {
    private let certificates: Certificates
    init() throws { certificates = try Certificates() }

    private func post(_ url: String, ca: String?) throws -> Client.Outcome {
        try Client().post(EndpointConfiguration(url: url, caFile: ca))
    }

    @Test func aCertificateOfTheGivenAuthorityIsTrusted() throws {
        guard let server = try ServerProcess.tls(certificates.valid) else { return }
        defer { server.stop() }
        for host in ["localhost", "127.0.0.1"] {
            let outcome = try post("https://\(host):\(server.port)/", ca: certificates.authority)
            #expect(outcome.status == 200, "\(outcome)")
        }
    }

    @Test func aCertificateOfAnUnknownAuthorityIsATLSFailure() throws {
        guard let server = try ServerProcess.tls(certificates.valid) else { return }
        defer { server.stop() }
        let outcome = try post("https://localhost:\(server.port)/?secret", ca: nil)
        #expect(outcome.failure == .tls)
        #expect(outcome.status == 0)
        #expect(outcome.message.hasPrefix("TLS with localhost:\(server.port) failed: SSL certificate problem"))
    }

    @Test func aCertificateForAnotherNameIsATLSFailure() throws {
        guard let server = try ServerProcess.tls(certificates.otherName) else { return }
        defer { server.stop() }
        let outcome = try post("https://localhost:\(server.port)/", ca: certificates.authority)
        #expect(outcome.failure == .tls)
        #expect(outcome.message.contains("'localhost'"))
    }

    @Test func anExpiredCertificateIsATLSFailure() throws {
        guard let server = try ServerProcess.tls(certificates.expired) else { return }
        defer { server.stop() }
        let outcome = try post("https://localhost:\(server.port)/", ca: certificates.authority)
        #expect(outcome.failure == .tls)
        #expect(outcome.message.contains("expired"))
    }

    @Test func aServerWithoutTLSIsATLSFailure() throws {
        let closing = RawServer { _ in }
        let garbage = RawServer { peer in
            peer.write("HTTP/1.1 400 Bad Request\r\n\r\n")
            peer.waitForEnd()
        }
        defer { [closing, garbage].forEach { $0.stop() } }
        for port in [closing.port, garbage.port] {
            let outcome = try post("https://127.0.0.1:\(port)/", ca: certificates.authority)
            #expect(outcome.failure == .tls, "\(outcome)")
        }
    }

    @Test func authoritiesOfOneEndpointAreNotTrustedByAnother() throws {
        guard let server = try ServerProcess.tls(certificates.valid) else { return }
        defer { server.stop() }
        // The same slots and the same host, in turns: neither the slot's settings nor an open connection may carry over.
        let client = Client()
        let url = "https://localhost:\(server.port)/"
        let trusting = try client.transport.open(EndpointConfiguration(url: url, caFile: certificates.authority))
        let strict = try client.transport.open(EndpointConfiguration(url: url))
        for token in 0..<6 {
            client.send(token % 2 == 0 ? trusting : strict, token)
            client.run(until: token + 1)
            #expect(client.outcomes[token]?.failure == (token % 2 == 0 ? HTTPResult.Failure.none : .tls))
        }
    }

    // MARK: HTTP/2

    @Test func http2IsUsedWhereItIsOfferedAndOneConnectionServesAll() throws {
        guard let server = try ServerProcess.nginx(certificates.valid, folder: certificates.folder) else { return }
        defer { server.stop() }
        let client = Client()
        let endpoint = try client.transport.open(
            EndpointConfiguration(url: "https://localhost:\(server.port)/", httpVersion: .http2, caFile: certificates.authority))
        for round in 0..<5 {
            for token in round * 100..<(round + 1) * 100 {
                client.send(endpoint, token, headers: ["webhook-id: \(token)"], body: Array(repeating: 0x20, count: token * 10))
            }
            client.run(until: (round + 1) * 100)
        }
        #expect(client.outcomes.values.allSatisfy { $0.status == 200 && $0.httpVersion == 20 && $0.body == Array("ok".utf8) })
        #expect(client.transport.connectionsOpened == 1)
    }

    @Test func autoLearnsThatConnectionsCanBeShared() throws {
        guard let server = try ServerProcess.nginx(certificates.valid, folder: certificates.folder) else { return }
        defer { server.stop() }
        let client = Client()
        let endpoint = try client.transport.open(
            EndpointConfiguration(url: "https://localhost:\(server.port)/", caFile: certificates.authority))
        client.send(endpoint, 0)
        client.run(until: 1)
        for token in 1..<100 { client.send(endpoint, token) }
        client.run(until: 100)
        #expect(client.outcomes.values.allSatisfy { $0.status == 200 && $0.httpVersion == 20 })
        #expect(client.transport.connectionsOpened == 1)
    }

    @Test func http1IsUsedWhereItIsAskedFor() throws {
        guard let server = try ServerProcess.nginx(certificates.valid, folder: certificates.folder) else { return }
        defer { server.stop() }
        let outcome = try Client().post(
            EndpointConfiguration(
                url: "https://localhost:\(server.port)/", httpVersion: .http1, caFile: certificates.authority))
        #expect(outcome.status == 200)
        #expect(outcome.httpVersion == 11)
    }

    @Test func cancellingOneOfManyOnASharedConnectionLeavesTheOthers() throws {
        guard let server = try ServerProcess.nginx(certificates.valid, folder: certificates.folder) else { return }
        defer { server.stop() }
        let client = Client()
        let endpoint = try client.transport.open(
            EndpointConfiguration(url: "https://localhost:\(server.port)/", httpVersion: .http2, caFile: certificates.authority))
        for token in 0..<50 { client.send(endpoint, token) }
        for token in 0..<25 { client.transport.cancel(token) }
        client.run(until: 50)
        for token in 0..<50 { #expect(client.outcomes[token]?.failure == (token < 25 ? .cancelled : HTTPResult.Failure.none)) }
    }

    @Test func requestsThatWaitForASharedConnectionEndWhenItFails() throws {
        let silent = SilentPort()
        let client = Client()
        let endpoint = try client.transport.open(
            EndpointConfiguration(url: "https://127.0.0.1:\(silent.port)/", httpVersion: .http2))
        for token in 0..<50 { client.send(endpoint, token) }
        client.run(until: 50)
        #expect(client.outcomes.values.allSatisfy { $0.failure == .network && $0.refused })
    }

    @Test func requestsThatWaitForASharedConnectionTimeOutWithIt() throws {
        let full = FullPort()
        let client = Client()
        let endpoint = try client.transport.open(
            EndpointConfiguration(
                url: "https://127.0.0.1:\(full.port)/", timeoutMilliseconds: 600, connectTimeoutMilliseconds: 400,
                httpVersion: .http2))
        for token in 0..<20 { client.send(endpoint, token) }
        client.run(until: 20)
        #expect(client.outcomes.values.allSatisfy { $0.failure == .timeout })
    }

    @Test func anEndpointWithoutHTTP2ServesRequestsThatWaitedForIt() throws {
        guard let server = try ServerProcess.tls(certificates.valid) else { return }
        defer { server.stop() }
        let client = Client()
        let endpoint = try client.transport.open(
            EndpointConfiguration(url: "https://localhost:\(server.port)/", httpVersion: .http2, caFile: certificates.authority))
        for token in 0..<20 { client.send(endpoint, token) }
        client.run(until: 20)
        #expect(client.outcomes.values.allSatisfy { $0.status == 200 && $0.httpVersion == 11 }, "\(client.outcomes)")
    }
}
