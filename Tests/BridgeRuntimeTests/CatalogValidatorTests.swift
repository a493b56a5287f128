import BridgeRuntime
import EventFormats
import EventModel
import Testing

@Suite("What the catalog says of events")
struct CatalogValidatorTests {
    private func manifest(_ schema: String, references: [String: String] = [:]) -> TopicManifest {
        var manifest = TopicManifest(topic: "shop.orders")
        manifest.validate = .reject
        manifest.events = ["order.paid", "order.created", "a"].map { CatalogEntry(type: $0, description: "", schema: nil, example: nil) }
        manifest.events[1].schema = CatalogFile(path: "topics/s.json", text: Array(schema.utf8))
        manifest.events[1].references = references.map { CatalogFile(path: $0.key, text: Array($0.value.utf8)) }
        return manifest
    }

    /// Of a binary CloudEvent with this value.
    private func judge(_ value: String?, type: String = "order.created", contentType: String? = nil, by manifest: TopicManifest) throws -> CatalogValidator.Finding {
        let validator = try #require(CatalogValidator(manifest))
        let decoder = EventDecoder(topic: "shop.orders", mapping: EventMapping())
        var texts = ["ce_specversion", "1.0", "ce_id", "1", "ce_source", "/", "ce_type", type]
        if let contentType { texts += ["content-type", contentType] }
        let held = ByteWriter(capacity: 1 << 16)
        let places = (texts + [value ?? ""]).map { text in
            let start = held.count
            held.append(text)
            return start..<held.count
        }
        let views = places.map { UnsafeRawBufferPointer(rebasing: held.bytes[$0]) }
        let headers = stride(from: 0, to: texts.count, by: 2).map { RecordView.Header(name: views[$0], value: views[$0 + 1]) }
        let record = RecordView(
            topic: "shop.orders", partition: 0, offset: 0, timestamp: WallTime(milliseconds: 0), key: nil, value: value == nil ? nil : views.last!,
            headers: headers)
        return validator.judge(try decoder.decode(record))
    }

    @Test func `data conforms, or the reason says the type, the place and the keyword`() throws {
        let manifest = manifest(#"{"properties": {"total": {"$ref": "money.json"}}}"#, references: ["topics/money.json": #"{"type": "number"}"#])
        #expect(try judge(#"{"total": 1}"#, by: manifest) == .valid)
        #expect(try judge(#"{"total": "1"}"#, by: manifest) == .invalid("events.order.created.schema: /total is not of type number"))
        #expect(try judge("{", by: manifest) == .invalid("events.order.created.schema: the data is not JSON"))
        #expect(try judge("{}", contentType: "text/plain", by: manifest) == .invalid("events.order.created.schema: the data is not JSON"))
    }

    @Test func `a tombstone and a type without a schema pass, and a type that is not there is said to be unlisted`() throws {
        let manifest = manifest("false")
        #expect(try judge(nil, by: manifest) == .valid)
        #expect(try judge("x", type: "order.paid", by: manifest) == .valid)
        #expect(try judge("x", type: "a", by: manifest) == .valid)
        for type in ["b", "order.creates", "order.created ", "order"] { #expect(try judge("x", type: type, by: manifest) == .unlisted) }
        #expect(try judge("{}", by: manifest) == .invalid("events.order.created.schema: the data is not allowed here"))
    }

    @Test func `a manifest that validates nothing has none, and another catalog is another`() {
        var other = manifest("{}")
        let validator = CatalogValidator(other)
        #expect(validator?.isOf(other) == true)
        other.events[1].schema?.text = Array("true".utf8)
        #expect(validator?.isOf(other) == false)
        other.validate = .off
        #expect(CatalogValidator(other) == nil)
        other.validate = .report
        other.events = []
        #expect(CatalogValidator(other) == nil)
    }
}
