import BridgeRuntime
import EventFormats
import Spans
import Testing

@Suite struct TraceOriginTests {
    @Test(arguments: [
        ("https://user:password@example.com/hooks/T0/secret?token=secret", "https", "example.com", 443),
        ("http://127.0.0.1:8080", "http", "127.0.0.1", 8080), ("https://[::1]:8443/secret", "https", "::1", 8443), ("http://[::1]", "http", "::1", 80),
    ])
    func `of an endpoint spans say scheme, host and port`(url: String, scheme: String, host: String, port: Int64) {
        let expected = ByteWriter()
        expected.appendAttribute("url.scheme", scheme)
        expected.appendAttribute("server.address", host)
        expected.appendAttribute("server.port", port)
        let writer = ByteWriter()
        var url = url
        url.withUTF8 { TraceOrigin.append(serverOf: UnsafeRawBufferPointer($0), to: writer) }
        #expect(Array(writer.bytes) == Array(expected.bytes))
    }

    @Test(arguments: [
        ("http://collector:4318", "http://collector:4318/v1/traces"), ("http://collector:4318/", "http://collector:4318/v1/traces"),
        ("https://example.com/otlp/traces", "https://example.com/otlp/traces"),
    ])
    func `a collector without a path has the path of traces`(url: String, traces: String) {
        #expect(SpanExporter.tracesURL(of: url) == traces)
    }
}
