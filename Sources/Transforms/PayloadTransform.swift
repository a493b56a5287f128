public import EventFormats
public import EventModel

/// What a subscription's `payload` makes of events, compiled once. Writes straight into the request's body.
///
/// Belongs to one thread; allocates nothing per event once its memory has grown, unless extension attributes are dropped.
public final class PayloadTransform {
    private let edits: [PayloadEdit]
    private let template: TemplateRenderer?
    /// Of the template's text.
    private let contentType = ByteWriter(capacity: 16)
    private let isJSON: Bool
    private let droppedAttributes: [String]
    private let dropsData: Bool
    /// The payload between one edit and the next, in turns.
    private let between = [ByteWriter(capacity: 16), ByteWriter(capacity: 16)]
    /// The payload that a template sees.
    private let edited = ByteWriter(capacity: 16)
    /// A text that is to stand in JSON.
    private let text = ByteWriter(capacity: 16)

    /// Memory that an unusual event took is given back beyond this many bytes.
    private static let keptMemory = 1 << 20

    /// Names in one pointer.
    public static let maximumDepth = PayloadEdit.maximumDepth

    /// Whether a text is a media type at all.
    public static func isContentType(_ text: String) -> Bool { mediaType(text) { _ in true } ?? false }

    /// Whether values can be escaped for a content type.
    public static func isEscapable(contentType: String) -> Bool { mediaType(contentType) { TextEscaping(contentType: $0) != nil } ?? false }

    private static func mediaType<Result>(_ text: String, _ body: (MediaType) -> Result) -> Result? {
        var text = text
        return text.withUTF8 { MediaType(UnsafeRawBufferPointer($0)).map(body) }
    }

    /// What follows `/data`, as a pointer into the payload; nil for one that leads elsewhere.
    static func payloadPointer(_ pointer: String) -> JSONPointer? {
        guard pointer == "/data" || pointer.hasPrefix("/data/") else { return nil }
        return JSONPointer(String(pointer.dropFirst("/data".count)))
    }

    /// Nil where nothing is asked for.
    ///
    /// - Throws: where and why the template is none. What else can be wrong with a policy, `check` refuses.
    public init?(_ policy: TransformPolicy) throws(TemplateError) {
        var edits = policy.derivation.steps.compactMap { step -> PayloadEdit? in
            let moves = step.rename.compactMap { rename in
                Self.payloadPointer(rename.from).flatMap { from in Self.payloadPointer(rename.to).map { (from: from, to: $0) } }
            }
            let drops = step.drop.compactMap(Self.payloadPointer)
            return moves.isEmpty && drops.isEmpty ? nil : PayloadEdit(removing: drops, moving: moves)
        }
        let kept = policy.select.compactMap(Self.payloadPointer)
        if !kept.isEmpty, !kept.contains(where: \.tokens.isEmpty) { edits.append(PayloadEdit(keeping: kept)) }
        let dropped = policy.drop.compactMap(Self.payloadPointer)
        dropsData = dropped.contains { $0.tokens.isEmpty }
        if !dropped.isEmpty, !dropsData { edits.append(PayloadEdit(removing: dropped)) }
        droppedAttributes = policy.drop.filter { Self.payloadPointer($0) == nil }.map { String($0.dropFirst()) }
        self.edits = edits
        contentType.append(policy.contentType ?? TransformPolicy.defaultContentType)
        let escaping = MediaType(contentType.bytes).flatMap { TextEscaping(contentType: $0) } ?? .plain
        isJSON = escaping == .json
        if let text = policy.template {
            template = TemplateRenderer(try Template(text), escaping, key: "payload.template")
        } else {
            template = nil
        }
        if edits.isEmpty, template == nil, droppedAttributes.isEmpty, !dropsData { return nil }
    }

    // MARK: One event

    /// - Parameters:
    ///   - record: the record that `event` was decoded from.
    ///   - body: appended to where the body has to be written.
    /// - Throws: why the transform cannot be made of this event; then what was appended is of no use.
    public func encode(
        _ event: Event, of record: RecordView, format: PayloadFormat, body: ByteWriter, headers: ByteWriter
    ) throws(PoisonReason) -> PayloadEncoder.Body {
        let event = reduced(event)
        guard makesData(of: event) else {
            return PayloadEncoder.encode(event, of: record, format: format, body: body, headers: headers)
        }
        PayloadEncoder.appendHeaders(of: outlined(event), format: format, to: headers)
        if format == .structured { try appendEnvelope(event, to: body) } else { try appendData(event, to: body) }
        return .written
    }

    /// As one of several, the way `BatchEncoder` writes them.
    public func append(_ event: Event, to batch: inout BatchEncoder) throws(PoisonReason) {
        let event = reduced(event)
        guard makesData(of: event) else { return try batch.append(event) }
        try batch.append { (body, format) throws(PoisonReason) in
            if format == .structured { try appendEnvelope(event, to: body) } else { try appendJSON(event, to: body) }
        }
    }

    private func makesData(of event: Event) -> Bool { template != nil || !edits.isEmpty && event.dataKind != .none }

    // MARK: Attributes

    /// The event without what `drop` takes of it as a whole: attributes, or all of the payload.
    private func reduced(_ event: Event) -> Event {
        guard dropsData || !droppedAttributes.isEmpty else { return event }
        var event = event
        event.envelope = nil
        for name in droppedAttributes {
            switch name {
            case "subject": event.subject = nil
            case "time": event.time = nil
            case "dataschema": event.dataSchema = nil
            default:
                // Looked for first: to remove is to copy.
                let isNamed: (Event.Extension) -> Bool = { $0.name.elementsEqual(name.utf8) }
                if event.extensions.contains(where: isNamed) { event.extensions.removeAll(where: isNamed) }
            }
        }
        if dropsData {
            event.dataKind = .none
            event.data = UnsafeRawBufferPointer(start: nil, count: 0)
            event.dataContentType = nil
        }
        return event
    }

    /// The attributes that go with the new data: a template's text is not what a schema of the payload describes.
    private func outlined(_ event: Event) -> Event {
        guard template != nil else { return event }
        var event = event
        event.dataContentType = contentType.bytes
        event.dataSchema = nil
        return event
    }

    // MARK: Data

    private func appendEnvelope(_ event: Event, to body: ByteWriter) throws(PoisonReason) {
        EventJSON.appendAttributes(of: outlined(event), to: body)
        body.append(#","data":"# as StaticString)
        try appendJSON(event, to: body)
        body.append(UInt8(ascii: "}"))
    }

    /// The data as a part of JSON: a string, if it is other text.
    private func appendJSON(_ event: Event, to body: ByteWriter) throws(PoisonReason) {
        guard template != nil, !isJSON else { return try appendData(event, to: body) }
        text.removeAll(keepingAtMost: Self.keptMemory)
        try appendData(event, to: text)
        body.appendJSONString(text.bytes)
    }

    private func appendData(_ event: Event, to out: ByteWriter) throws(PoisonReason) {
        guard let template else { return try appendEdited(event, to: out) }
        var event = event
        if !edits.isEmpty, event.dataKind != .none {
            edited.removeAll(keepingAtMost: Self.keptMemory)
            try appendEdited(event, to: edited)
            event.data = edited.bytes
        }
        let start = out.count
        try template.append(event, to: out)
        if isJSON { try check(out.bytes(from: start)) }
    }

    /// A value that is missing is how JSON usually breaks, and the receiver could only say that it is broken.
    private func check(_ text: UnsafeRawBufferPointer) throws(PoisonReason) {
        do throws(JSONError) {
            _ = try JSONScanner.scan(text)
        } catch {
            throw PoisonReason("payload.template: the text is not JSON: \(error)")
        }
    }

    private func appendEdited(_ event: Event, to out: ByteWriter) throws(PoisonReason) {
        guard event.dataKind == .json else {
            throw PoisonReason("payload: the payload is not JSON, so that nothing in it can be selected, dropped or renamed")
        }
        var payload = JSONValue(surroundedBySpace: event.data)
        for (index, edit) in edits.enumerated() {
            guard index < edits.count - 1 else { return try edit.append(payload, to: out) }
            let next = between[index & 1]
            next.removeAll(keepingAtMost: Self.keptMemory)
            try edit.append(payload, to: next)
            payload = JSONValue(validated: next.bytes)
        }
    }
}
