import EventLoop
import EventModel
import HTTPTransport
import Logging
import Spans
import Synchronization

/// Sends the spans of a process to a collector, from a thread of its own.
///
/// Nothing waits for it, and nothing depends on it. What the collector does not take, and what does not fit into the queue
/// meanwhile, is dropped and counted.
package final class SpanExporter: Sendable {
    struct Counts: Sendable {
        var exported: UInt64 = 0
        var dropped: UInt64 = 0
    }

    private struct Batch {
        var spans: [[UInt8]]
        var count: Int
    }

    private struct State {
        /// As shards handed them over.
        var queue: [(spans: [UInt8], count: Int)] = []
        var bytes = 0
        var counts = Counts()
        var signal: Signal?
        var end: Instant?
    }

    private let url: String
    private let http: BlockingRequest
    private let request: TraceRequest
    private let log: Logger
    private let state = Mutex(State())

    /// Bytes of spans that wait.
    private static let room = 8 << 20
    /// Bytes of spans in one request, about: proxies before collectors often take a MiB.
    private static let mostBytes = 512 << 10
    /// Before a batch is tried again; after the last one it is dropped.
    private static let pauses: [TimeSpan] = [.seconds(1), .seconds(4)]
    /// At the end, for what is not sent yet.
    private static let patience = TimeSpan.seconds(3)
    /// Between two lines about losses.
    private static let silence = TimeSpan.minutes(1)

    /// Nil: no collector is configured.
    init?(_ configuration: BridgeConfiguration, log: Logger) {
        guard let url = configuration.tracing.otlp else { return nil }
        self.url = Self.tracesURL(of: url)
        var http = BlockingRequest()
        http.headers = ["Content-Type: application/x-protobuf", "User-Agent: fanfare/\(fanfareVersion)", "Expect:"]
        for header in configuration.tracing.headers { http.headers.append("\(header.name): \(header.value)") }
        http.caFile = configuration.tracing.ca
        http.timeoutMilliseconds = 3000
        self.http = http
        request = TraceRequest(group: configuration.group, instance: HostName.current, version: fanfareVersion)
        self.log = log
    }

    /// What the specification of OTLP/HTTP adds to the URL of a collector; one with a path of its own is meant as it stands.
    package static func tracesURL(of url: String) -> String {
        let rest = url.firstRange(of: "://").map { url[$0.upperBound...] } ?? url[...]
        guard let slash = rest.firstIndex(of: "/") else { return url + "/v1/traces" }
        return rest[slash...] == "/" ? url + "v1/traces" : url
    }

    var counts: Counts { state.withLock { $0.counts } }

    /// Copies them. Any thread's; never waits.
    func take(_ spans: UnsafeRawBufferPointer, count: Int) {
        let spans = Array(spans)
        let signal = state.withLock { state in
            guard state.bytes + spans.count <= Self.room, state.end == nil else {
                state.counts.dropped += UInt64(count)
                return nil as Signal?
            }
            state.queue.append((spans: spans, count: count))
            state.bytes += spans.count
            return state.signal
        }
        signal?.wake()
    }

    func start() -> WorkerThread {
        WorkerThread(name: "spans") {
            do {
                let loop = try EventLoop()
                self.state.withLock { $0.signal = loop.signal }
                self.run(loop)
            } catch {
                self.log.error("no spans are exported", metadata: ["reason": "\(error)"])
            }
            self.state.withLock { $0.signal = nil }
        }
    }

    /// Its thread ends soon: what is not sent within seconds is dropped.
    func close() {
        let signal = state.withLock { state in
            state.end = Clock.moment().instant + Self.patience
            return state.signal
        }
        signal?.wake()
    }

    // MARK: The thread

    private func run(_ loop: EventLoop) {
        var nextLine = Instant(nanoseconds: 0)
        while true {
            guard let batch = nextBatch() else {
                if state.withLock({ $0.end }) != nil { return }
                loop.run(until: Instant.distantFuture.nanoseconds)
                continue
            }
            guard let reason = send(batch, loop) else {
                state.withLock { $0.counts.exported += UInt64(batch.count) }
                continue
            }
            state.withLock { $0.counts.dropped += UInt64(batch.count) }
            let now = Clock.moment().instant
            if now >= nextLine {
                nextLine = now + Self.silence
                log.warning(
                    "spans are dropped; deliveries do not wait for them",
                    metadata: ["reason": "\(reason)", "dropped": "\(counts.dropped)", "help": "see tracing.otlp"])
            }
        }
    }

    private func nextBatch() -> Batch? {
        state.withLock { state in
            guard !state.queue.isEmpty else { return nil }
            var count = 1
            var bytes = state.queue[0].spans.count
            while count < state.queue.count, bytes + state.queue[count].spans.count <= Self.mostBytes {
                bytes += state.queue[count].spans.count
                count += 1
            }
            let taken = state.queue.prefix(count)
            state.queue.removeFirst(count)
            state.bytes -= bytes
            return Batch(spans: taken.map(\.spans), count: taken.reduce(0) { $0 + $1.count })
        }
    }

    /// - Returns: why it was not taken; nil if it was.
    private func send(_ batch: Batch, _ loop: EventLoop) -> String? {
        let body = request.body(batch.spans)
        var pauses = Self.pauses[...]
        while true {
            let end = state.withLock { $0.end }
            var http = http
            if let end {
                let left = (end - Clock.moment().instant).nanoseconds / 1_000_000
                guard left > 0 else { return "the process ends" }
                http.timeoutMilliseconds = min(http.timeoutMilliseconds, Int(left))
            }
            let reason: String
            do throws(BlockingRequest.Failure) {
                let status = try http.response(of: url, body: body).status
                if (200..<300).contains(status) { return nil }
                reason = "the collector answered \(status)"
                // https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes
                guard [429, 502, 503, 504].contains(status) else { return reason }
            } catch {
                reason = "the collector does not answer: \(error)"
            }
            guard let pause = pauses.popFirst(), end == nil else { return reason }
            let until = Clock.moment().instant + pause
            while state.withLock({ $0.end }) == nil, Clock.moment().instant < until { loop.run(until: until.nanoseconds) }
        }
    }
}
