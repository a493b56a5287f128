import Foundation
import HTTPTransport
import Testing

/// Certificates and HTTP/2, against servers with certificates made on the spot.
@Suite(.serialized) struct TLSTests {
    private let certificates: Certificates
    init() throws { certificates = try Certificates() }

    private func post(_ sender: Sender, _ url: String, ca: String?, pins: [String] = []) throws -> Client.Outcome {
        var tls = try trust
        if ca == nil { tls.authorities = nil }
        tls.publicKeyPins = pins
        return try Client(sender).post(EndpointConfiguration(url: url, tls: tls))
    }

    private var trust: EndpointConfiguration.TLS { get throws { EndpointConfiguration.TLS(authorities: try bytes(certificates.authority)) } }

    private func bytes(_ file: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: file))) }

    @Test(arguments: Sender.allCases) func aCertificateOfTheGivenAuthorityIsTrusted(sender: Sender) throws {
        guard let server = try ServerProcess.tls(certificates.valid) else { return }
        defer { server.stop() }
        for host in ["localhost", "127.0.0.1"] {
            let outcome = try post(sender, "https://\(host):\(server.port)/", ca: certificates.authority)
            #expect(outcome.status == 200, "\(outcome)")
        }
    }

    @Test(arguments: Sender.allCases) func aCertificateOfAnUnknownAuthorityIsATLSFailure(sender: Sender) throws {
        guard let server = try ServerProcess.tls(certificates.valid) else { return }
        defer { server.stop() }
        let outcome = try post(sender, "https://localhost:\(server.port)/?secret", ca: nil)
        #expect(outcome.failure == .tls)
        #expect(outcome.status == 0)
        #expect(outcome.message.hasPrefix("TLS with localhost:\(server.port) failed: its certificate's authority is not trusted"))
        #expect(outcome.message.hasSuffix("to see it: openssl s_client -connect localhost:\(server.port) -servername localhost"))
    }

    @Test(arguments: Sender.allCases) func aCertificateForAnotherNameIsATLSFailure(sender: Sender) throws {
        guard let server = try ServerProcess.tls(certificates.otherName) else { return }
        defer { server.stop() }
        let outcome = try post(sender, "https://localhost:\(server.port)/", ca: certificates.authority)
        #expect(outcome.failure == .tls)
        #expect(outcome.message.contains("its certificate is for another host") && outcome.message.contains("'localhost'"))
    }

    @Test(arguments: Sender.allCases) func anExpiredCertificateIsATLSFailure(sender: Sender) throws {
        guard let server = try ServerProcess.tls(certificates.expired) else { return }
        defer { server.stop() }
        let outcome = try post(sender, "https://localhost:\(server.port)/", ca: certificates.authority)
        #expect(outcome.failure == .tls)
        #expect(outcome.message.contains("its certificate has expired"))
    }

    @Test(arguments: Sender.allCases) func anAddressHasNoServerName(sender: Sender) throws {
        guard let server = try ServerProcess.tls(certificates.valid) else { return }
        defer { server.stop() }
        let outcome = try post(sender, "https://127.0.0.1:\(server.port)/", ca: nil)
        #expect(outcome.message.hasSuffix("to see it: openssl s_client -connect 127.0.0.1:\(server.port)"))
    }

    // MARK: Pins

    @Test(arguments: Sender.allCases) func aPinnedKeyMustBeTheServersWhoeverSignedItsCertificate(sender: Sender) throws {
        guard let server = try ServerProcess.tls(certificates.valid) else { return }
        defer { server.stop() }
        let url = "https://localhost:\(server.port)/"
        let other = "sha256//" + Data(repeating: 7, count: 32).base64EncodedString()
        let right = try certificates.pin(of: certificates.valid)
        #expect(try post(sender, url, ca: certificates.authority, pins: [other, right]).status == 200)
        let wrong = try post(sender, url, ca: certificates.authority, pins: [other])
        #expect(wrong.failure == .tls && wrong.message.contains("its public key is none of tls.pins"))
        // A pin does not replace the authority.
        #expect(try post(sender, url, ca: nil, pins: [right]).failure == .tls)
    }

    // MARK: Client certificates

    @Test(arguments: Sender.allCases) func aClientCertificateIsShownToThoseWhoAskForIt(sender: Sender) throws {
        guard let server = try ServerProcess.tls(certificates.valid, askingFor: certificates.authority) else { return }
        defer { server.stop() }
        let client = Client(sender)
        let url = "https://localhost:\(server.port)/"
        var tls = try trust
        let anonymous = try client.transport.open(EndpointConfiguration(url: url, tls: tls))
        tls.certificate = try bytes(certificates.client.certificate)
        tls.key = try bytes(certificates.client.key)
        let known = try client.transport.open(EndpointConfiguration(url: url, tls: tls))
        // The same slots and the same host, in turns: no connection of the one serves the other.
        for token in 0..<6 {
            client.send(token % 2 == 0 ? known : anonymous, token)
            client.run(until: token + 1)
            let outcome = try #require(client.outcomes[token])
            if token % 2 == 0 {
                #expect(outcome.status == 200, "\(outcome)")
            } else {
                #expect(outcome.failure == .tls && outcome.message.contains("auth.mtls"), "\(outcome)")
            }
        }
    }

    @Test(arguments: Sender.allCases) func aCertificateWithoutItsKeyIsRefused(sender: Sender) throws {
        #expect(throws: EndpointError.self) {
            try Client(sender).transport.open(EndpointConfiguration(url: "https://example.com/", tls: EndpointConfiguration.TLS(certificate: [1])))
        }
    }

    @Test(arguments: Sender.allCases) func aServerWithoutTLSIsATLSFailure(sender: Sender) throws {
        let closing = RawServer { _ in }
        let garbage = RawServer { peer in
            peer.write("HTTP/1.1 400 Bad Request\r\n\r\n")
            peer.waitForEnd()
        }
        defer { [closing, garbage].forEach { $0.stop() } }
        for port in [closing.port, garbage.port] {
            let outcome = try post(sender, "https://127.0.0.1:\(port)/", ca: certificates.authority)
            #expect(outcome.failure == .tls, "\(outcome)")
        }
    }

    @Test(arguments: Sender.allCases) func authoritiesOfOneEndpointAreNotTrustedByAnother(sender: Sender) throws {
        guard let server = try ServerProcess.tls(certificates.valid) else { return }
        defer { server.stop() }
        // The same slots and the same host, in turns: neither the slot's settings nor an open connection may carry over.
        let client = Client(sender)
        let url = "https://localhost:\(server.port)/"
        let trusting = try client.transport.open(EndpointConfiguration(url: url, tls: trust))
        let strict = try client.transport.open(EndpointConfiguration(url: url))
        for token in 0..<6 {
            client.send(token % 2 == 0 ? trusting : strict, token)
            client.run(until: token + 1)
            #expect(client.outcomes[token]?.failure == (token % 2 == 0 ? HTTPResult.Failure.none : .tls))
        }
    }

    // MARK: Sessions

    @Test func aSessionIsResumedForItsHostAndNobodyElse() throws {
        guard let server = try ServerProcess.tls(certificates.valid) else { return }
        defer { server.stop() }
        let client = Client(.http1)
        func open(_ host: String, pins: [String] = []) throws -> EndpointID {
            var tls = try trust
            tls.publicKeyPins = pins
            return try client.transport.open(EndpointConfiguration(url: "https://\(host):\(server.port)/", tls: tls, keptHeaders: ["x-resumed"]))
        }
        let endpoints = [try open("localhost"), try open("127.0.0.1"), try open("localhost", pins: [certificates.pin(of: certificates.valid)])]
        for token in 0..<12 {
            client.send(endpoints[token % 3], token, headers: ["x-close: 1"])
            client.run(until: token + 1)
            let outcome = try #require(client.outcomes[token])
            #expect(outcome.status == 200 && !outcome.reused && outcome.headers["x-resumed"] == (token < 3 ? "False" : "True"), "\(token): \(outcome)")
        }
    }

    // MARK: HTTP/2

    @Test func http2IsUsedWhereItIsOfferedAndOneConnectionServesAll() throws {
        guard let server = try ServerProcess.nginx(certificates.valid, folder: certificates.folder) else { return }
        defer { server.stop() }
        let client = Client(.curl)
        let endpoint = try client.transport.open(
            EndpointConfiguration(url: "https://localhost:\(server.port)/", httpVersion: .http2, tls: trust))
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
        let client = Client(.curl)
        let endpoint = try client.transport.open(
            EndpointConfiguration(url: "https://localhost:\(server.port)/", tls: trust))
        client.send(endpoint, 0)
        client.run(until: 1)
        for token in 1..<100 { client.send(endpoint, token) }
        client.run(until: 100)
        #expect(client.outcomes.values.allSatisfy { $0.status == 200 && $0.httpVersion == 20 })
        #expect(client.transport.connectionsOpened == 1)
    }

    @Test(arguments: Sender.allCases) func http1IsUsedWhereItIsAskedFor(sender: Sender) throws {
        guard let server = try ServerProcess.nginx(certificates.valid, folder: certificates.folder) else { return }
        defer { server.stop() }
        let outcome = try Client(sender).post(
            EndpointConfiguration(
                url: "https://localhost:\(server.port)/", httpVersion: .http1, tls: trust))
        #expect(outcome.status == 200)
        #expect(outcome.httpVersion == 11)
    }

    @Test func cancellingOneOfManyOnASharedConnectionLeavesTheOthers() throws {
        guard let server = try ServerProcess.nginx(certificates.valid, folder: certificates.folder) else { return }
        defer { server.stop() }
        let client = Client(.curl)
        let endpoint = try client.transport.open(
            EndpointConfiguration(url: "https://localhost:\(server.port)/", httpVersion: .http2, tls: trust))
        for token in 0..<50 { client.send(endpoint, token) }
        for token in 0..<25 { client.transport.cancel(token) }
        client.run(until: 50)
        for token in 0..<50 {
            let outcome = client.outcomes[token]
            #expect(outcome?.failure == (token < 25 ? .cancelled : HTTPResult.Failure.none), "\(token): \(String(describing: outcome))")
        }
    }

    /// As a receiver may that knows from the headers what it will say. libcurl 7.88 loses some of these answers, and waits for
    /// the right to send the rest after others; none of them may become anything else.
    @Test func anAnswerBeforeTheWholeBodyIsTakenOrSaidToBeLost() throws {
        guard let server = try ServerProcess.nginx(certificates.valid, folder: certificates.folder) else { return }
        defer { server.stop() }
        let client = Client(.curl)
        let endpoint = try client.transport.open(
            EndpointConfiguration(url: "https://localhost:\(server.port)/early", timeoutMilliseconds: 2000, httpVersion: .http2, tls: trust))
        for token in 0..<20 { client.send(endpoint, token, body: Array(repeating: 0x20, count: 1 << 20)) }
        client.run(until: 20)
        for token in 0..<20 {
            let outcome = try #require(client.outcomes[token])
            let isNamed = outcome.message.contains("before it had the whole request") || outcome.failure == .timeout
            #expect(outcome.status == 200 || isNamed, "\(token): \(outcome)")
        }
        #expect(client.transport.connectionsOpened == 1)
        // The connection is still good.
        client.send(endpoint, 20)
        client.run(until: 21)
        #expect(client.outcomes[20]?.status == 200)
    }

    @Test func requestsThatWaitForASharedConnectionEndWhenItFails() throws {
        let silent = SilentPort()
        let client = Client(.curl)
        let endpoint = try client.transport.open(
            EndpointConfiguration(url: "https://127.0.0.1:\(silent.port)/", httpVersion: .http2))
        for token in 0..<50 { client.send(endpoint, token) }
        client.run(until: 50)
        #expect(client.outcomes.values.allSatisfy { $0.failure == .network && $0.refused })
    }

    @Test func requestsThatWaitForASharedConnectionTimeOutWithIt() throws {
        let full = FullPort()
        let client = Client(.curl)
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
        let client = Client(.curl)
        let endpoint = try client.transport.open(
            EndpointConfiguration(url: "https://localhost:\(server.port)/", httpVersion: .http2, tls: trust))
        for token in 0..<20 { client.send(endpoint, token) }
        client.run(until: 20)
        #expect(client.outcomes.values.allSatisfy { $0.status == 200 && $0.httpVersion == 11 }, "\(client.outcomes)")
    }
}
