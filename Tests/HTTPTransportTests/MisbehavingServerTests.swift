import HTTPTransport
import Testing

/// Whatever an endpoint does, the request ends, within bounds, with an outcome that says what happened.
@Suite struct MisbehavingServerTests {
    private func post(
        _ sender: Sender, timeout: Int = 20_000, body: [UInt8] = Array("{}".utf8), to script: @escaping @Sendable (Peer) -> Void
    ) throws -> Client.Outcome {
        let server = RawServer(script)
        defer { server.stop() }
        return try Client(sender).post(EndpointConfiguration(url: server.url, timeoutMilliseconds: timeout), body: body)
    }

    @Test(arguments: Sender.allCases) func aServerThatNeverAnswersTimesOut(sender: Sender) throws {
        let outcome = try post(sender, timeout: 300) { peer in
            _ = peer.readRequest()
            peer.waitForEnd()
        }
        #expect(outcome.failure == .timeout)
        #expect(outcome.status == 0)
        #expect(outcome.message.hasPrefix("no complete answer from 127.0.0.1:") && outcome.message.hasSuffix("within 300 ms"))
        #expect(outcome.duration >= 300_000_000)
    }

    @Test(arguments: Sender.allCases) func anAnswerThatDripsIsCutOffByTheTotalTimeout(sender: Sender) throws {
        let outcome = try post(sender, timeout: 300) { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nx")
            peer.waitForEnd()
        }
        #expect(outcome.failure == .timeout)
        #expect(outcome.status == 0, "an answer that is not complete is none")
    }

    @Test(arguments: Sender.allCases) func aConnectionClosedWithoutAnAnswerIsANetworkFailure(sender: Sender) throws {
        let outcome = try post(sender) { peer in _ = peer.readRequest() }
        #expect(outcome.failure == .network)
        #expect(!outcome.refused)
        #expect(outcome.message.hasSuffix("closed the connection without an answer"))
    }

    @Test(arguments: Sender.allCases) func aBodyThatEndsEarlyIsANetworkFailure(sender: Sender) throws {
        let outcome = try post(sender) { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        }
        #expect(outcome.failure == .network)
        #expect(outcome.status == 0)
        #expect(outcome.message.hasSuffix("ended early"))
    }

    @Test(arguments: Sender.allCases) func aHeadThatEndsEarlyIsANetworkFailure(sender: Sender) throws {
        let outcome = try post(sender) { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\nContent-Le")
        }
        #expect(outcome.failure == .network)
        #expect(outcome.status == 0)
        #expect(outcome.message.hasSuffix("ended early"))
    }

    @Test(arguments: Sender.allCases, OddAnswers.refused) func whatHasNoMeaningIsANetworkFailure(sender: Sender, answer: String) throws {
        let outcome = try post(sender) { peer in
            _ = peer.readRequest()
            peer.write(answer)
        }
        #expect(outcome.failure == .network && outcome.status == 0, "\(outcome)")
    }

    @Test(arguments: Sender.allCases, OddAnswers.counted + OddAnswers.whole) func anAnswerThatIsWrittenInAnOddWayCounts(sender: Sender, answer: String) throws {
        let outcome = try post(sender) { peer in
            _ = peer.readRequest()
            peer.write(answer)
        }
        #expect(outcome.failure == .none && outcome.status == 200, "\(outcome)")
    }

    @Test(arguments: Sender.allCases, [200, 503]) func anEndlessBodyIsStoppedAndTheStatusCounts(sender: Sender, status: Int) throws {
        let sent = Gate()
        let outcome = try post(sender) { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 \(status) X\r\nRetry-After: 7\r\n\r\n")
            while peer.write(String(repeating: "x", count: 4096)) {}
            sent.open()
        }
        sent.wait()
        #expect(outcome.failure == .none)
        #expect(outcome.status == status)
        #expect(outcome.retryAfter == .seconds(7))
        #expect(outcome.body == Array(repeating: UInt8(ascii: "x"), count: 16 << 10))
    }

    @Test(arguments: Sender.allCases) func endlessHeadersAreTooLarge(sender: Sender) throws {
        let outcome = try post(sender) { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\n")
            while peer.write("X-More: 1\r\n") {}
        }
        #expect(outcome.failure == .network)
        #expect(outcome.message.contains("too large"))
    }

    @Test(arguments: Sender.allCases, [70_000, 10_000_000]) func aGiantHeaderIsTooLarge(sender: Sender, length: Int) throws {
        let outcome = try post(sender) { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\nX-Big: \(String(repeating: "x", count: length))\r\nContent-Length: 0\r\n\r\n")
            peer.waitForEnd()
        }
        #expect(outcome.failure == .network)
        #expect(outcome.message.contains("too large"))
    }

    @Test(arguments: Sender.allCases) func endlessInterimAnswersAreTooLarge(sender: Sender) throws {
        let outcome = try post(sender) { peer in
            _ = peer.readRequest()
            while peer.write("HTTP/1.1 103 Early Hints\r\nX: 1\r\n\r\n") {}
        }
        #expect(outcome.failure == .network)
        #expect(outcome.message.contains("too large"))
    }

    @Test(arguments: Sender.allCases) func endlessTrailersAreTooLarge(sender: Sender) throws {
        let outcome = try post(sender) { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
            while peer.write("X-More: 1\r\n") {}
        }
        #expect(outcome.failure == .network)
        #expect(outcome.message.contains("too large"))
    }

    /// libcurl passes over them without a word, and would do so until the timeout.
    @Test(arguments: Sender.allCases) func endlessChunkExtensionsAreCutOff(sender: Sender) throws {
        let outcome = try post(sender) { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;")
            while peer.write(String(repeating: "x", count: 65536)) {}
        }
        #expect(outcome.failure == .network, "\(outcome)")
        #expect(outcome.status == 0)
    }

    @Test(arguments: Sender.allCases) func someInterimAnswersAreSkipped(sender: Sender) throws {
        let outcome = try post(sender) { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\nHTTP/1.1 202 X\r\nContent-Length: 0\r\n\r\n")
            peer.waitForEnd()
        }
        #expect(outcome.status == 202)
        #expect(outcome.failure == .none)
        #expect(outcome.retryAfter == nil, "only the final answer's headers count")
    }

    @Test(arguments: Sender.allCases) func anAnswerMayComeByteByByte(sender: Sender) throws {
        let outcome = try post(sender) { peer in
            _ = peer.readRequest()
            for byte in "HTTP/1.1 503 X\r\nRetry-After: 7\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n".utf8 { peer.write([byte]) }
            peer.waitForEnd()
        }
        #expect(outcome.status == 503 && outcome.retryAfter == .seconds(7) && outcome.body == Array("abc".utf8), "\(outcome)")
    }

    @Test(arguments: Sender.allCases) func whatFollowsAnAnswerIsNotTheNextOne(sender: Sender) throws {
        let server = RawServer { peer in
            while peer.readRequest() != nil { peer.write("HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\nHTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n") }
        }
        defer { server.stop() }
        let client = Client(sender)
        let endpoint = try client.transport.open(EndpointConfiguration(url: server.url))
        client.sendInTurn(endpoint, 0..<5)
        #expect(client.outcomes.values.allSatisfy { $0.status == 200 }, "\(client.outcomes)")
        // libcurl throws away what it has read and goes on.
        if sender == .http1 { #expect(server.accepted == 5) }
    }

    @Test(arguments: Sender.allCases) func aSwitchOfProtocolsThatNobodyAskedForIsNoAnswer(sender: Sender) throws {
        let outcome = try post(sender) { peer in
            _ = peer.readRequest()
            peer.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
        }
        #expect(outcome.failure == .network, "\(outcome)")
    }

    @Test(arguments: Sender.allCases) func redirectsAreReportedAndNotFollowed(sender: Sender) throws {
        let other = RawServer.answering("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        defer { other.stop() }
        let location = other.url
        let outcome = try post(sender) { peer in
            while peer.readRequest() != nil {
                peer.write("HTTP/1.1 307 X\r\nLocation: \(location)\r\nContent-Length: 0\r\n\r\n")
            }
        }
        #expect(outcome.status == 307)
        #expect(outcome.failure == .none)
        #expect(other.accepted == 0)
    }

    @Test(arguments: Sender.allCases) func anAnswerBeforeTheBodyWasReadCounts(sender: Sender) throws {
        let outcome = try post(sender, body: Array(repeating: 0x61, count: 8 << 20)) { peer in
            peer.write("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            peer.waitForEnd()
        }
        #expect(outcome.status == 413, "\(outcome)")
    }

    @Test(arguments: Sender.allCases) func nothingListeningIsARefusedConnection(sender: Sender) throws {
        let silent = SilentPort()
        let outcome = try Client(sender).post(EndpointConfiguration(url: "http://127.0.0.1:\(silent.port)/?token=secret"))
        #expect(outcome.failure == .network)
        #expect(outcome.refused)
        #expect(outcome.message == "cannot connect to 127.0.0.1:\(silent.port): Connection refused")
    }

    @Test(arguments: Sender.allCases) func aNameThatDoesNotResolveIsANetworkFailure(sender: Sender) throws {
        let outcome = try Client(sender).post(EndpointConfiguration(url: "http://nowhere.invalid/x"))
        #expect(outcome.failure == .network)
        #expect(!outcome.refused)
        #expect(outcome.message == "the name of nowhere.invalid:80 does not resolve")
    }

    @Test(arguments: Sender.allCases) func aListenerThatAcceptsNothingTimesOutWhileConnecting(sender: Sender) throws {
        let full = FullPort()
        let outcome = try Client(sender).post(
            EndpointConfiguration(url: "http://127.0.0.1:\(full.port)/", connectTimeoutMilliseconds: 300))
        #expect(outcome.failure == .timeout)
        #expect(outcome.message == "no connection to 127.0.0.1:\(full.port) within 300 ms")
    }
}
