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
    func ourOwnTakesWhatCannotBecomeHTTP2(url: String, version: EndpointConfiguration.HTTPVersion, prefersLibcurl: Bool, isOwn: Bool) throws {
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
