import HTTPTransport
import Testing

/// What an endpoint may ask for in its answer's headers.
@Suite struct AnswerHeaderTests {
    private func answer(_ sender: Sender, _ headers: String, status: Int = 503) throws -> Client.Outcome {
        let server = RawServer.answering("HTTP/1.1 \(status) X\r\n\(headers)Content-Length: 0\r\n\r\n")
        defer { server.stop() }
        return try Client(sender).post(EndpointConfiguration(url: server.url))
    }

    @Test(arguments: Sender.allCases, [
        ("webhook-delivery: disable\r\n", HTTPResult.Directive.disable),
        ("Webhook-Delivery:DISABLE \r\n", .disable),
        ("webhook-delivery: abort-message\r\n", .abortMessage),
        ("webhook-delivery:\r\n \tdisable\r\n", .disable),
        ("webhook-delivery: \r\nX: 1\r\n disable\r\n", .none),
        ("webhook-delivery: abort\r\n -message\r\n", .none),
        ("webhook-delivery: something else\r\n", .none),
        ("webhook-deliveries: disable\r\n", .none),
        ("webhook-delivery: disabled\r\n", .none),
        ("", .none),
    ])
    func theDirectiveIsRead(sender: Sender, given: (header: String, directive: HTTPResult.Directive)) throws {
        #expect(try answer(sender, given.header).directive == given.directive)
    }

    @Test(arguments: Sender.allCases) func retryAfterIsReadFromTheWire(sender: Sender) throws {
        #expect(try answer(sender, "Retry-After: 120\r\n").retryAfter == .seconds(120))
        #expect(try answer(sender, "retry-after:\t120  \r\n", status: 200).retryAfter == .seconds(120))
        #expect(try answer(sender, "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n").retryAfter == .date(784_111_777))
        #expect(try answer(sender, "Retry-After: Sun, 06 Nov\r\n\t1994 08:49:37\r\n GMT\r\n").retryAfter == .date(784_111_777))
        #expect(try answer(sender, "Retry-After: soon\r\n").retryAfter == nil)
        #expect(try answer(sender, "Retry-After:\r\n").retryAfter == nil)
        #expect(try answer(sender, "").retryAfter == nil)
    }

    private func parse(_ text: String) -> RetryAfter? {
        Array(text.utf8).withUnsafeBytes { RetryAfter($0) }
    }

    @Test func allThreeFormsOfADateAreRead() {
        // RFC 9110, section 5.6.7.
        #expect(parse("Sun, 06 Nov 1994 08:49:37 GMT") == .date(784_111_777))
        #expect(parse("Sunday, 06-Nov-94 08:49:37 GMT") == .date(784_111_777))
        #expect(parse("Sun Nov  6 08:49:37 1994") == .date(784_111_777))
        #expect(parse("Thu, 01 Jan 1970 00:00:00 GMT") == .date(0))
        #expect(parse("Thu, 29 Feb 2024 23:59:60 GMT") == .date(1_709_251_200))
        #expect(parse("Fri, 31 Dec 9999 23:59:59 GMT") == .date(253_402_300_799))
        #expect(parse("Wed Nov 16 08:49:37 1994") == .date(784_975_777))
    }

    @Test(arguments: [
        "", " ", "-1", "+1", "1.5", "1e3", "0x10", "12 ", "soon", "Sun, 06 Nov 1994", "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 31 Nov 1994 08:49:37 GMT",
        "Thu, 29 Feb 2023 00:00:00 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT", "Sun, 6 Nov 1994 08:49:37 GMT", "Xxx, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT", "Sun, 06-Nov-1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT", "1994-11-06T08:49:37Z",
    ])
    func anythingElseIsNotADate(text: String) {
        #expect(parse(text) == nil)
    }

    @Test func aNumberTooLargeIsAVeryLongTime() throws {
        #expect(parse("0") == .seconds(0))
        #expect(parse("0007") == .seconds(7))
        guard case .seconds(let seconds) = try #require(parse("99999999999999999999999999")) else {
            Issue.record("not seconds")
            return
        }
        #expect(seconds > 1 << 60)
    }
}
