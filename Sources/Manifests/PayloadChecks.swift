internal import EventFormats
internal import EventModel
internal import Filters
internal import Transforms

/// Tries transforms and versions on the catalog's examples: what cannot be made of them would be poison in production.
struct PayloadChecks {
    let manifest: TopicManifest
    private let examples: [(entry: CatalogEntry, file: CatalogFile)]

    init(_ manifest: TopicManifest) {
        self.manifest = manifest
        examples = manifest.events.compactMap { entry in entry.example.map { (entry, $0) } }
    }

    func run(_ reader: inout Reader) {
        versions(&reader)
        for subscription in manifest.subscriptions where subscription.window == nil {
            for (entry, file) in examples { check(subscription, entry, file, &reader) }
        }
    }

    // MARK: Subscriptions

    private func check(_ subscription: Subscription, _ entry: CatalogEntry, _ file: CatalogFile, _ reader: inout Reader) {
        let path = "subscriptions.\(subscription.name)"
        let failure: String? = withEvent(entry, file) { event, record in
            guard TopicMatcher.explain(subscription.filters, event).isEmpty else { return nil }
            return problem(subscription, event, record)
        }
        guard let failure else { return }
        // A reason begins with its key. What is wrong with versions is said where they are.
        let key = String(failure.prefix { $0 != ":" })
        guard key != "versions" else { return }
        let here = "\(path).\(key)"
        let place = reader.positions[here] ?? reader.positions["defaults.\(key)"] ?? reader.positions[path]
        guard let place else { return }
        reader.error(place, here, "cannot be made of the example of \(entry.type) (\(file.path)):\(failure.dropFirst(key.count + 1))")
    }

    private func problem(_ subscription: Subscription, _ event: Event, _ record: RecordView) -> String? {
        let out = ByteWriter()
        let headers = ByteWriter()
        do {
            if let transform = try PayloadTransform(subscription.transform) {
                _ = try transform.encode(event, of: record, format: subscription.payload, body: out, headers: headers)
            }
            try HeaderTemplates(subscription.headerTemplates)?.append(event, to: headers)
            if Template.hasTags(subscription.endpoint) { try EndpointTemplate(subscription.endpoint).append(event, to: out) }
            return nil
        } catch let reason as PoisonReason {
            return reason.message
        } catch {
            // What is no template was found before.
            return nil
        }
    }

    // MARK: Versions

    /// Each version is made of each example, and each part that is renamed is in some example of the version before.
    private func versions(_ reader: inout Reader) {
        for (index, version) in manifest.versions.enumerated().dropFirst() {
            let here = "versions.\(version.name)"
            guard let place = reader.positions[here] else { continue }
            for (entry, file) in examples {
                if case .failure(let reason) = payload(of: file, entry, steps: 1...index) {
                    reader.error(place, here, "cannot be made of the example of \(entry.type) (\(file.path)): \(reason.message)")
                }
            }
            for rename in version.step.rename where !examples.isEmpty {
                let pointer = JSONPointer(String(rename.from.dropFirst("/data".count)))
                let isThere = examples.contains { entry, file in
                    guard case .success(let text) = payload(of: file, entry, steps: 1..<index) else { return true }
                    return text.withUnsafeBytes { bytes in pointer?.find(in: JSONValue(surroundedBySpace: bytes)) != nil }
                }
                guard !isThere else { continue }
                let path = "\(here).rename.\(rename.from)"
                reader.warn(reader.positions[path] ?? place, path, "no example of version \(manifest.versions[index - 1].name) has anything at \(rename.from)")
            }
        }
    }

    /// An example as one of the versions has it.
    private func payload(of file: CatalogFile, _ entry: CatalogEntry, steps: some RangeExpression<Int>) -> Result<[UInt8], PoisonReason> {
        var policy = TransformPolicy()
        policy.derivation.steps = manifest.versions[steps.relative(to: manifest.versions)].map(\.step)
        let transform: PayloadTransform? = (try? PayloadTransform(policy)) ?? nil
        guard let transform else { return .success(file.text) }
        let out = ByteWriter()
        return withEvent(entry, file) { event, record in
            do throws(PoisonReason) {
                _ = try transform.encode(event, of: record, format: .raw, body: out, headers: ByteWriter())
                return .success(Array(out.bytes))
            } catch {
                return .failure(error)
            }
        }
    }

    // MARK: Examples

    /// An example is an event's data; its attributes are made up.
    private func withEvent<Result>(_ entry: CatalogEntry, _ file: CatalogFile, _ body: (Event, RecordView) -> Result) -> Result {
        let attributes = ["example", "kafka:\(manifest.topic)", entry.type, "example", "2026-01-01T00:00:00Z", "application/json"]
        let places = attributes.indices.map { attributes[..<$0].reduce(0) { $0 + $1.utf8.count } }
        return Array(attributes.joined().utf8).withUnsafeBytes { text in
            file.text.withUnsafeBytes { data in
                func value(_ index: Int) -> UnsafeRawBufferPointer {
                    UnsafeRawBufferPointer(rebasing: text[places[index]..<places[index] + attributes[index].utf8.count])
                }
                var event = Event()
                (event.id, event.source, event.type) = (value(0), value(1), value(2))
                (event.subject, event.time, event.dataContentType) = (value(3), value(4), value(5))
                (event.data, event.dataKind) = (data, .json)
                let record = RecordView(
                    topic: manifest.topic, partition: 0, offset: 0, timestamp: WallTime(milliseconds: 0), key: value(3), value: data, headers: [])
                return body(event, record)
            }
        }
    }
}
