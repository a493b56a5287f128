import EventFormats
import Testing

@Suite("A byte writer")
struct ByteWriterTests {
    private func written(_ write: (ByteWriter) -> Void) -> String {
        let writer = ByteWriter(capacity: 1)
        write(writer)
        return writer.text
    }

    private func withBytes<R>(_ text: String, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        var text = text
        return text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }

    @Test("appends texts and numbers one after the other and grows as needed")
    func appends() {
        let result = written { writer in
            writer.append("a" as StaticString)
            writer.append("bc")
            for number in [0, 7, -1, 1_234_567_890, Int64.min, Int64.max] {
                writer.append(UInt8(ascii: " "))
                writer.append(decimal: number)
            }
        }
        #expect(result == "abc 0 7 -1 1234567890 -9223372036854775808 9223372036854775807")
    }

    @Test("escapes exactly what JSON demands")
    func escapes() {
        let source = "a\"b\\c/\u{08}\u{09}\u{0A}\u{0B}\u{0C}\u{0D}\u{1F}\u{20}\u{7F}é€😀"
        #expect(written { writer in withBytes(source) { writer.appendJSONString($0) } }
            == #""a\"b\\c/\b\t\n\u000B\f\r\u001F "# + "\u{7F}é€😀\"")
        #expect(written { writer in withBytes("") { writer.appendJSONString($0) } } == #""""#)
    }

    @Test("percent-encodes every byte of a character with upper-case digits")
    func percentEncodes() {
        // The example of the CloudEvents HTTP binding, 3.1.3.2.
        #expect(written { writer in withBytes("Euro € 😀") { writer.appendPercentEncoded($0, keeping: .headerValue) } }
            == "Euro%20%E2%82%AC%20%F0%9F%98%80")
        #expect(written { writer in withBytes("a.b/c_d-e:f%") { WebhookID.append($0, to: writer) } } == "a%2Eb%2Fc_d-e:f%25")
    }

    @Test("writes base64 with its padding", arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
    func base64(data: String, expected: String) {
        #expect(written { writer in withBytes(data) { writer.appendBase64($0) } } == expected)
    }

    @Test("writes times as RFC 3339 in UTC", arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (1_522_949_460_123, "2018-04-05T17:31:00.123Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
    ] as [(Int64, String)])
    func times(milliseconds: Int64, expected: String) {
        #expect(written { $0.appendRFC3339(milliseconds: milliseconds) } == expected)
    }

    @Test("keeps its memory between uses and gives back what one huge use took")
    func keepsMemory() {
        let writer = ByteWriter(capacity: 64)
        for _ in 0..<10_000 { writer.append("0123456789" as StaticString) }
        let capacity = writer.capacity
        writer.removeAll()
        #expect(writer.isEmpty && writer.capacity == capacity)
        writer.removeAll(keepingAtMost: 4096)
        #expect(writer.capacity == 4096)
        writer.append("still fine" as StaticString)
        #expect(writer.text == "still fine")
        writer.truncate(to: 5)
        #expect(writer.text == "still")
    }

    @Test("lets somebody else write in place")
    func writesInPlace() {
        let writer = ByteWriter(capacity: 1)
        writer.append("x" as StaticString)
        writer.append(upTo: 100) { target in
            target[0] = UInt8(ascii: "y")
            return 1
        }
        #expect(writer.text == "xy")
    }
}
