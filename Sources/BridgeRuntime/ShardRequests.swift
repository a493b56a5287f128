import DeliveryCore
import EventFormats
import EventModel
import HTTPTransport
import KafkaClient
import Transforms

// Attempts: from a delivery to a signed request, and from its end back to the engine.
extension Shard: HTTPTransportDelegate {
    func startRequest(_ id: DeliveryID) {
        let delivery = core.delivery(id)
        if let outlet = outlets[delivery.subscription.index], let writer = outlet.repartition { return repartition(delivery, outlet, writer) }
        guard let outlet = outlets[delivery.subscription.index], let endpoint = outlet.endpoint, outlet.problem.isEmpty else {
            let reason = outlets[delivery.subscription.index]?.problem ?? "the subscription was removed"
            // It may have waited for something else, with its values here already.
            if !references.isEmpty { endReferences(id.index) }
            return endAttempt(id, AttemptOutcome(failure: .egressDenied, message: reason), duration: .zero)
        }
        guard hasReferredValues(delivery), hasSchemas(delivery, outlet), hasToken(id, outlet), hasConsent(id, outlet)
        else { return }
        let slot = slots.begin(id.index)
        do throws(PoisonReason) {
            let body = outlet.policy.batch == nil
                ? try writeEvent(delivery, outlet, slot) : try writeBatch(delivery, outlet, slot)
            appendToken(id, outlet, to: slot.headers)
            send(id, endpoint, outlet, headers: slot.headers.bytes, body: body)
        } catch {
            abandon(id, AttemptOutcome(failure: .poison, message: error.message))
        }
    }

    /// To the event's own URL, if the endpoint is a template.
    private func send(
        _ id: DeliveryID, _ endpoint: EndpointID, _ outlet: Outlet, headers: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer
    ) {
        let trace = slots.trace(of: id.index)
        trace?.sent = moment.instant
        guard let url = outlet.writer.templates?.lastURL else {
            return transport.send(endpoint: endpoint, token: id.index, headers: headers, body: body)
        }
        slots.receipt(of: id.index)?.host.append(ReceiptOrigin.host(of: url))
        if let trace { TraceOrigin.append(serverOf: url, to: trace.server) }
        do throws(EndpointError) {
            try transport.send(endpoint: endpoint, to: url, token: id.index, headers: headers, body: body)
        } catch {
            trace?.sent = nil
            abandon(id, AttemptOutcome(failure: .egressDenied, message: error.description))
        }
    }

    /// Ends an attempt whose request was not sent.
    private func abandon(_ id: DeliveryID, _ outcome: AttemptOutcome) {
        slots.end(id.index)
        outlets[core.delivery(id).subscription.index]?.tokens?.ended(id, isAccepted: false)
        if !references.isEmpty { endReferences(id.index) }
        endAttempt(id, outcome, duration: .zero)
    }

    /// Tells the engine that an attempt has ended, and those who keep records of attempts.
    func endAttempt(_ id: DeliveryID, _ outcome: AttemptOutcome, duration: TimeSpan) {
        let input = Input.attemptEnded(id, outcome, duration: duration)
        if log.tellsAttempts { tell(outcome, of: core.delivery(id), duration) }
        let receipt = slots.receipt(of: id.index)
        let trace = slots.trace(of: id.index)
        if receipt == nil, trace == nil { return step(input) }
        let delivery = core.delivery(id)
        let subscription = delivery.subscription
        if let receipts, let receipt { noteReceipt(delivery, receipts, receipt) }
        if let traces, let trace { noteSpans(delivery, traces, trace) }
        decide(input)
        // Before anything is done: that may begin another request in the same place.
        let origin = outlets[subscription.index]?.receiptOrigin ?? ReceiptOrigin(core.subscription(subscription))
        if let receipts, let receipt {
            receipts.write(outcome, core.ending, receipt, origin, duration: duration, at: moment.wall)
            receipt.begin()
        }
        if let traces, let trace {
            traces.write(outcome, core.ending, trace, duration: duration, at: moment)
            trace.begin()
        }
        performDecisions()
    }

    private func writeEvent(_ delivery: Delivery, _ outlet: Outlet, _ slot: RequestSlot) throws(PoisonReason) -> UnsafeRawBufferPointer {
        let item = core.item(0, of: delivery)
        fillView(item, outlet)
        if let traces, let trace = slot.trace {
            trace.add(traces.event(view, item, outlet.policy))
            trace.begin(attempt: delivery.attempt)
        }
        try judgeAgain(item, outlet)
        return try outlet.writer.writeEvent(
            view, attempt: delivery.attempt, replay: replay(item), at: moment.wall, &traceIDs, into: slot)
    }

    private func writeBatch(_ delivery: Delivery, _ outlet: Outlet, _ slot: RequestSlot) throws(PoisonReason) -> UnsafeRawBufferPointer {
        var batch = RequestWriter.Batch(outlet.writer, into: slot)
        for i in 0..<delivery.count {
            let item = core.item(i, of: delivery)
            fillView(item, outlet)
            if let traces, let trace = slot.trace { trace.add(traces.event(view, item, outlet.policy)) }
            try judgeAgain(item, outlet)
            try batch.append(view, replay: replay(item))
        }
        slot.trace?.beginBatch(&traceIDs)
        return batch.finish(attempt: delivery.attempt, at: moment.wall)
    }

    /// What an operator asks for again may have been rejected before, or never judged; a mere retry was accepted. The event of a
    /// window is our own.
    private func judgeAgain(_ item: ItemView, _ outlet: Outlet) throws(PoisonReason) {
        guard item.isRetryRecord, outlet.policy.window == nil, RetryHeaders(KafkaRecord(bits: item.token.bits)).asked != nil else { return }
        try outlet.route.judge(view)
    }

    /// The replay that an event belongs to: only our own records say so.
    private func replay(_ item: ItemView) -> UnsafeRawBufferPointer? {
        item.isRetryRecord ? RetryHeaders(KafkaRecord(bits: item.token.bits)).replay : nil
    }

    /// Points the shared view at an event's record; a retry record reads as its original did.
    func fillView(_ item: ItemView, _ outlet: Outlet) {
        let record = KafkaRecord(bits: item.token.bits)
        fillView(record, topic: outlet.policy.sourceTopic)
        if item.isRetryRecord || outlet.policy.sourceTopic != outlet.policy.topic {
            let headers = RetryHeaders(record)
            view.partition = headers.partition ?? view.partition
            view.offset = headers.offset ?? view.offset
            view.timestamp = headers.timestamp.map { WallTime(milliseconds: $0) } ?? item.created
            if !references.isEmpty, let original = references.value(of: item.token) { view.value = original.value }
        }
    }

    /// An event's id, for people to look for; the place of what is no event, which is what an event without an id of its own
    /// has for one.
    func eventID(_ item: ItemView, of id: SubscriptionID?) -> String {
        guard let id, let outlet = outlets[id.index] else {
            let name = core.name(of: item.partition)
            return "\(name.topic)-\(name.partition)-\(item.offset)"
        }
        fillView(item, outlet)
        guard let event = try? outlet.route.decoder.decode(view) else { return "\(view.topic)-\(view.partition)-\(view.offset)" }
        return String(decoding: event.id, as: UTF8.self)
    }

    func requestCompleted(_ token: Int, _ result: borrowing HTTPResult) {
        if token < 0 { return questionAnswered(token, result) }
        let id = DeliveryID(index: token)
        var outcome = AttemptOutcome(
            status: result.status, directive: AttemptOutcome.Directive(result.directive), failedEvents: failedEvents(of: id, result))
        slots.end(token)
        if !references.isEmpty { endReferences(token) }
        takeTime()
        if isTokenRefused(id, outlets[core.delivery(id).subscription.index], result) { return startRequest(id) }
        if result.failure != .none || !(200..<300).contains(result.status) {
            outcome.failure = FailureKind(result.failure)
            outcome.connectionRefused = result.connectionRefused
            outcome.message = result.failure == .none ? "the endpoint answered \(result.status)" : result.message
            switch result.retryAfter {
            case .seconds(let seconds): outcome.retryAfter = .seconds(min(seconds, 1 << 30))
            case .date(let date): outcome.retryAfter = .milliseconds(min(max(0, date * 1000 - moment.wall.milliseconds), 1 << 40))
            case nil: break
            }
        } else {
            if !outcome.failedEvents.isEmpty {
                outcome.message = "the endpoint answered \(result.status) and said that this event failed"
            }
            countDeprecated(core.delivery(id), failed: outcome.failedEvents.count)
        }
        endAttempt(id, outcome, duration: TimeSpan(nanoseconds: result.duration))
    }
}

extension Shard {
    /// Events delivered in a version that should no longer be used.
    private func countDeprecated(_ delivery: Delivery, failed: Int) {
        guard let outlet = outlets[delivery.subscription.index], let deprecated = outlet.deprecated, deprecated <= moment.wall else { return }
        deprecatedDeliveries.count(outlet.policy.name, max(0, delivery.count - failed))
    }
}

extension AttemptOutcome.Directive {
    fileprivate init(_ directive: HTTPResult.Directive) {
        switch directive {
        case .none: self = .none
        case .disable: self = .disable
        case .abortMessage: self = .abortMessage
        }
    }
}

extension FailureKind {
    /// Nil when there was an answer.
    init?(_ failure: HTTPResult.Failure) {
        switch failure {
        case .none: return nil
        case .network, .cancelled: self = .network
        case .timeout: self = .timeout
        case .tls: self = .tls
        case .egressDenied: self = .egressDenied
        }
    }
}
