import EventFormats
import EventModel
import Spans

/// What the spans of a request will say: memory of its slot, noted while the request is written.
package final class TraceDraft {
    private static let kept = 1 << 10

    /// In the order of the batch.
    private(set) var events: ContiguousArray<TracedEvent> = []
    /// The attempt's span; nil before it is known. A batch is a trace of its own, with links to those of its events.
    private(set) var context: TraceContext?
    /// Also of one event.
    private(set) var isBatch = false
    /// One of its events is recorded.
    private(set) var isSampled = false
    /// Nil: no request went out.
    var sent: Instant?
    let webhookID = ByteWriter(capacity: 48)
    /// Attributes of the event's own URL; empty where all events go to one.
    let server = ByteWriter(capacity: 16)

    package init() {}

    /// Forgets the last request.
    func begin() {
        events.removeAll(keepingCapacity: true)
        context = nil
        isBatch = false
        isSampled = false
        sent = nil
        webhookID.removeAll(keepingAtMost: Self.kept)
        server.removeAll()
    }

    func add(_ event: TracedEvent) {
        events.append(event)
        isSampled = isSampled || event.isSampled
    }

    /// Of the only event.
    func begin(attempt: Int) { context = events[0].context(of: events[0].span(.attempt, Int64(attempt))) }

    func beginBatch(_ ids: inout TraceIDs) {
        isBatch = true
        let trace = TraceID(high: ids.next(), low: ids.next())
        context = TraceContext(traceID: trace, span: max(1, ids.next()), flags: isSampled ? 1 : 0)
    }

    /// The headers of a request: the producer's as they are where it wants no spans.
    func append(to headers: ByteWriter, _ view: RecordView) {
        guard let context, let event = events.first else { return }
        if event.isSampled || event.producer == nil { append(context, to: headers) }
        // Without a trace that goes on, what stands there belongs to none.
        guard event.producer != nil else { return }
        RequestWriter.appendTrace(of: view, to: headers, parent: !event.isSampled)
    }

    /// The header of a batch; it has one only where there is a span.
    func append(to headers: ByteWriter) {
        if let context, isSampled { append(context, to: headers) }
    }

    private func append(_ context: TraceContext, to headers: ByteWriter) {
        headers.append("traceparent: " as StaticString)
        context.append(to: headers)
        headers.append(0)
    }
}
