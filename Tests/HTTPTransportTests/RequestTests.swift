import Egress
import EventLoop
import HTTPTransport
import Testing

private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

/// What goes over the wire, and how connections are used.
@Suite struct RequestTests {
    @Test(arguments: Sender.allCases) func theBodyArrivesByteForByte(sender: Sender) throws {
        for size in [0, 1, 200, 65_535, 65_536, 65_537, 3_000_000] {
            let recording = Recording()
            let server = RawServer { recording.serve($0) }
            defer { server.stop() }
            let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
            let outcome = try Client(sender).post(EndpointConfiguration(url: server.url), body: body)
            #expect(outcome.status == 200)
            let request = try #require(recording.all.first)
            #expect(request.line == "POST /hook HTTP/1.1")
            #expect(request.body == body)
            #expect(request.values("content-length") == ["\(size)"])
        }
    }

    @Test(arguments: Sender.allCases) func aRequestMayHaveAURLOfItsOwnAndTheNextHasThatOfTheEndpoint(sender: Sender) throws {
        let recording = Recording()
        let server = RawServer { recording.serve($0) }
        defer { server.stop() }
        let client = Client(sender)
        let endpoint = try client.transport.open(EndpointConfiguration(url: server.url, constantHeaders: [("X-A", "1")]))
        let base = "http://127.0.0.1:\(server.port)"
        for (token, url) in [nil, base + "/orders/a%2Fb?x=1", nil, base + "/orders/2", base + "/orders/3", nil].enumerated() {
            if let url { try client.send(endpoint, to: url, token) } else { client.send(endpoint, token) }
            client.run(until: token + 1)
        }
        client.transport.close(endpoint)
        #expect(recording.all.map(\.line) == [
            "POST /hook HTTP/1.1", "POST /orders/a%2Fb?x=1 HTTP/1.1", "POST /hook HTTP/1.1", "POST /orders/2 HTTP/1.1", "POST /orders/3 HTTP/1.1",
            "POST /hook HTTP/1.1",
        ])
        #expect(recording.all.allSatisfy { $0.values("x-a") == ["1"] })
        #expect(client.transport.connectionsOpened == 1, "connections are found by host")
    }

    @Test(arguments: Sender.allCases) func aURLOfARequestIsJudgedAsThatOfAnEndpoint(sender: Sender) throws {
        let client = Client(sender, try EgressRules(allowHTTP: true, allowPrivate: true, deny: ["denied.localhost"]))
        let endpoint = try client.transport.open(EndpointConfiguration(url: "http://public.localhost/"))
        for url in ["http://denied.localhost/", "http://169.254.169.254/", "ftp://a.localhost/", "http://u:p@a.localhost/"] {
            #expect(throws: EndpointError.self, "\(url)") { try client.send(endpoint, to: url, 0) }
        }
        #expect(client.transport.inFlight == 0 && client.outcomes.isEmpty)
        client.transport.close(endpoint)
    }

    @Test(arguments: Sender.allCases) func headersAreExactlyTheGivenOnes(sender: Sender) throws {
        let recording = Recording()
        let server = RawServer { recording.serve($0) }
        defer { server.stop() }
        let outcome = try Client(sender).post(
            EndpointConfiguration(
                url: server.url,
                constantHeaders: [("Content-Type", "application/json"), ("User-Agent", "fanfare/test"), ("X-Empty", "")]),
            headers: ["webhook-id: a", "X-Blank: ", "X-Sneaky: a\r\nX-Injected: b"])
        #expect(outcome.status == 200)
        let headers = try #require(recording.all.first).headers
        #expect(headers == [
            "Host: 127.0.0.1:\(server.port)", "webhook-id: a", "X-Blank:", "X-Sneaky: a  X-Injected: b",
            "Content-Type: application/json", "User-Agent: fanfare/test", "X-Empty:", "Content-Length: 2",
        ])
    }

    @Test(arguments: Sender.allCases) func noContentTypeIsMadeUpAndNoExpectIsSentForLargeBodies(sender: Sender) throws {
        let recording = Recording()
        let server = RawServer { recording.serve($0) }
        defer { server.stop() }
        _ = try Client(sender).post(EndpointConfiguration(url: server.url), body: Array(repeating: 1, count: 2_000_000))
        let headers = try #require(recording.all.first).headers
        #expect(headers == ["Host: 127.0.0.1:\(server.port)", "Content-Length: 2000000"])
    }

    @Test(arguments: Sender.allCases) func manyAndLongHeadersGrowTheSlotAndAreForgottenAfterwards(sender: Sender) throws {
        let recording = Recording()
        let server = RawServer { recording.serve($0) }
        defer { server.stop() }
        let client = Client(sender)
        let endpoint = try client.transport.open(EndpointConfiguration(url: server.url, constantHeaders: [("X-C", "c")]))
        let many = (0..<100).map { "X-\($0): \(String(repeating: "v", count: $0))" }
        for (token, headers) in [["A: 1"], many, [], ["B: 2", "C: 3"]].enumerated() {
            client.send(endpoint, token, headers: headers)
            client.run(until: token + 1)
        }
        let seen = recording.all.map { Array($0.headers.dropFirst().dropLast()) }
        #expect(seen == [["A: 1", "X-C: c"], many.map { $0 == "X-0: " ? "X-0:" : $0 } + ["X-C: c"], ["X-C: c"], ["B: 2", "C: 3", "X-C: c"]])
    }

    @Test(arguments: Sender.allCases) func oneConnectionServesOneRequestAfterTheOther(sender: Sender) throws {
        let server = RawServer.answering(ok)
        defer { server.stop() }
        let client = Client(sender)
        let endpoint = try client.transport.open(EndpointConfiguration(url: server.url))
        client.send(endpoint, 0)
        client.run(until: 1)
        let controlCalls = client.loop.controlCalls
        client.sendInTurn(endpoint, 1..<200)
        #expect(server.accepted == 1)
        #expect(client.transport.connectionsOpened == 1)
        #expect(client.loop.controlCalls == controlCalls, "a reused connection costs no epoll_ctl")
        #expect(client.outcomes.values.filter { !$0.reused }.count == 1)
        #expect(client.outcomes.values.allSatisfy { $0.status == 200 && $0.body == Array("ok".utf8) && $0.httpVersion == 11 })
    }

    @Test(arguments: Sender.allCases) func connectionsOfManyEndpointsAreKeptWhileTheyAreQuiet(sender: Sender) throws {
        let servers = (0..<40).map { _ in RawServer.answering(ok) }
        defer { servers.forEach { $0.stop() } }
        let client = Client(sender)
        let endpoints = try servers.map { try client.transport.open(EndpointConfiguration(url: $0.url, maxConnections: 2)) }
        for round in 0..<3 {
            for (index, endpoint) in endpoints.enumerated() {
                // One at a time: libcurl's own pool would have four places now.
                client.send(endpoint, round * 40 + index)
                client.run(until: round * 40 + index + 1)
            }
        }
        #expect(servers.allSatisfy { $0.accepted == 1 })
        #expect(client.transport.connectionsOpened == 40)
    }

    @Test(arguments: Sender.allCases) func aConnectionThatTheServerClosedWhileIdleIsReplacedWithoutAFailure(sender: Sender) throws {
        let server = RawServer { peer in
            _ = peer.readRequest()
            peer.write(ok)
        }
        defer { server.stop() }
        let client = Client(sender)
        let endpoint = try client.transport.open(EndpointConfiguration(url: server.url))
        client.sendInTurn(endpoint, 0..<10)
        #expect(client.outcomes.values.allSatisfy { $0.status == 200 })
        #expect(server.accepted == 10)
    }

    @Test(arguments: Sender.allCases) func connectionsThatCloseUnderARequestAreReplacedAsOftenAsNeeded(sender: Sender) throws {
        let server = RawServer { peer in
            _ = peer.readRequest()
            peer.write(ok)
            _ = peer.readRequest()
        }
        defer { server.stop() }
        let client = Client(sender)
        let endpoint = try client.transport.open(EndpointConfiguration(url: server.url))
        client.sendInTurn(endpoint, 0..<30)
        #expect(client.outcomes.values.allSatisfy { $0.status == 200 })
        #expect(server.accepted == 30)
    }

    /// libcurl closes a socket that is still connecting without calling back; the next one gets its number.
    @Test(arguments: Sender.allCases) func attemptsToConnectThatAreGivenUpLeaveNothingBehind(sender: Sender) throws {
        let server = RawServer.answering(ok)
        defer { server.stop() }
        let full = FullPort()
        let client = Client(sender)
        let hanging = try client.transport.open(
            EndpointConfiguration(url: "http://127.0.0.1:\(full.port)/", connectTimeoutMilliseconds: 20))
        let answering = try client.transport.open(EndpointConfiguration(url: server.url))
        var token = 0
        for _ in 0..<5 {
            for endpoint in [hanging, hanging, hanging] { client.send(endpoint, token); token += 1 }
            client.run(until: token)
            for endpoint in [answering, answering, answering] { client.send(endpoint, token); token += 1 }
            client.run(until: token)
        }
        for (token, outcome) in client.outcomes {
            #expect(token / 3 % 2 == 0 ? outcome.failure == .timeout : outcome.status == 200, "\(token): \(outcome)")
        }
    }

    @Test(arguments: Sender.allCases) func anIdleConnectionThatWasClosedDoesNotKeepTheLoopBusy(sender: Sender) throws {
        let closed = Gate()
        let server = RawServer { peer in
            _ = peer.readRequest()
            peer.write(ok)
            peer.endStream()
            closed.open()
            peer.waitForEnd()
        }
        defer { server.stop() }
        let client = Client(sender)
        let endpoint = try client.transport.open(EndpointConfiguration(url: server.url))
        client.send(endpoint, 0)
        client.run(until: 1)
        closed.wait()
        // The end of the stream wakes the loop once at most; then only the deadline does.
        let deadline = EventLoop.now() + 50_000_000
        var turns = 0
        while EventLoop.now() < deadline {
            client.loop.run(until: deadline)
            turns += 1
        }
        #expect(turns <= 5)
        client.send(endpoint, 1)
        client.run(until: 2)
        #expect(client.outcomes[1]?.status == 200)
    }

    @Test(arguments: Sender.allCases) func aSlowEndpointDoesNotHoldAFastOne(sender: Sender) throws {
        let gate = Gate()
        let slow = RawServer { peer in
            while peer.readRequest() != nil {
                gate.wait()
                peer.write(ok)
            }
        }
        let fast = RawServer.answering(ok)
        defer {
            slow.stop()
            fast.stop()
        }
        let client = Client(sender)
        let slowEndpoint = try client.transport.open(EndpointConfiguration(url: slow.url, timeoutMilliseconds: 50_000, connectTimeoutMilliseconds: 50_000, maxConnections: 500))
        let fastEndpoint = try client.transport.open(EndpointConfiguration(url: fast.url, timeoutMilliseconds: 50_000, connectTimeoutMilliseconds: 50_000, maxConnections: 500))
        for token in 0..<500 { client.send(slowEndpoint, token) }
        for token in 500..<1000 { client.send(fastEndpoint, token) }
        client.run(until: 500)
        #expect(client.order.allSatisfy { $0 >= 500 }, "the fast ones ended while every slow one was waiting")
        #expect(client.transport.inFlight == 500)
        gate.open(for: 500)
        client.run(until: 1000)
        #expect(client.outcomes.values.allSatisfy { $0.status == 200 })
        #expect(slow.accepted == 500)

        // Nothing is opened again for the next round.
        let opened = client.transport.connectionsOpened
        gate.open(for: 500)
        for token in 1000..<1500 { client.send(slowEndpoint, token) }
        client.run(until: 1500)
        #expect(client.transport.connectionsOpened == opened)
        #expect(client.outcomes.values.allSatisfy { $0.status == 200 })
    }

    @Test(arguments: Sender.allCases) func requestsMaySendOthersWhenTheyComplete(sender: Sender) throws {
        let server = RawServer.answering(ok)
        defer { server.stop() }
        let client = Client(sender)
        let endpoint = try client.transport.open(EndpointConfiguration(url: server.url))
        client.whenCompleted = { token in if token < 99 { client.send(endpoint, token + 1) } }
        client.send(endpoint, 0)
        client.run(until: 100)
        #expect(client.outcomes.count == 100)
        #expect(server.accepted <= 2, "the completing request still holds its slot, not its connection")
        client.whenCompleted = { _ in }
    }

    @Test(arguments: Sender.allCases) func aCancelledRequestCompletesInTheNextTurn(sender: Sender) throws {
        let server = RawServer { peer in
            _ = peer.readRequest()
            peer.waitForEnd()
        }
        defer { server.stop() }
        let client = Client(sender)
        let endpoint = try client.transport.open(EndpointConfiguration(url: server.url))
        for token in 0..<3 { client.send(endpoint, token) }
        client.loop.run(until: EventLoop.now())
        client.transport.cancel(1)
        #expect(client.outcomes.isEmpty, "not from within the call")
        client.transport.cancel(1)
        client.transport.cancel(77)
        client.loop.run(until: EventLoop.now())
        #expect(client.order == [1])
        #expect(client.outcomes[1]?.failure == .cancelled)
        client.transport.cancel(0)
        client.transport.cancel(2)
        client.run(until: 3)
        #expect(client.transport.inFlight == 0)
    }

    @Test(arguments: Sender.allCases) func aRequestThatIsJustReportedIsNotCancelledAnyMore(sender: Sender) throws {
        let server = RawServer.answering(ok)
        defer { server.stop() }
        let client = Client(sender)
        let endpoint = try client.transport.open(EndpointConfiguration(url: server.url))
        client.whenCompleted = { [unowned client] in client.transport.cancel($0) }
        client.send(endpoint, 0)
        client.run(until: 1)
        client.loop.run(until: EventLoop.now())
        #expect(client.order == [0])
        #expect(client.outcomes[0]?.status == 200)
        #expect(client.transport.inFlight == 0)
    }

    @Test(arguments: Sender.allCases) func aClosedEndpointFinishesWhatIsInFlight(sender: Sender) throws {
        let server = RawServer.answering(ok)
        defer { server.stop() }
        let client = Client(sender)
        let endpoint = try client.transport.open(EndpointConfiguration(url: server.url))
        client.send(endpoint, 0)
        client.transport.close(endpoint)
        // Takes the same place.
        let other = try client.transport.open(EndpointConfiguration(url: server.url))
        #expect(other != endpoint)
        client.send(other, 1)
        client.run(until: 2)
        #expect(client.outcomes.values.allSatisfy { $0.status == 200 })
    }

    @Test(arguments: Sender.allCases) func anEndpointMayBeClosedByItsLastCompletionAndAnotherTakeItsPlace(sender: Sender) throws {
        let server = RawServer.answering(ok)
        defer { server.stop() }
        let client = Client(sender)
        let endpoint = try client.transport.open(EndpointConfiguration(url: server.url))
        var successor: EndpointID?
        client.whenCompleted = { [unowned client] token in
            guard token == 0 else { return }
            client.transport.close(endpoint)
            successor = try? client.transport.open(EndpointConfiguration(url: server.url))
        }
        client.send(endpoint, 0)
        client.run(until: 1)
        client.send(try #require(successor), 1)
        client.run(until: 2)
        #expect(client.outcomes[1]?.status == 200)
    }

    @Test(arguments: Sender.allCases) func aTransportWithRequestsInFlightCanBeGivenUp(sender: Sender) throws {
        let server = RawServer { peer in
            _ = peer.readRequest()
            peer.waitForEnd()
        }
        defer { server.stop() }
        let loop = try EventLoop()
        do {
            let transport = sender.make(loop, Client.local)
            let endpoint = try transport.open(EndpointConfiguration(url: server.url))
            let none = UnsafeRawBufferPointer(start: nil, count: 0)
            transport.send(endpoint: endpoint, token: 0, headers: none, body: none)
            loop.run(until: EventLoop.now())
        }
        loop.run(until: EventLoop.now())
    }
}
