import BridgeRuntime
import Testing

@Suite struct ReceiptTests {
    private func contains(_ id: String, _ share: Double) -> Bool {
        var id = id
        return id.withUTF8 { ReceiptSample(share).contains(UnsafeRawBufferPointer($0)) }
    }

    @Test func `a sample has about its share of the events, and a larger one has those of a smaller one`() {
        let ids = (0..<10_000).map { "order-\($0)" }
        #expect(ids.count { contains($0, 0) } == 0)
        #expect(ids.count { contains($0, 1) } == ids.count)
        let tenth = ids.filter { contains($0, 0.1) }
        #expect((900...1100).contains(tenth.count))
        #expect(tenth.allSatisfy { contains($0, 0.3) })
    }

    @Test(arguments: [
        ("https://example.com/hooks/orders?token=secret", "example.com"), ("http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("https://user:password@example.com:444/", "example.com:444"), ("https://[::1]:8080?a=/b", "[::1]:8080"), ("https://a#b@c", "a"),
        ("kafka:topic", ""), ("", ""), ("https:/", ""),
    ])
    func `of an endpoint a receipt says the host`(url: String, host: String) {
        var url = url
        #expect(url.withUTF8 { String(decoding: ReceiptOrigin.host(of: UnsafeRawBufferPointer($0)), as: UTF8.self) } == host)
    }
}
