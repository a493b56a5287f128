import HTTPTransport

// What endpoints answer, byte by byte.
extension FuzzTarget {
    static let answers: [FuzzTarget] = [
        FuzzTarget(
            "http-answer",
            seeds: [
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nRetry-After: 3\r\n\r\nok", "HTTP/1.1 103 X\r\nLink: x\r\n\r\nHTTP/1.1 204 X\r\nwebhook-delivery: disable\r\n\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;e=\"x\"\r\nabc\r\nA\r\n0123456789\r\n0\r\nX: t\r\n\r\n",
                "HTTP/1.0 503 X\nConnection: keep-alive\n\nuntil the end",
                "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length:\r\n 2\r\nTransfer-Encoding: gzip,\r\n chunked\r\n\r\n2\r\nok\r\n0\r\n t\r\n\r\n",
            ],
            words: [
                "HTTP/1.1 ", "HTTP/1.0 200 OK\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "Content-Length: ", "Transfer-Encoding: chunked\r\n", "Connection: close\r\n",
                "\r\n\r\n", "\r\n ", "0\r\n\r\n", "ffffffffffffffff", "9223372036854775807", ";",
            ]
        ) { input in
            let whole = Answer(input, cutAt: input.count)
            // A few places, and not all: an input's time must not grow with the square of its length.
            for part in 0..<8 { require(Answer(input, cutAt: input.count * part / 8) == whole, "an answer that depends on how it was cut") }
            require(whole.kept <= 16 && whole.status < 1000, "more than was asked for")
        }
    ]

    private struct Answer: Equatable {
        let step: AnswerParser.Step
        let status: Int
        let kept: Int
        let keepsConnection: Bool

        init(_ input: UnsafeRawBufferPointer, cutAt cut: Int) {
            var parser = AnswerParser(maximumBody: 64)
            parser.begin(keeping: ["x"], body: 16)
            defer { parser.body.forget() }
            var step = parser.take(UnsafeRawBufferPointer(rebasing: input[..<cut]))
            if step == .needsMore || step == .complete { step = parser.take(UnsafeRawBufferPointer(rebasing: input[cut...])) }
            if step == .needsMore { step = parser.end() }
            self.step = step
            // Of an answer that failed, how far it came is nobody's business.
            status = step == .complete ? parser.status : 0
            kept = parser.body.bytes.count
            keepsConnection = parser.keepsConnection
        }
    }
}
