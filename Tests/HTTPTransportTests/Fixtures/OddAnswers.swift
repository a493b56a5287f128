/// Answers that are not written as RFC 9112 says, after which the server closes. Whichever sender reads one, it counts or it does not.
enum OddAnswers {
    /// Status 200, and `hello`. Not to be followed by another answer on the same connection.
    static let counted: [String] =
        [
            "HTTP/2 200 OK", "HTTP/2.0 200 OK", "http/1.1 200 OK", "HTTP/1.1  200 OK", "HTTP/1.1 200OK", "HTTP/1.1 200\tOK", "HTTP/1.1 200 O\rK",
        ].map { "\($0)\r\nContent-Length: 5\r\n\r\nhello" }
        + [
            "Content-Length: 6\r\nContent-Length: 5", "Content-Length: 5 5", "Content-Length: 5, 5", "Content-Length: 5, 6", "Content-Length: +5",
            "Content-Length: 5abc", "Content-Length: 99999999999999999999999", "Content-Length : 5", "X: a\rContent-Length: 3", "X: a\rb", ": 1",
            "X-Folded: a\r\n b", "X-Folded: a\r\n\tContent-Length: 3", "Content-Length: 5\r\n 5", "Transfer-Encoding: gzip",
            "Transfer-Encoding: gzip\r\nContent-Length: 3", "Transfer-Encoding: identity\r\nContent-Length: 3", "Transfer-Encoding: unheard-of",
        ].map { "HTTP/1.1 200 OK\r\n\($0)\r\n\r\nhello" }
        + [
            "Content-Length: 5\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 3",
            "Content-Length: 99999999999999999999999\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nX-Folded: a\r\n b",
        ].map { "HTTP/1.1 200 OK\r\n\($0)\r\n\r\n5\r\nhello\r\n0\r\n\r\n" }
        + [
            "5xyz\r\nhello\r\n0\r\n\r\n", "2\r\nhe\r\n3-\r\nllo\r\n0\r\n\r\n",
        ].map { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\($0)" }

    static let refused: [String] =
        [
            "SSH-2.0-OpenSSH_9.2", "\u{16}\u{3}\u{1}", "", "HTTP/1.1 abc OK", "HTTP/1.1 2000 OK", "HTTP/1.1 20000 OK", "HTTP/1.1 099 OK",
            "HTTP/1.2 200 OK", "HTTP/3 200 OK", "HTTP/0.9 200 OK", "HTTP/1.1\t200 OK", "HTTP/1.1 20", " HTTP/1.1 200 OK", "\r\nHTTP/1.1 200 OK",
            "HTTP/1.1 200 O\u{0}K",
        ].map { "\($0)\r\n\r\n" }
        + [
            "Content-Length: -5", "Content-Length:", "Content-Length: five", "Content-Length: five\r\nTransfer-Encoding: chunked",
            "Content-Length: 5\r\nContent-Length: 6", "Content-Length: 9223372036854775807", " X: 1", "\tX: 1", "no header", "X: 1\r\nno header",
            "X: a\u{0}b", "X\u{0}: b", "X: a\r\n b\u{0}",
        ].map { "HTTP/1.1 200 OK\r\n\($0)\r\n\r\nhello" }
        + [
            "many\r\n", "\r\n", ";x\r\n", "-1\r\nx\r\n", " 1\r\nx\r\n0\r\n\r\n", "1\r\nxy\r\n", "1\r\nx0\r\n", "00000000000000001\r\nx\r\n0\r\n\r\n",
            "8000000000000000\r\nx", "7000000000000000\r\nx", "0x1\r\nx\r\n\r\n", "1\r\nx\ry", "0\r\nno trailer\r\n\r\n", "0\r\nX: \u{0}\r\n\r\n",
            "0\r\nX: 1\r\n",
        ].map { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\($0)" }

    /// In full, and the connection may go on: no length can be wrong where there is no body, and trailers are nobody's concern.
    static let whole = [
        "HTTP/1.1 103 X\r\nContent-Length: five\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 103 X\r\nA: 1\r\n b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: 1\r\n folded\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n folded\r\n\r\n",
    ]
}
