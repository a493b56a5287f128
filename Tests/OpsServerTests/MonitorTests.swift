import Control
import DeliveryCore
import EventModel
import NIOCore
import OpsServer
import Synchronization
import Testing

@Suite struct `The monitor` {
    private func moment(_ seconds: Int64) -> Moment {
        Moment(instant: Instant(nanoseconds: seconds * 1_000_000_000), wall: WallTime(milliseconds: 1_700_000_200_000 + seconds * 1000))
    }

    @Test func `tells first everything and then what is different`() async throws {
        let source = FixedSource()
        let monitor = Monitor(source)
        monitor.look(at: moment(1))
        let listening = monitor.listen(close: {})
        var stream = try #require(listening).makeAsyncIterator()
        let snapshot = await stream.text()
        #expect(snapshot.hasPrefix("event: snapshot\ndata: {\"at\":\""))
        #expect(snapshot.contains(#""refusedProblems":1"#))
        #expect(snapshot.contains(#"{"name":"billing","topic":"shop.orders","#))
        #expect(snapshot.contains(#""name":"shipping","topic":"shop.orders","owner":"","state":"circuit-open""#))
        #expect(snapshot.hasSuffix("}\n\n"))

        source.become { core in
            core.subscriptions[0].counters.deliveries += 50
            core.subscriptions[1].circuit = .closed
            core.subscriptions[1].reason = ""
        }
        monitor.look(at: moment(6))
        let update = await stream.text()
        #expect(update.hasPrefix("event: update\n"))
        #expect(update.contains(#""subscription":"shipping","from":"circuit-open","to":"delivering""#))
        monitor.look(at: moment(7))
        let quiet = await stream.text()
        #expect(quiet.contains(#""changes":[]"#))

        _ = try await source.change(.pause, of: "billing", by: Attribution(by: "alice@10.1.2.3", at: moment(8).wall, reason: "they move"))
        source.become { $0.subscriptions.removeLast() }
        monitor.look(at: moment(8))
        let last = await stream.text()
        #expect(last.contains(#""from":"delivering","to":"paused","by":"alice@10.1.2.3","reason":"they move""#))
        #expect(last.contains(#""removed":["shipping"]"#))
    }

    @Test func `tells of a subscription that is refused, and of its way in and out of that`() async throws {
        let source = FixedSource(definitions: FixedSource.oneIsRefused)
        let monitor = Monitor(source)
        monitor.look(at: moment(1))
        let listening = monitor.listen(close: {})
        var stream = try #require(listening).makeAsyncIterator()
        let snapshot = await stream.text()
        #expect(snapshot.contains(#"{"name":"acme","topic":"shop.orders","owner":"team-acme","state":"refused""#))
        #expect(snapshot.contains(#""reason":"/signing/secrets/0: files cannot be referred to"#))
        // It may be that shards have not heard of it yet; that it delivers is not known.
        #expect(!snapshot.contains(#""name":"new""#))
        #expect(monitor.samples(of: "acme") != nil)

        source.define([:])
        source.become { $0.subscriptions.append(SubscriptionSnapshot(name: "acme", topic: "shop.orders")) }
        monitor.look(at: moment(2))
        let mended = await stream.text()
        #expect(mended.contains(#""subscription":"acme","from":"refused","to":"delivering""#))

        // What shards still show of it does not count.
        source.define(FixedSource.oneIsRefused)
        monitor.look(at: moment(3))
        let again = await stream.text()
        #expect(again.contains(#""subscription":"acme","from":"delivering","to":"refused","reason":"/signing/secrets/0"#))
    }

    @Test func `tells states that the console can show, each with a word, a rank and a shape of its own`() async throws {
        try await serving(FixedSource()) { port in
            let script = try await request("/console/health.js", port: port).body
            let (states, shapes) = (script.part(from: "const STATES = {", to: "};"), script.part(from: "const SHAPES = {", to: "};"))
            let document = try await request("/openapi.json", port: port).body
            let words = String(document.part(from: #""SubscriptionFigures":{"#, to: #""since":{"#)).part(from: #""state":{"type":"string","enum":["#, to: "]").split(separator: ",")
            #expect(words.contains(#""refused""#) && words.count == states.split(separator: "\n").count)
            for word in words {
                let key = word.contains("-") ? word : word.dropFirst().dropLast()
                #expect(states.contains("\n  \(key): {") && shapes.contains("\n  \(key): \""), "\(key)")
            }
        }
    }

    @Test func `cuts off who does not read and lets in only so many`() async throws {
        let monitor = Monitor(FixedSource())
        let cut = Mutex(0)
        var streams: [AsyncStream<ByteBuffer>] = []
        for _ in 0..<Monitor.mostListeners { if let stream = monitor.listen(close: { cut.withLock { $0 += 1 } }) { streams.append(stream) } }
        #expect(streams.count == Monitor.mostListeners)
        let oneMore = monitor.listen(close: {})
        #expect(oneMore == nil)
        for second in 1...20 { monitor.look(at: moment(Int64(second))) }
        #expect(cut.withLock { $0 } == Monitor.mostListeners)
        // What they had is still read to its end, and their places are free.
        var messages = 0
        for await _ in streams[0] { messages += 1 }
        #expect(messages == 8)
        let next = monitor.listen(close: {})
        #expect(next != nil)
    }

    @Test func `keeps no place for a stream that is not read`() {
        let monitor = Monitor(FixedSource())
        for _ in 0..<Monitor.mostListeners * 2 {
            let isLetIn = monitor.listen(close: {}) != nil
            #expect(isLetIn)
        }
    }

    @Test func `keeps the last hour`() throws {
        let source = FixedSource()
        let monitor = Monitor(source)
        for sample in 0...400 {
            source.become { core in
                core.subscriptions[0].counters.deliveries += 20
                core.subscriptions[0].counters.attemptDuration.record(0.02)
            }
            monitor.look(at: moment(Int64(sample) * 10))
        }
        let history = try #require(monitor.samples(of: "billing"))
        #expect(history.count == 360)
        #expect(history.first?.at == moment(410).wall)
        #expect(history.last?.at == moment(4000).wall)
        #expect(history.allSatisfy { $0.delivered == 2 && $0.median > 0.01 && $0.median <= 0.025 })
        #expect(monitor.samples(of: "unknown") == nil)
    }

    @Test(arguments: [(0.5, 0.0175), (0.99, 0.02485), (0.0, 0.01)])
    func `tells times as exactly as the buckets are`(part: Double, expected: Double) {
        var histogram = Histogram(bounds: Histogram.durationBounds)
        histogram.record(3)
        let before = histogram.counts
        #expect(histogram.quantile(0.5, since: before) == nil)
        for _ in 0..<100 { histogram.record(0.02) }
        let found = histogram.quantile(part, since: before) ?? -1
        #expect(abs(found - expected) < 1e-9)
    }
}

extension String {
    fileprivate func part(from start: String, to end: String) -> Substring {
        guard let start = firstRange(of: start), let end = self[start.upperBound...].firstRange(of: end) else { return "" }
        return self[start.upperBound..<end.lowerBound]
    }
}

extension AsyncStream<ByteBuffer>.Iterator {
    fileprivate mutating func text() async -> String { await next().map { String(buffer: $0) } ?? "" }
}
