import BridgeRuntime
import EventFormats
import EventModel
import Filters
import Glibc
import HTTPTransport
import Signing

/// Events of 1 KiB become requests.
struct RequestStage {
    private let pool: EventPool
    private let writer: RequestWriter
    private let now = WallTime(milliseconds: 1_777_622_405_250)

    /// - Parameter mapping: for records that are no CloudEvents; nil: they are.
    init(_ format: PayloadFormat, isSigned: Bool = false, mapping: EventMapping? = nil) throws {
        pool = try EventPool(Workload(kind: .mixed, count: 1000), events: 200, size: 1024, arePlain: mapping != nil)
        let secrets = isSigned ? [try StandardWebhooks.Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")] : []
        writer = RequestWriter(
            decoder: EventDecoder(topic: "shop.orders", mapping: mapping ?? EventMapping()), format: format, templates: nil,
            signer: isSigned ? StandardSigner(secrets: secrets) : nil)
    }

    func run(_ events: Int) throws {
        var slots = RequestSlots()
        var ids = TraceIDs(seed: 1)
        for index in 0..<events {
            let slot = slots.begin(0)
            let body = try writer.writeEvent(pool.records[index % pool.records.count], attempt: 1, at: now, &ids, into: slot)
            precondition(body.count > 500 && slot.headers.count > 100)
            slots.end(0)
        }
    }

    /// Of 100 each.
    func runBatches(_ events: Int) throws {
        var slots = RequestSlots()
        for first in stride(from: 0, to: events, by: 100) {
            let slot = slots.begin(0)
            var batch = RequestWriter.Batch(writer, into: slot)
            for index in first..<first + 100 { try batch.append(pool.records[index % pool.records.count]) }
            let body = batch.finish(attempt: 1, at: now)
            precondition(body.count > 90_000)
            slots.end(0)
        }
    }
}

/// A thousand filters of all kinds, of which an event matches about one of each.
func matchStage(_ events: Int) throws {
    let workload = Workload(kind: .mixed, count: 1000)
    let pool = try EventPool(workload, events: 200, size: 1024)
    let matcher = TopicMatcher()
    matcher.install(workload.filters())
    var matches = ContiguousArray<Int32>()
    var found = 0
    for index in 0..<events {
        matches.removeAll(keepingCapacity: true)
        matcher.match(pool.events[index % pool.events.count], into: &matches)
        found += matches.count
    }
    precondition(found > 0)
}

/// The head of a request, and what nginx answers.
func httpStage(_ events: Int) {
    let beginning = Array("POST /hook HTTP/1.1\r\nHost: billing.example.com\r\n".utf8)
    let headers = Array(
        """
        webhook-id: order-4711\0content-type: application/cloudevents+json; charset=utf-8\0\
        traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\0webhook-timestamp: 1777622405\0fanfare-attempt: 1\0
        """.utf8)
    let end = Array("fanfare-subscription: billing\r\nuser-agent: fanfare\r\nContent-Length: ".utf8)
    let answer = Array("HTTP/1.1 204 No Content\r\nServer: nginx/1.22.1\r\nDate: Fri, 01 May 2026 08:00:05 GMT\r\nConnection: keep-alive\r\n\r\n".utf8)
    var head = RequestHead()
    var parser = AnswerParser(maximumBody: 64 << 10)
    let kept: [String] = []
    for _ in 0..<events {
        beginning.withUnsafeBytes { beginning in
            headers.withUnsafeBytes { headers in
                end.withUnsafeBytes { head.write(beginning: beginning, headers: headers, end: $0, bodyCount: 1024) }
            }
        }
        parser.begin(keeping: kept, body: 0)
        let step = answer.withUnsafeBytes { parser.take($0) }
        precondition(step == .complete && parser.status == 204 && parser.keepsConnection && head.count > 200)
    }
    head.deallocate()
}
