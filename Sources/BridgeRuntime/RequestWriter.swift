package import EventFormats
package import EventModel
package import Signing
package import Transforms

/// Writes one subscription's requests: body, identification, trace context and signature. Headers go into the slot in the
/// form that `HTTPTransport.send` takes. Allocates nothing where the slot has room.
package struct RequestWriter {
    let decoder: EventDecoder
    let format: PayloadFormat
    /// Nil: events are sent as the topic carries them.
    let templates: RequestTemplates?
    /// Nil: unsigned.
    let signer: (any RequestSigner)?

    package init(decoder: EventDecoder, format: PayloadFormat, templates: RequestTemplates?, signer: (any RequestSigner)?) {
        self.decoder = decoder
        self.format = format
        self.templates = templates
        self.signer = signer
    }

    /// One event: its body is the record's own bytes wherever the payload format allows.
    ///
    /// - Parameter replay: the name of the replay that asked for it.
    /// - Returns: the body, in the slot or in the record.
    package func writeEvent(
        _ view: RecordView, attempt: Int, replay: UnsafeRawBufferPointer? = nil, at now: WallTime, _ traceIDs: inout TraceIDs, into slot: RequestSlot
    ) throws(PoisonReason) -> UnsafeRawBufferPointer {
        let event = try decoder.decode(view)
        slot.receipt?.add(event, view)
        let start = beginID(slot.headers)
        WebhookID.append(event.id, to: slot.headers)
        let idLength = slot.headers.count - start
        slot.headers.append(0)
        let body: UnsafeRawBufferPointer
        switch try encode(event, of: view, into: slot) {
        case .written: body = slot.body.bytes
        case .view(let bytes): body = bytes
        }
        if let trace = slot.trace { trace.append(to: slot.headers, view) } else { appendTrace(view, &traceIDs, to: slot.headers) }
        if let replay { Self.append(replay: replay, to: slot.headers) }
        finishHeaders(slot, id: start, idLength, body, attempt, now)
        return body
    }

    private func encode(_ event: Event, of view: RecordView, into slot: RequestSlot) throws(PoisonReason) -> PayloadEncoder.Body {
        guard let templates else {
            return PayloadEncoder.encode(event, of: view, format: format, body: slot.body, headers: slot.headers)
        }
        try templates.writeRest(of: event, headers: slot.headers)
        guard let payload = templates.payload else {
            return PayloadEncoder.encode(event, of: view, format: format, body: slot.body, headers: slot.headers)
        }
        return try payload.encode(event, of: view, format: format, body: slot.body, headers: slot.headers)
    }

    /// Several events: begin, append each, finish.
    package struct Batch {
        private var encoder: BatchEncoder
        private var digest = BatchID()
        private var hasReplay = false
        private let writer: RequestWriter
        private let slot: RequestSlot

        package init(_ writer: RequestWriter, into slot: RequestSlot) {
            encoder = BatchEncoder(format: writer.format, body: slot.body)
            self.writer = writer
            self.slot = slot
        }

        /// - Parameter replay: the name of the replay that asked for it. The events of a batch are all replayed or none is.
        package mutating func append(_ view: RecordView, replay: UnsafeRawBufferPointer? = nil) throws(PoisonReason) {
            if let replay, !hasReplay {
                hasReplay = true
                RequestWriter.append(replay: replay, to: slot.headers)
            }
            let event = try writer.decoder.decode(view)
            slot.receipt?.add(event, view)
            digest.add(event.id)
            if let payload = writer.templates?.payload { try payload.append(event, to: &encoder) } else { try encoder.append(event) }
        }

        /// - Returns: the body, in the slot.
        package consuming func finish(attempt: Int, at now: WallTime) -> UnsafeRawBufferPointer {
            let start = writer.beginID(slot.headers)
            slot.headers.append(upTo: BatchID.length) { digest.finish(into: $0) }
            slot.headers.append(0)
            encoder.finish(headers: slot.headers)
            slot.trace?.append(to: slot.headers)
            let body = slot.body.bytes
            writer.finishHeaders(slot, id: start, BatchID.length, body, attempt, now)
            return body
        }
    }

    /// Names of replays are fit for headers.
    private static func append(replay: UnsafeRawBufferPointer, to headers: ByteWriter) {
        guard replay.count <= 200, replay.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return }
        headers.append("fanfare-replay: " as StaticString)
        headers.append(replay)
        headers.append(0)
    }

    private func beginID(_ headers: ByteWriter) -> Int {
        headers.append("webhook-id: " as StaticString)
        return headers.count
    }

    private func finishHeaders(
        _ slot: RequestSlot, id start: Int, _ length: Int, _ body: UnsafeRawBufferPointer, _ attempt: Int, _ now: WallTime
    ) {
        let headers = slot.headers
        slot.receipt?.webhookID.append(UnsafeRawBufferPointer(rebasing: headers.bytes[start..<start + length]))
        slot.trace?.webhookID.append(UnsafeRawBufferPointer(rebasing: headers.bytes[start..<start + length]))
        let seconds = now.milliseconds / 1000
        headers.append("webhook-timestamp: " as StaticString)
        headers.append(decimal: seconds)
        headers.append(0)
        headers.append("fanfare-attempt: " as StaticString)
        headers.append(decimal: Int64(attempt))
        headers.append(0)
        guard let signer else { return }
        headers.append(signer.header)
        headers.append(": " as StaticString)
        // Room first: the id is read from this buffer while the signature is written to it.
        headers.reserve(signer.longest + 2)
        let id = UnsafeRawBufferPointer(rebasing: headers.bytes[start..<start + length])
        let content = SignedContent(id: id, timestamp: seconds, body: body)
        headers.append(upTo: signer.longest + 1) { signer.sign(content, into: $0) }
        headers.append(0)
    }

    /// W3C trace context: passed through where the producer sent one, started here otherwise.
    private func appendTrace(_ view: RecordView, _ traceIDs: inout TraceIDs, to headers: ByteWriter) {
        guard !Self.appendTrace(of: view, to: headers, parent: true) else { return }
        headers.append("traceparent: 00-" as StaticString)
        headers.append(hexadecimal: traceIDs.next())
        headers.append(hexadecimal: traceIDs.next())
        headers.append(UInt8(ascii: "-"))
        headers.append(hexadecimal: traceIDs.next())
        headers.append("-00\0" as StaticString)
    }

    /// The producer's headers.
    ///
    /// - Parameter parent: whether its `traceparent` is among them.
    /// - Returns: whether it was there.
    @discardableResult
    static func appendTrace(of view: RecordView, to headers: ByteWriter, parent: Bool) -> Bool {
        var hasParent = false
        for header in view.headers {
            guard let value = header.value, !value.isEmpty, value.count <= 512, value.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else { continue }
            if header.name.elementsEqual("traceparent".utf8), parent, !hasParent {
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
        return hasParent
    }
}
