import EventFormats
package import EventModel

/// Which of the traces that begin here are recorded: the same ones on all replicas.
package struct TraceSample: Sendable {
    private let limit: UInt64?

    /// - Parameter share: from 0 to 1.
    package init(_ share: Double) { limit = share >= 1 ? nil : UInt64(max(0, share) * 0x1p64) }

    package func contains(_ id: TraceID) -> Bool { limit.map { id.low < $0 } ?? true }
}

/// An event on its way to one subscription, in its trace.
///
/// All ids are derived from where the event stands in Kafka, and nothing of them is kept: whoever makes the next attempt, on
/// whatever replica, comes to the same trace.
package struct TracedEvent: Sendable {
    /// Spans that an event has, each in its number.
    package enum Step: Int64 { case consume, route, attempt, settle }

    package let traceID: TraceID
    /// The producer's span; nil where the trace begins here.
    package let producer: SpanID?
    package let isSampled: Bool
    private let flags: UInt8
    private let base: StableHash
    private let isAskedFor: Bool

    /// - Parameters:
    ///   - view: shows the event as it stood in its topic.
    ///   - subscription: with its group, which may have several bridges.
    ///   - asked: when an operator asked for it again, in milliseconds; 0 for what nobody did. Its spans are others then.
    package init(_ view: RecordView, group: String, subscription: String, asked: Int64, sample: TraceSample) {
        let source = Self.hashes(view)
        if let context = view.traceContext {
            traceID = context.traceID
            producer = context.span
            isSampled = context.isSampled
            flags = context.flags
        } else {
            traceID = TraceID(high: source.0.value, low: source.1.value)
            producer = nil
            isSampled = sample.contains(traceID)
            flags = isSampled ? 1 : 0
        }
        var base = source.0
        base.add(Int64(bitPattern: traceID.low))
        base.add(group)
        base.add(subscription)
        base.add(asked)
        self.base = base
        isAskedFor = asked != 0
    }

    /// Of what begins with a record of the retry topic: the span of the event's own record. What an operator asks for again has none.
    package var parentOfRetries: SpanID? { isAskedFor ? producer : span(.consume) }

    /// The key too: windows have one record each where their events have several.
    private static func hashes(_ view: RecordView) -> (StableHash, StableHash) {
        var hash = StableHash()
        hash.add(view.topic)
        hash.add(Int64(view.partition))
        hash.add(view.offset)
        hash.add(view.timestamp.milliseconds)
        if let key = view.key { hash.add(key) }
        // Half an id each: what the first sums up, and the same beside another beginning.
        var other = StableHash(seed: 0x9E37_79B9_7F4A_7C15)
        other.add(Int64(bitPattern: hash.value))
        other.add(view.offset)
        other.add(view.topic)
        return (hash, other)
    }

    /// - Parameters:
    ///   - first: tells spans of one step apart.
    ///   - second: the same.
    package func span(_ step: Step, _ first: Int64 = -1, _ second: Int64 = -1) -> SpanID {
        var hash = base
        hash.add(step.rawValue)
        hash.add(first)
        hash.add(second)
        return max(1, hash.value)
    }

    /// What a request says of itself.
    package func context(of span: SpanID) -> TraceContext { TraceContext(traceID: traceID, span: span, flags: flags) }
}

extension RecordView {
    /// Of the first header by that name, if it is one.
    package var traceContext: TraceContext? {
        headers.first { $0.name.elementsEqual("traceparent".utf8) }?.value.flatMap { TraceContext($0) }
    }
}
