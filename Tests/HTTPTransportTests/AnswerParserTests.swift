import HTTPTransport
import Testing

/// An answer's bytes, whichever way they are cut.
@Suite struct AnswerParserTests {
    struct Reading: Equatable {
        var step: AnswerParser.Step
        var status = 0
        var version = 0
        var body: [UInt8] = []
        var keeps = false
        var retryAfter: RetryAfter?
        var kept: [String: String] = [:]
    }

    /// - Parameters:
    ///   - cuts: where one portion ends and the next begins.
    ///   - isEnded: the connection ends behind the last byte.
    private func read(_ bytes: [UInt8], cuts: [Int] = [], isEnded: Bool = true) -> Reading {
        var parser = AnswerParser(maximumBody: 64)
        parser.begin(keeping: ["x-kept"], body: 16)
        defer { parser.body.forget() }
        var step = AnswerParser.Step.needsMore
        for (start, end) in zip([0] + cuts, cuts + [bytes.count]) {
            step = bytes[start..<end].withUnsafeBytes { parser.take($0) }
            // As a connection does it: nothing is read any more once it has ended, but that it has not must be seen.
            if case .failed = step { break }
        }
        if step == .needsMore, isEnded { step = parser.end() }
        var reading = Reading(step: step)
        guard step == .complete else { return reading }
        reading.status = parser.status
        reading.version = parser.version
        reading.body = Array(parser.body.bytes)
        reading.keeps = parser.keepsConnection
        reading.retryAfter = parser.head.retryAfter
        reading.kept = parser.head.kept
        return reading
    }

    private func read(_ text: String, isEnded: Bool = true) -> Reading { read(Array(text.utf8), isEnded: isEnded) }

    // MARK: What is read

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200\r\ncontent-length:2\r\n\r\nok", "HTTP/1.1 200 OK\nContent-Length: \t2 \n\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n0001;a=b\r\no\r\n1 ; x\r\nk\r\n0;last\r\nX-Trailer: 1\r\n\r\n",
        "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 X\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ])
    func anAnswerThatIsCompleteLeavesTheConnectionOpen(text: String) {
        let reading = read(text, isEnded: false)
        #expect(reading.step == .complete && reading.status == 200 && reading.body == Array("ok".utf8) && reading.keeps, "\(reading)")
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\n\r\nok", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok",
        "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 500 X\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length:\r\n 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n gzip,\r\n\tchunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ])
    func anAnswerThatEndsTheConnectionCounts(text: String) {
        let reading = read(text)
        #expect(reading.step == .complete && reading.status == 200 && reading.body == Array("ok".utf8) && !reading.keeps, "\(reading)")
    }

    @Test(arguments: OddAnswers.counted) func anAnswerThatIsWrittenInAnOddWayCountsAndEndsTheConnection(text: String) {
        let reading = read(text)
        #expect(reading.step == .complete && reading.status == 200 && reading.body == Array("hello".utf8) && !reading.keeps, "\(reading)")
    }

    @Test(arguments: OddAnswers.whole) func whatCannotBeMisreadLeavesTheConnectionOpen(text: String) {
        let reading = read(text, isEnded: false)
        #expect(reading.step == .complete && reading.status == 200 && reading.body == Array("hello".utf8) && reading.keeps, "\(reading)")
    }

    @Test(arguments: ["204 No Content\r\nContent-Length: 7", "304 Not Modified\r\nTransfer-Encoding: chunked", "200 OK\r\nContent-Length: 0"])
    func someAnswersHaveNoBody(text: String) {
        let reading = read("HTTP/1.1 \(text)\r\n\r\n", isEnded: false)
        #expect(reading.step == .complete && reading.body.isEmpty && reading.keeps, "\(reading)")
    }

    @Test func aLengthWithoutMeaningIsNoMatterWhereThereIsNoBody() {
        let reading = read("HTTP/1.1 204 X\r\nContent-Length: x\r\n\r\n", isEnded: false)
        #expect(reading.step == .complete && reading.status == 204 && !reading.keeps, "\(reading)")
    }

    @Test func onlyTheFinalAnswersHeadersCount() {
        let reading = read("HTTP/1.1 103 X\r\nRetry-After: 9\r\nX-Kept: a\r\n\r\nHTTP/1.1 503 X\r\nX-KEPT: b\r\nContent-Length: 0\r\n\r\n")
        #expect(reading.status == 503 && reading.retryAfter == nil && reading.kept == ["x-kept": "b"], "\(reading)")
    }

    @Test func aHeaderMayGoOnInTheNextLine() {
        let reading = read("HTTP/1.1 503 X\r\nX-Kept: a\r\n  b\r\n\tc\r\nX-Kept: d\r\n e\r\nRetry-After:\r\n 9\r\nContent-Length: 0\r\n\r\n")
        #expect(reading.retryAfter == .seconds(9) && reading.kept == ["x-kept": "a b c"], "\(reading)")
    }

    @Test(arguments: ["Content-Length: 65", "X: 1", "Transfer-Encoding: chunked"]) func aBodyIsReadUpToTheLimitAndTheStatusCounts(header: String) {
        let body = header.hasPrefix("T") ? "100\r\n" : ""
        let reading = read("HTTP/1.1 503 X\r\n\(header)\r\n\r\n\(body)" + String(repeating: "x", count: 65), isEnded: false)
        #expect(reading.step == .complete && reading.status == 503 && reading.body.count == 16 && !reading.keeps, "\(reading)")
    }

    // MARK: What is refused

    @Test(arguments: OddAnswers.refused) func whatHasNoMeaningIsRefused(text: String) {
        guard case .failed = read(text).step else {
            Issue.record("\(read(text))")
            return
        }
    }

    @Test func everythingBesideTheBodyIsBounded() {
        let long = String(repeating: "x", count: 70_000)
        let lines = String(repeating: "X: 1\r\n", count: 250)
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        for text in ["HTTP/1.1 200 \(long)", "HTTP/1.1 200 OK\r\nX: \(long)", "HTTP/1.1 200 OK\r\n\(lines)", String(repeating: "HTTP/1.1 103 X\r\n\r\n", count: 150), chunked + "0\r\n" + lines] {
            #expect(read(text, isEnded: false).step == .failed(.headTooLarge), "\(text.prefix(30))")
        }
        for body in ["1;\(long)", String(repeating: "1;\(String(repeating: "x", count: 1000))\r\nx\r\n", count: 20)] {
            #expect(read(chunked + body, isEnded: false).step == .failed(.malformedChunks))
        }
    }

    @Test func aSwitchOfProtocolsIsNoAnswer() {
        #expect(read("HTTP/1.1 101 X\r\nUpgrade: x\r\n\r\n", isEnded: false).step == .failed(.endedEarly))
    }

    @Test(arguments: [
        "H", "HTTP/1.1 200 OK", "HTTP/1.1 200 OK\r\nX: 1\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", "HTTP/1.1 103 X\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: 1\r\n",
    ])
    func anAnswerThatEndsEarlyIsNone(text: String) { #expect(read(text).step == .failed(.endedEarly)) }

    @Test func aConnectionThatEndsBeforeTheFirstByteBroughtNothing() {
        #expect(read("").step == .failed(.nothing))
    }

    @Test func anEndThatAnybodyCouldHaveMadeEndsNoBody() {
        var parser = AnswerParser(maximumBody: 64)
        parser.begin(keeping: [], body: 0)
        #expect(Array("HTTP/1.1 200 OK\r\n\r\nok".utf8).withUnsafeBytes { parser.take($0) } == .needsMore)
        #expect(parser.end(isTruncated: true) == .failed(.endedEarly))
    }

    // MARK: Portions

    /// One of each kind above and then some.
    private static let corpus = [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Kept: 7\r\nRetry-After: 3\r\n\r\nok", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokay",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 X\r\nwebhook-delivery: disable\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\nuntil the end",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;e=\"x\"\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-Kept: t\r\n\r\n",
        "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n1\nx\n0\n\n", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + String(repeating: "x", count: 100),
        "220 mail.example ESMTP\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", "HTTP/1.1 101 X\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX-Kept: a\r\n b\r\n\tc\r\nX-Kept: d\r\nContent-Length: 0\r\n\r\n",
    ] + OddAnswers.counted + OddAnswers.refused + OddAnswers.whole

    @Test("However the bytes were cut, the answer is the same", arguments: corpus) func cuts(text: String) {
        let bytes = Array(text.utf8)
        let whole = read(bytes)
        for first in 0...bytes.count {
            #expect(read(bytes, cuts: [first]) == whole, "cut at \(first)")
            for second in stride(from: first, through: bytes.count, by: 7) {
                #expect(read(bytes, cuts: [first, second]) == whole, "cut at \(first) and \(second)")
            }
        }
        #expect(read(bytes, cuts: Array(1..<bytes.count)) == whole, "byte by byte")
    }
}
