import Control
import EventModel
import OpsServer
import Testing

private let json = "Content-Type: application/json"

@Suite struct `A request` {
    @Test(arguments: [
        ("/api/v1/subscriptions?limit=0", #""in":"query","name":"limit","detail":"must be a whole number from 1 to 1000""#),
        ("/api/v1/subscriptions?limit=1&limit=2", #""name":"limit","detail":"stands there twice""#),
        ("/api/v1/subscriptions?limt=1", #""name":"limt","detail":"is not known; did you mean \"limit\"?""#),
        ("/api/v1/subscriptions?state=broken", #""name":"state","detail":"must be one of refused, disabled, paused"#),
        ("/api/v1/subscriptions?after=%FF", #""name":"after","detail":"is not UTF-8""#),
        ("/api/v1/subscriptions?after=%-0", #""name":"after","detail":"is not UTF-8""#),
        ("/api/v1/subscriptions?after=%0A", #""name":"after","detail":"must be a text of one line"#),
        ("/api/v1/subscriptions/billing?x=1", #""name":"x","detail":"is not known here""#),
    ])
    func `with wrong parameters is told which`(path: String, expected: String) async throws {
        try await serving(FixedSource()) { port in
            let reply = try await request(path, port: port)
            #expect(reply.status == 400)
            #expect(reply.head.contains("content-type: application/problem+json"))
            #expect(reply.body.contains(expected))
        }
    }

    @Test(arguments: [
        ("seek", "{}", 400, #""pointer":"/to","detail":"is missing""#),
        ("seek", #"{"to":"yesterday"}"#, 400, #""pointer":"/to","detail":"must be earliest, latest, a time"#),
        ("seek", #"{"to":7}"#, 400, #""pointer":"/to""#),
        ("resume", #"{"fromNow":"yes"}"#, 400, #""pointer":"/fromNow","detail":"must be true or false""#),
        ("pause", #"{"reson":"x"}"#, 400, #""pointer":"/reson","detail":"is not known; did you mean \"reason\"?""#),
        ("pause", #"{"reason":"a\nb"}"#, 400, #""pointer":"/reason""#),
        ("pause", #"{"reason":"a","reason":"b"}"#, 400, "stands there twice"),
        ("pause", "[]", 400, "must be a JSON object"),
        ("pause", "{", 400, "is not JSON"),
    ])
    func `with a wrong body is told where`(verb: String, body: String, status: Int, expected: String) async throws {
        let source = FixedSource()
        try await serving(source) { port in
            let reply = try await request("/api/v1/subscriptions/billing/\(verb)", port: port, method: "POST", headers: [json], body: body)
            #expect(reply.status == status)
            #expect(reply.body.contains(expected))
            #expect(source.changed.isEmpty)
        }
    }

    @Test func `for a redrive from an offset behind which there is none is told so`() async throws {
        try await serving(FixedSource()) { port in
            let body = #"{"topic":"shop.orders","places":["shop.orders.dead-letter/0/9223372036854775807"]}"#
            let reply = try await request("/api/v1/redrives", port: port, method: "POST", headers: [json], body: body)
            #expect(reply.status == 400)
            #expect(reply.body.contains(#""pointer":"/places","detail":"must be a list of 1 to 500 texts, each topic/partition/offset""#))
        }
    }

    @Test func `of another kind, or too large, is refused`() async throws {
        try await serving(FixedSource()) { port in
            let path = "/api/v1/subscriptions/billing/pause"
            let form = try await request(path, port: port, method: "POST", headers: ["Content-Type: text/plain"], body: "{}")
            #expect(form.status == 415)
            let large = try await request(path, port: port, method: "POST", headers: [json], body: String(repeating: " ", count: 65537))
            #expect(large.status == 413)
            let get = try await request(path, port: port)
            #expect(get.status == 405)
            #expect(get.head.contains("allow: post"))
            let lines = try await request("/api/v1/topics", port: port, headers: (0..<200).map { "X-\($0): a" })
            #expect(lines.status == 400)
        }
    }

    @Test func `to register a subscription is checked as a manifest is, and answered with what became of it`() async throws {
        let source = FixedSource()
        try await serving(source) { port in
            func put(_ body: String?, name: String = "acme", query: String = "") async throws -> (status: Int, body: String) {
                let reply = try await request("/api/v1/subscriptions/\(name)\(query)", port: port, method: "PUT", headers: [json], body: body)
                return (reply.status, reply.body)
            }
            let right = #"{"topic":"shop.orders","endpoint":"https://acme.example/hook","signing":"none"}"#
            let trial = try await put(right, query: "?dryRun=true")
            #expect(trial.status == 200 && trial.body.contains(#""outcome":"created","dryRun":true,"warnings":[]"#))
            #expect(source.registered == [])
            let done = try await put(right, query: "?reason=new+customer")
            #expect(done.status == 201 && done.body.contains(#""outcome":"created","dryRun":false"#) && done.body.contains(#""replicas":2"#))
            #expect(source.registered == ["acme by operator@127.0.0.1: new customer"])
            let wrong = try await put(#"{"topic":"shop.orders","endpoint":"https://acme.example/hook","delivery":{"maxInFlight":0,"timeot":"1s"}}"#)
            #expect(wrong.status == 422)
            #expect(wrong.body.contains(#"{"in":"body","pointer":"/delivery/maxInFlight","detail":"must be between 1 and 65536, not \"0\""}"#))
            #expect(wrong.body.contains(#""pointer":"/delivery/timeot","detail":"unknown key; did you mean \"timeout\"?""#))
            #expect(try await put(right, name: "billing").status == 409)
            #expect(try await put("", name: "acme").status == 400)
            #expect(try await put("\u{22}", name: "acme").status == 422)
            for (name, status) in [("acme", 204), ("billing", 409), ("nobody", 404)] {
                #expect(try await request("/api/v1/subscriptions/\(name)?reason=x", port: port, method: "DELETE").status == status)
            }
            #expect(source.registered.last == "no acme by operator@127.0.0.1: x")
        }
    }

    @Test func `for a test is told how it was taken`() async throws {
        let source = FixedSource()
        try await serving(source) { port in
            func test(_ body: String, name: String = "billing") async throws -> (status: Int, body: String) {
                let reply = try await request("/api/v1/subscriptions/\(name)/test", port: port, method: "POST", headers: [json], body: body)
                return (reply.status, reply.body)
            }
            let made = try await test(#"{"type":"order.paid"}"#)
            #expect(made.status == 200)
            #expect(made.body == #"""
                {"subscription":"billing","accepted":false,"result":"refused","status":418,"errorKind":"http","message":"the endpoint answered 418","milliseconds":7}

                """#)
            #expect(try await test(#"{"event":{"id": 7, "data":[1.0]}}"#).status == 200)
            #expect(try await test("{}", name: "unknown").status == 404)
            let both = try await test(#"{"event":{},"type":"x"}"#)
            #expect(both.status == 400 && both.body.contains(#""pointer":"/type""#))
            let list = try await test(#"{"event":[]}"#)
            #expect(list.status == 400 && list.body.contains("must be a JSON object"))
            #expect(source.tested == ["order.paid", #"{"id": 7, "data":[1.0]}"#])
        }
    }

    @Test(arguments: [
        (#"{"topic":"shop.orders","value":"7","headers":{"a":"b"}}"#, 200, #"{"event":{"value":"7","headers":"a=b"},"#),
        (#"{"topic":"shop.orders","value":"7","headers":{"a":1}}"#, 400, #""pointer":"/headers","detail":"must be an object of at most 100 texts""#),
        (#"{"topic":"shop.orders"}"#, 400, #""pointer":"/value","detail":"is missing""#),
        (#"{"topic":"shop.other","value":"7"}"#, 404, "no manifest for topic"),
    ])
    func `asks what would become of an event`(body: String, status: Int, expected: String) async throws {
        try await serving(FixedSource()) { port in
            let reply = try await request("/api/v1/explain", port: port, method: "POST", headers: [json], body: body)
            #expect(reply.status == status)
            #expect(reply.body.contains(expected))
            let configuration = try await request("/api/v1/configuration", port: port)
            #expect(configuration.body.contains(#""problems":[{"severity":"error","file":"topics/orders.yaml","line":3,"column":5,"path":"owner","#))
        }
    }

    @Test func `changes what it says`() async throws {
        let source = FixedSource()
        try await serving(source) { port in
            func post(_ verb: String, _ body: String?, name: String = "billing") async throws -> Int {
                try await request(
                    "/api/v1/subscriptions/\(name)/\(verb)", port: port, method: "POST", headers: body == nil ? [] : [json], body: body
                ).status
            }
            for (verb, body) in [("pause", nil), ("resume", "{}"), ("resume", #"{"fromNow":true}"#), ("seek", #"{"to":"0=5,1=7","reason":"again"}"#)] {
                let status = try await post(verb, body)
                #expect(status == 200)
            }
            #expect(source.changed.map(\.change) == [.pause, .resume(fromNow: false), .resume(fromNow: true), .seek(to: .offsets([0: 5, 1: 7]))])
            #expect(source.changed.map(\.by).allSatisfy { $0 == "operator@127.0.0.1" })
            let unknown = try await post("pause", nil, name: "unknown")
            #expect(unknown == 404)
            source.refuse(.impossible("there is no partition 6"))
            let impossible = try await post("seek", #"{"to":"6=5"}"#)
            #expect(impossible == 409)
            source.refuse(.unavailable("the bridge is starting"))
            let unavailable = try await post("pause", nil)
            #expect(unavailable == 503)
        }
    }
}

@Suite struct `A list` {
    @Test func `comes in pieces, and can be narrowed`() async throws {
        try await serving(FixedSource()) { port in
            let first = try await request("/api/v1/subscriptions?limit=1", port: port).body
            #expect(first.contains(#""name":"billing""#) && !first.contains(#""name":"shipping""#) && first.contains(#""next":"billing""#))
            let second = try await request("/api/v1/subscriptions?limit=1&after=billing", port: port).body
            #expect(second.contains(#""name":"shipping""#) && !second.contains(#""name":"billing""#) && !second.contains("next"))
            let open = try await request("/api/v1/subscriptions?state=circuit-open", port: port).body
            #expect(open.contains(#""name":"shipping""#) && !open.contains(#""name":"billing""#))
            let none = try await request("/api/v1/subscriptions?topic=shop.orders&owner=nobody", port: port).body
            #expect(none == #"{"subscriptions":[]}"# + "\n")
        }
    }
}
