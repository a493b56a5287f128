import Receiver
import Signing
import Testing

@Suite struct `A receiver` {
    let secret = StandardWebhooks.Secret.random()

    var verifying: ReceiverOptions {
        var options = ReceiverOptions()
        options.keys.secrets = [StandardWebhooks.Secret.random().revealed(), secret.revealed()]
        return options
    }

    @Test func `accepts what any of its secrets signed and tells what came`() async throws {
        try await receiving(verifying) { [secret] _, deliveries, port in
            let body = #"{"specversion":"1.0","id":"a.1","type":"order.created","source":"/shop","data":{}}"#
            let headers = signed(body, id: "a%2E1", by: secret) + [
                "content-type: application/cloudevents+json; charset=utf-8", "fanfare-subscription: billing", "fanfare-attempt: 2",
            ]
            let reply = try await post(body, to: "/billing", port: port, headers: headers)
            #expect(reply.status == 200)
            let delivery = try #require(deliveries.all.first)
            #expect(delivery.path == "/billing")
            #expect(delivery.signature == .verified)
            #expect(delivery.webhookID == "a%2E1")
            #expect(delivery.subscription == "billing")
            #expect(delivery.attempt == 2)
            #expect(delivery.eventType == "order.created")
            #expect(delivery.events == 1)
            #expect(delivery.bodyPreview == body)
            #expect(!delivery.repeated && !delivery.failedOnPurpose)
        }
    }

    @Test func `refuses what is not signed, signed by another, altered or old`() async throws {
        try await receiving(verifying) { [secret] receiver, deliveries, port in
            for headers in [
                [], signed("x", id: "1", by: .random()), signed("y", id: "1", by: secret),
                signed("x", id: "1", by: secret, at: now() - 3600),
            ] {
                let reply = try await post("x", to: "/", port: port, headers: headers)
                #expect(reply.status == 401)
            }
            let signatures = deliveries.all.map(\.signature)
            #expect(signatures[0] == .unsigned)
            for signature in signatures.dropFirst() {
                guard case .failed(let reason) = signature else {
                    Issue.record("\(signature)")
                    continue
                }
                #expect(!reason.isEmpty)
            }
            let statistics = receiver.statistics.total
            #expect(statistics.received == 4)
            #expect(statistics.signatureFailed == 3)
            #expect(statistics.accepted == 0)
            #expect(statistics.failedOnPurpose == 0)
        }
    }

    @Test func `without secrets checks nothing and says so`() async throws {
        try await receiving(ReceiverOptions()) { [secret] _, deliveries, port in
            _ = try await post("x", to: "/", port: port, headers: signed("x", id: "1", by: secret))
            _ = try await post("x", to: "/", port: port)
            #expect(deliveries.all.map(\.signature) == [.unchecked, .unsigned])
            #expect(deliveries.all.map(\.status) == [200, 200])
        }
    }

    @Test func `counts an event as a duplicate only when it was accepted before on that path`() async throws {
        var options = ReceiverOptions()
        options.behaviours["/down"] = Behaviour(status: 503)
        try await receiving(options) { receiver, deliveries, port in
            for path in ["/a", "/b", "/down", "/down", "/a"] {
                _ = try await post("x", to: path, port: port, headers: ["webhook-id: 7"])
            }
            #expect(deliveries.all.map(\.repeated) == [false, false, false, false, true])
            receiver.setBehaviour(Behaviour(), path: "/down")
            let reply = try await post("x", to: "/down", port: port, headers: ["webhook-id: 7"])
            #expect(reply.status == 200)
            #expect(deliveries.all.last?.repeated == false)
            #expect(receiver.statistics.paths["/a"]?.duplicates == 1)
            #expect(receiver.statistics.total.duplicates == 1)
        }
    }

    @Test func `recognizes the events of a batch one by one`() async throws {
        try await receiving(ReceiverOptions()) { receiver, deliveries, port in
            let batch = { (ids: [String]) in
                "[" + ids.map { #"{"specversion":"1.0","id":"\#($0)","type":"t","source":"s"}"# }.joined(separator: ",") + "]"
            }
            let headers = ["content-type: application/cloudevents-batch+json", "webhook-id: batch_1"]
            _ = try await post(batch(["o.1", "o.2", "o.3"]), to: "/", port: port, headers: headers)
            _ = try await post(batch(["o.3", "o.4"]), to: "/", port: port, headers: headers)
            // The same event alone has its id encoded in the header.
            _ = try await post("{}", to: "/", port: port, headers: ["webhook-id: o%2E4", "ce-type: t"])
            #expect(deliveries.all.map(\.events) == [3, 2, 1])
            #expect(deliveries.all.map(\.repeatedEvents) == [0, 1, 1])
            #expect(deliveries.all.map(\.eventType) == ["t", "t", "t"])
            #expect(receiver.statistics.total.acceptedEvents == 6)
        }
    }

    @Test func `fails the asked share, the same ones for the same seed`() async throws {
        func run(seed: UInt64) async throws -> [Int] {
            var options = ReceiverOptions()
            options.seed = seed
            options.behaviour = Behaviour(failRate: 0.5, retryAfter: 3)
            let statuses = Statuses()
            try await receiving(options) { receiver, _, port in
                for _ in 0..<40 {
                    let reply = try await post("x", to: "/", port: port)
                    await statuses.add(reply.status)
                    #expect(reply.head.contains("retry-after: 3") == (reply.status == 503))
                }
                let failed = await statuses.all.count { $0 == 503 }
                #expect(receiver.statistics.total.failedOnPurpose == failed)
            }
            return await statuses.all
        }
        let first = try await run(seed: 1)
        let again = try await run(seed: 1)
        let other = try await run(seed: 2)
        #expect(first == again)
        #expect(first != other)
        #expect(Set(first) == [200, 503])
    }

    @Test func `answers with a fixed status, and refuses the types that it is told to`() async throws {
        var options = ReceiverOptions()
        options.behaviour = Behaviour(status: 204)
        options.behaviours["/picky"] = Behaviour(refusals: ["order.cancelled": 422])
        try await receiving(options) { _, deliveries, port in
            let fixed = try await post("x", to: "/any", port: port)
            #expect(fixed.status == 204)
            let refused = try await post("x", to: "/picky", port: port, headers: ["ce-type: order.cancelled"])
            #expect(refused.status == 422)
            let taken = try await post("x", to: "/picky", port: port, headers: ["ce-type: order.created"])
            #expect(taken.status == 200)
            #expect(deliveries.all.map(\.failedOnPurpose) == [false, true, false])
        }
    }

    @Test func `takes as long as it is told to`() async throws {
        var options = ReceiverOptions()
        options.behaviour.delay = .milliseconds(50)
        try await receiving(options) { _, _, port in
            let clock = ContinuousClock()
            let start = clock.now
            _ = try await post("x", to: "/", port: port)
            #expect(clock.now - start >= .milliseconds(50))
        }
    }

    @Test func `takes only POST, and only bodies that are not too long`() async throws {
        var options = ReceiverOptions()
        options.maxBody = 10
        try await receiving(options) { _, deliveries, port in
            let get = try await post("", to: "/", port: port, method: "GET")
            #expect(get.status == 405)
            #expect(get.head.contains("allow: post"))
            let long = try await post("12345678901", to: "/", port: port)
            #expect(long.status == 413)
            #expect(deliveries.all.isEmpty)
        }
    }

    @Test func `does not start with a secret that it cannot read`() {
        var options = ReceiverOptions()
        options.keys.secrets = ["whsec_short"]
        #expect(throws: ReceiverError.self) { try WebhookReceiver(options: options) }
    }

    @Test func `says what to do when the port is taken`() async throws {
        try await receiving(ReceiverOptions()) { _, _, port in
            var options = ReceiverOptions()
            options.port = port
            let second = try WebhookReceiver(options: options)
            await #expect(throws: ReceiverError.self) { try await second.run() }
        }
    }
}

actor Statuses {
    private(set) var all: [Int] = []
    func add(_ status: Int) { all.append(status) }
}
