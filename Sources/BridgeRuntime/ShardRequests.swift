import DeliveryCore
import EventFormats
import EventModel
import HTTPTransport
import KafkaClient
import Signing

/// Memory of one request, reused by the next one of the same index.
struct RequestSlot {
    let headers = ByteWriter(capacity: 512)
    let body = ByteWriter(capacity: 1024)
}

// Attempts: from a delivery to a signed request, and from its end back to the engine.
extension Shard: HTTPTransportDelegate {
    /// What a slot keeps of a body that was larger.
    private static let keptBody = 64 << 10

    func startRequest(_ id: DeliveryID) {
        let delivery = core.delivery(id)
        while slots.count <= id.index { slots.append(RequestSlot()) }
        guard let outlet = outlets[delivery.subscription.index], let endpoint = outlet.endpoint, outlet.problem.isEmpty else {
            let reason = outlets[delivery.subscription.index]?.problem ?? "the subscription was removed"
            return step(.attemptEnded(id, AttemptOutcome(failure: .egressDenied, message: reason), duration: .zero))
        }
        let slot = slots[id.index]
        slot.headers.removeAll(keepingCapacity: true)
        slot.body.removeAll(keepingAtMost: Self.keptBody)
        do throws(PoisonReason) {
            let body = outlet.policy.batch == nil
                ? try writeEvent(delivery, outlet, slot) : try writeBatch(delivery, outlet, slot)
            transport.send(endpoint: endpoint, token: id.index, headers: slot.headers.bytes, body: body)
        } catch {
            step(.attemptEnded(id, AttemptOutcome(failure: .poison, message: error.message), duration: .zero))
        }
    }

    /// One event: its body is the record's own bytes wherever the payload format allows.
    private func writeEvent(_ delivery: Delivery, _ outlet: Outlet, _ slot: RequestSlot) throws(PoisonReason) -> UnsafeRawBufferPointer {
        let record = fillView(core.item(0, of: delivery), outlet)
        let event = try outlet.route.decoder.decode(view)
        let start = beginID(slot.headers)
        WebhookID.append(event.id, to: slot.headers)
        let idLength = slot.headers.count - start
        slot.headers.append(0)
        let body: UnsafeRawBufferPointer
        switch PayloadEncoder.encode(event, of: view, format: outlet.policy.payload, body: slot.body, headers: slot.headers) {
        case .written: body = slot.body.bytes
        case .view(let bytes): body = bytes
        }
        appendTrace(record, to: slot.headers)
        finishHeaders(delivery, outlet, slot.headers, id: start, idLength, body)
        return body
    }

    private func writeBatch(_ delivery: Delivery, _ outlet: Outlet, _ slot: RequestSlot) throws(PoisonReason) -> UnsafeRawBufferPointer {
        var encoder = BatchEncoder(format: outlet.policy.payload, body: slot.body)
        var digest = BatchID()
        for i in 0..<delivery.count {
            _ = fillView(core.item(i, of: delivery), outlet)
            let event = try outlet.route.decoder.decode(view)
            digest.add(event.id)
            try encoder.append(event)
        }
        let start = beginID(slot.headers)
        slot.headers.append(upTo: BatchID.length) { digest.finish(into: $0) }
        slot.headers.append(0)
        encoder.finish(headers: slot.headers)
        let body = slot.body.bytes
        finishHeaders(delivery, outlet, slot.headers, id: start, BatchID.length, body)
        return body
    }

    private func beginID(_ headers: ByteWriter) -> Int {
        headers.append("webhook-id: " as StaticString)
        return headers.count
    }

    private func finishHeaders(
        _ delivery: Delivery, _ outlet: Outlet, _ headers: ByteWriter, id start: Int, _ length: Int, _ body: UnsafeRawBufferPointer
    ) {
        let seconds = moment.wall.milliseconds / 1000
        headers.append("webhook-timestamp: " as StaticString)
        headers.append(decimal: seconds)
        headers.append(0)
        headers.append("fanfare-attempt: " as StaticString)
        headers.append(decimal: Int64(delivery.attempt))
        headers.append(0)
        guard let signer = outlet.signer else { return }
        headers.append("webhook-signature: " as StaticString)
        // Room first: the id is read from this buffer while the signature is written to it.
        headers.reserve(signer.signatureLength + 2)
        let id = UnsafeRawBufferPointer(rebasing: headers.bytes[start..<start + length])
        headers.append(upTo: signer.signatureLength + 1) { signer.sign(id: id, timestamp: seconds, body: body, into: $0) }
        headers.append(0)
    }

    /// W3C trace context: passed through where the producer sent one, started here otherwise.
    private func appendTrace(_ record: KafkaRecord, to headers: ByteWriter) {
        var hasParent = false
        for header in view.headers {
            guard let value = header.value, !value.isEmpty, value.count <= 512, value.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else { continue }
            if header.name.elementsEqual("traceparent".utf8), !hasParent {
                hasParent = true
                headers.append("traceparent: " as StaticString)
            } else if header.name.elementsEqual("tracestate".utf8) {
                headers.append("tracestate: " as StaticString)
            } else {
                continue
            }
            headers.append(value)
            headers.append(0)
        }
        guard !hasParent else { return }
        headers.append("traceparent: 00-" as StaticString)
        headers.append(hex: traceIDs.next())
        headers.append(hex: traceIDs.next())
        headers.append(UInt8(ascii: "-"))
        headers.append(hex: traceIDs.next())
        headers.append("-00\0" as StaticString)
    }

    /// Points the shared view at an event's record; a retry record reads as its original did.
    func fillView(_ item: ItemView, _ outlet: Outlet) -> KafkaRecord {
        let record = KafkaRecord(bits: item.token.bits)
        fillView(record, topic: outlet.policy.topic)
        if item.isRetryRecord {
            let headers = RetryHeaders(record)
            view.partition = headers.partition ?? view.partition
            view.offset = headers.offset ?? view.offset
            view.timestamp = item.created
        }
        return record
    }

    func requestCompleted(_ token: Int, _ result: borrowing HTTPResult) {
        moment = Clock.moment()
        var outcome = AttemptOutcome(status: result.status, directive: AttemptOutcome.Directive(result.directive))
        if result.failure != .none || !(200..<300).contains(result.status) {
            outcome.failure = FailureKind(result.failure)
            outcome.connectionRefused = result.connectionRefused
            outcome.message = result.failure == .none ? "the endpoint answered \(result.status)" : result.message
            switch result.retryAfter {
            case .seconds(let seconds): outcome.retryAfter = .seconds(min(seconds, 1 << 30))
            case .date(let date): outcome.retryAfter = .milliseconds(max(0, min(date, 1 << 40) * 1000 - moment.wall.milliseconds))
            case nil: break
            }
        }
        step(.attemptEnded(DeliveryID(index: token), outcome, duration: TimeSpan(nanoseconds: result.duration)))
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
    fileprivate init?(_ failure: HTTPResult.Failure) {
        switch failure {
        case .none: return nil
        case .network, .cancelled: self = .network
        case .timeout: self = .timeout
        case .tls: self = .tls
        case .egressDenied: self = .egressDenied
        }
    }
}

extension ByteWriter {
    /// 16 hexadecimal digits.
    fileprivate func append(hex value: UInt64) {
        append(upTo: 16) { target in
            for i in 0..<16 {
                let digit = UInt8(truncatingIfNeeded: value >> UInt64(60 - 4 * i)) & 15
                target[i] = digit < 10 ? 0x30 + digit : 0x57 + digit
            }
            return 16
        }
    }
}
