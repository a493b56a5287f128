import DeliveryCore
import EventFormats
import EventModel
import KafkaClient
import Spans
import Transforms

/// Writes one shard's spans, and hands them over now and then. An event has, for each record that brought it (its own, then those
/// of the retry topic), a span of when it was read, one of its wait for its subscription, one of each attempt, and one of what
/// settled it.
final class ShardTraces {
    private typealias Names = SemanticConventions

    /// An event of the attempt that is ending, with the record that brought it.
    private struct Item {
        var event: TracedEvent
        var token: RecordToken
        var partition: Int32
        var offset: Int64
        var isRetryRecord: Bool
        /// It is the first attempt since the record was read, and its spans are still to come.
        var isFirst: Bool
        /// Of the record.
        var created: Int64
        var arrived: Int64
        /// Attempts with this one.
        var attempts: Int
        var route: SpanID { event.span(.route, Int64(partition), offset) }
    }

    private let exporter: SpanExporter
    private let sample: TraceSample
    private let group: String
    private let retryTopic: String
    private let spans = SpanWriter(capacity: 64 << 10)
    private var origins: [TraceOrigin?] = []
    private var items: ContiguousArray<Item> = []
    private var origin: TraceOrigin?
    /// By diversion: where to, and when it was produced last.
    private var diversions: [(topic: String, at: WallTime)?] = []

    /// Bytes that are handed over before their time.
    private static let full = 256 << 10

    init(_ plan: (exporter: SpanExporter, sample: TraceSample), _ shard: ShardPlan) {
        exporter = plan.exporter
        sample = plan.sample
        group = shard.group
        retryTopic = shard.core.retryTopic
    }

    func handOver() {
        guard spans.count > 0 else { return }
        exporter.take(spans.bytes, count: spans.count)
        spans.removeAll()
    }

    private func handOverIfFull() { if spans.bytes.count >= Self.full { handOver() } }

    /// The manifests have changed.
    func forgetOrigins() { origins.removeAll() }

    func origin(of id: SubscriptionID, _ outlet: Outlet) -> TraceOrigin {
        while origins.count <= id.index { origins.append(nil) }
        if let known = origins[id.index] { return known }
        let made = TraceOrigin(
            outlet.policy, isTemplate: outlet.writer.templates?.sampleURL != nil, group: group, retryTopic: retryTopic)
        origins[id.index] = made
        return made
    }

    /// - Parameter view: shows the item as it stood in its topic.
    func event(_ view: RecordView, _ item: ItemView, _ policy: Subscription) -> TracedEvent {
        let asked = item.isRetryRecord ? RetryHeaders(KafkaRecord(bits: item.token.bits)).asked ?? 0 : 0
        return TracedEvent(view, group: group, subscription: policy.manifestName, asked: asked, sample: sample)
    }

    // MARK: An attempt's end

    func begin(_ origin: TraceOrigin?) {
        self.origin = origin
        items.removeAll(keepingCapacity: true)
    }

    func add(_ item: ItemView, _ event: TracedEvent, partition: Int32, at now: Moment) {
        let record = KafkaRecord(bits: item.token.bits)
        let arrived = now.nanoseconds(at: item.arrived)
        // Producers may write any timestamp: not every one is a time in nanoseconds too.
        let hasPast = record.timestamp >= 0 && record.timestamp <= arrived / 1_000_000
        let created = hasPast ? record.timestamp * 1_000_000 : arrived
        let before = item.isRetryRecord ? RetryHeaders(record).attempts ?? 0 : 0
        items.append(
            Item(
                event: event, token: item.token, partition: partition, offset: item.offset, isRetryRecord: item.isRetryRecord,
                isFirst: item.attempts == before, created: created, arrived: arrived, attempts: item.attempts + 1))
    }

    func write(_ outcome: AttemptOutcome, _ ending: AttemptEnding, _ draft: TraceDraft, duration: TimeSpan, at now: Moment) {
        guard let result = ending.result, let origin, let context = draft.context, draft.isSampled else { return }
        let start = now.nanoseconds(at: draft.sent ?? now.instant)
        let end = start + duration.nanoseconds
        let isBatch = draft.isBatch
        for item in items where item.event.isSampled && item.isFirst { writeWay(of: item, origin, draft, until: start, batch: isBatch ? context : nil) }
        var place = 0
        let next = isBatch ? nil : ending.step(of: items[0].token, from: &place)
        spans.write(
            origin.attempt.name, .client, context, parent: isBatch ? nil : items[0].route, start: start, end: end
        ) {
            $0.add(draft.sent == nil ? origin.route.attributes : origin.attempt.attributes)
            $0.add(draft.server.bytes)
            describe(outcome, result, draft, $0)
            if let next { $0.add(Names.Fanfare.next, next.name) }
            guard isBatch else { return }
            $0.add(Names.Messaging.batchMessageCount, items.count)
            for item in items where item.event.isSampled { $0.link(item.event.context(of: item.route)) }
        }
        for item in items where item.event.isSampled {
            guard let step = ending.step(of: item.token, from: &place), step == .delivered || step == .dropped else { continue }
            let event = item.event
            spans.write(
                origin.settle.name, .inner, event.context(of: event.span(.settle, Int64(item.partition), item.offset)),
                parent: isBatch ? item.route : context.span, start: end, end: end
            ) {
                $0.add(origin.settle.attributes)
                $0.add(Names.Fanfare.outcome, step.name)
                if isBatch { $0.link(context) }
            }
        }
        handOverIfFull()
    }

    private func describe(_ outcome: AttemptOutcome, _ result: AttemptEnding.Result, _ draft: TraceDraft, _ span: SpanWriter) {
        let attempt = items.reduce(0) { max($0, $1.attempts) }
        span.add(Names.Fanfare.attempt, attempt)
        if attempt > 1 { span.add(Names.HTTP.requestResendCount, attempt - 1) }
        span.add(Names.Fanfare.result, result.rawValue)
        if !draft.webhookID.isEmpty { span.add(Names.Messaging.messageID, draft.webhookID.bytes) }
        if outcome.status > 0 { span.add(Names.HTTP.responseStatusCode, outcome.status) }
        guard result != .success else { return }
        span.add(Names.errorType, outcome.failure?.rawValue ?? String(outcome.status))
        span.fail(DivertedRecord.oneLine(outcome.message))
    }

    /// How it came here.
    private func writeWay(of item: Item, _ origin: TraceOrigin, _ draft: TraceDraft, until start: Int64, batch: TraceContext?) {
        let event = item.event
        let part = item.isRetryRecord ? origin.consumeRetry : origin.consume
        let consumed = item.isRetryRecord ? event.span(.consume, Int64(item.partition), item.offset) : event.span(.consume)
        spans.write(
            part.name, .consumer, event.context(of: consumed), parent: item.isRetryRecord ? event.parentOfRetries : event.producer,
            start: item.created, end: item.arrived
        ) {
            $0.add(part.attributes)
            $0.add(Names.Messaging.destinationPartitionID, String(item.partition))
            $0.add(Names.Messaging.kafkaOffset, item.offset)
            if batch == nil, !draft.webhookID.isEmpty { $0.add(Names.Messaging.messageID, draft.webhookID.bytes) }
        }
        spans.write(origin.route.name, .inner, event.context(of: item.route), parent: consumed, start: item.arrived, end: start) {
            $0.add(origin.route.attributes)
            if let batch { $0.link(batch) }
        }
    }

    // MARK: Retry and dead-letter records

    func diverted(_ id: DiversionID, to topic: String, at now: WallTime) {
        while diversions.count <= id.index { diversions.append(nil) }
        diversions[id.index] = (topic: topic, at: now)
    }

    func write(_ diversion: DiversionView, _ id: DiversionID, _ event: TracedEvent, _ origin: TraceOrigin, partition: Int32, at now: WallTime) {
        guard event.isSampled, id.index < diversions.count, let produced = diversions[id.index] else { return }
        let attempt = diversion.attempts > 0 ? event.span(.attempt, Int64(diversion.attempts)) : event.producer
        spans.write(
            origin.settle.name, .producer, event.context(of: event.span(.settle, Int64(partition), diversion.item.offset)), parent: attempt,
            start: produced.at.nanoseconds, end: now.nanoseconds
        ) {
            $0.add(origin.settle.attributes)
            $0.add(Names.Messaging.system, Names.Messaging.kafka)
            $0.add(Names.Messaging.operationName, "settle")
            $0.add(Names.Messaging.operationType, Names.Messaging.send)
            $0.add(Names.Messaging.destinationName, produced.topic)
            $0.add(Names.Fanfare.attempt, diversion.attempts)
            switch diversion.target {
            case .retry(let lane, _):
                $0.add(Names.Messaging.destinationPartitionID, String(lane))
                $0.add(Names.Fanfare.outcome, "retry")
            case .deadLetter:
                $0.add(Names.Fanfare.outcome, "dead-letter")
                if let kind = diversion.kind { $0.add(Names.errorType, kind.rawValue) }
                $0.fail(DivertedRecord.oneLine(diversion.message))
            }
        }
        handOverIfFull()
    }
}

extension Shard {
    /// Before the engine knows that an attempt has ended, and its events go elsewhere.
    func noteSpans(_ delivery: Delivery, _ traces: ShardTraces, _ draft: TraceDraft) {
        // Most often none of its events is recorded.
        let isWritten = draft.events.count == delivery.count && draft.context != nil
        guard draft.isSampled || !isWritten, let outlet = outlets[delivery.subscription.index] else { return traces.begin(nil) }
        traces.begin(traces.origin(of: delivery.subscription, outlet))
        for i in 0..<delivery.count {
            let item = core.item(i, of: delivery)
            if i >= draft.events.count {
                // No request was written, or not of this event.
                fillView(item, outlet)
                draft.add(traces.event(view, item, outlet.policy))
            }
            traces.add(item, draft.events[i], partition: core.name(of: item.partition).partition, at: moment)
        }
        guard draft.context == nil else { return }
        if outlet.policy.batch == nil { draft.begin(attempt: delivery.attempt) } else { draft.beginBatch(&traceIDs) }
    }

    /// Kafka has acknowledged what becomes of an event.
    func writeSettlement(of id: DiversionID, _ traces: ShardTraces) {
        let diversion = core.diversion(id)
        guard let name = diversion.subscription, let outlet = outlets[name.index] else { return }
        fillView(diversion.item, outlet)
        traces.write(
            diversion, id, traces.event(view, diversion.item, outlet.policy), traces.origin(of: name, outlet),
            partition: core.name(of: diversion.item.partition).partition, at: moment.wall)
    }
}

extension Moment {
    /// Since 1970, of what was by the other clock: all times of one moment are in their order.
    fileprivate func nanoseconds(at instant: Instant) -> Int64 { wall.nanoseconds - (self.instant - instant).nanoseconds }
}

extension WallTime {
    fileprivate var nanoseconds: Int64 { milliseconds * 1_000_000 }
}
