import DeliveryCore
import Egress
package import EventFormats
import EventLoop
package import EventModel
import Filters
import HTTPTransport
import Manifests
import Transforms

/// What would become of one record: found out by the code that delivers, without sending anything.
package struct Explanation {
    package struct Request {
        package var url: String
        /// In the order in which they are sent; those of the connection (`Host`, `Content-Length`) are libcurl's.
        /// What looks like a credential or came from a variable or a file is replaced by `***`, also in URL and body.
        package var headers: [(name: String, value: String)]
        package var body: [UInt8]
    }

    package struct Outcome {
        package var subscription: String
        package var matches: Bool
        /// Why, or why not; and what stands in the way of a delivery.
        package var reasons: [String]
        /// Why it is rejected; with `window` also why it cannot be counted.
        package var poison: String?
        /// With `window`: those that the event would be counted in.
        package var windows: [DryRun.Window] = []
        /// The first attempt's request: with `window` of the first of them, if nothing else counted in it. Nil where none
        /// would be made.
        package var request: Request?
    }

    /// Why the record is not a valid event; then it matches nothing and there are no attributes.
    package var poison: String?
    /// The context attributes, as a JSON object.
    package var eventJSON = "{}"
    package var attributes: [(name: String, value: String)] = []
    /// What the topic's catalog says of the event; nil where it is not held to it.
    package var finding: CatalogValidator.Finding?
    /// In the manifest's order.
    package var outcomes: [Outcome] = []

    /// - Parameter now: the time of the attempt.
    /// - Throws: `EgressRuleError`, `EndpointError`, `EventLoopError`.
    package init(
        of given: GivenRecord, _ manifest: TopicManifest, egress: BridgeConfiguration.Egress, schemas: (any SchemaSource)? = nil,
        at now: WallTime
    ) throws {
        let transport = CurlTransport(loop: try EventLoop(), rules: try EgressRules(egress), proxy: try egress.proxy.map { try Proxy($0) }, requests: 0)
        let route = TopicRoute(
            manifest, subscriptions: manifest.subscriptions.enumerated().map { (slot: Int32($0), policy: $1) }, errors: SubscriptionCounts(\.filterErrors),
            schemas: schemas)
        var matches: [Int32] = []
        given.withView(topic: manifest.topic) { record in
            do throws(PoisonReason) {
                let event = try route.decoder.decode(record)
                try describe(event, manifest.subscriptions)
                finding = route.catalog?.judge(event)
                _ = route.match(record, into: &matches)
            } catch {
                poison = error.message
                outcomes = manifest.subscriptions.map {
                    Outcome(subscription: $0.name, matches: false, reasons: ["the record is not a valid event: \(error.message)"])
                }
            }
        }
        var traceIDs = TraceIDs(seed: .random(in: 1...(.max)))
        for index in matches.map({ Int($0) }) {
            let outlet = Outlet(policy: manifest.subscriptions[index], route: route, transport: transport)
            defer { outlet.close(transport) }
            outcomes[index].explainMatch(outlet.policy)
            if case .invalid(let reason)? = finding, manifest.validate == .reject {
                outcomes[index].poison = reason
                outcomes[index].reasons.append("it is rejected, and becomes a dead letter (poison)")
                continue
            }
            guard let sent = outcomes[index].sent(for: given, outlet, manifest, schemas) else { continue }
            guard outlet.problem.isEmpty else {
                outcomes[index].reasons.append("nothing can be delivered: \(outlet.problem)")
                continue
            }
            sent.withView(topic: manifest.topic) { record in
                do throws(PoisonReason) {
                    outcomes[index].request = try Request(outlet, record, at: now, &traceIDs)
                } catch {
                    outcomes[index].reasons.append("no request can be made of it: \(error.message)")
                }
            }
        }
    }

    private mutating func describe(_ event: Event, _ subscriptions: [Subscription]) throws(PoisonReason) {
        attributes = Self.attributes(of: event)
        var envelope = event
        envelope.dataKind = .none
        let writer = ByteWriter()
        EventJSON.append(envelope, to: writer)
        eventJSON = String(decoding: writer.bytes, as: UTF8.self)
        outcomes = subscriptions.map {
            Outcome(subscription: $0.name, matches: false, reasons: TopicMatcher.explain($0.filters, event))
        }
    }

    private static func attributes(of event: Event) -> [(name: String, value: String)] {
        let all: [(String, UnsafeRawBufferPointer?)] = [
            ("id", event.id), ("source", event.source), ("type", event.type), ("subject", event.subject), ("time", event.time),
            ("datacontenttype", event.dataContentType), ("dataschema", event.dataSchema),
        ] + event.extensions.map { (String(decoding: $0.name, as: UTF8.self), $0.value) }
        return all.compactMap { name, value in value.map { (name: name, value: String(decoding: $0, as: UTF8.self)) } }
    }
}

extension Explanation.Outcome {
    fileprivate mutating func explainMatch(_ policy: Subscription) {
        matches = true
        switch policy.filters.count {
        case 0: reasons = ["it has no filters"]
        case 1: reasons = ["its filter matches"]
        case let count: reasons = ["its \(count) filters match"]
        }
        if let certificate = policy.auth.mtls?.certificate { reasons.append("it shows the client certificate in \(certificate.path)") }
        if let token = policy.auth.oauth2 { reasons.append("it gets a token from \(token.tokenURL) first") }
        if !policy.enabled { reasons.append("it is disabled: nothing is sent until `enabled: true`") }
        if let batch = policy.batch {
            let parts = policy.window == nil ? (many: "events", one: "event") : (many: "windows", one: "window")
            reasons.append("it takes batches of up to \(batch.maxEvents) \(parts.many), waiting up to \(batch.maxWait); shown is one of this \(parts.one) alone")
        }
    }

    /// What a request is made of for this event: itself, or the event of the first window that counts it. Nil: nothing.
    fileprivate mutating func sent(
        for record: GivenRecord, _ outlet: Outlet, _ manifest: TopicManifest, _ schemas: (any SchemaSource)?
    ) -> GivenRecord? {
        guard outlet.policy.window != nil else { return record }
        let run = DryRunShard(GivenLog(of: record), outlet, manifest, schemas: schemas).run()
        windows = run.windows
        poison = run.poison.first?.reason
        if let poison { reasons.append("it cannot be counted, and becomes a dead letter: \(poison)") }
        return windows.first?.event
    }
}

extension Explanation.Request {
    fileprivate init(_ outlet: Outlet, _ record: RecordView, at now: WallTime, _ traceIDs: inout TraceIDs) throws(PoisonReason) {
        let slot = RequestSlot()
        let body = try outlet.writer.writeFirstAttempt(record, outlet.policy, at: now, &traceIDs, into: slot)
        self.init(slot, body: body, outlet)
    }

    /// What was written, for people.
    init(_ slot: RequestSlot, body: UnsafeRawBufferPointer, _ outlet: Outlet) {
        self.body = Array(body)
        let confidential = outlet.policy.confidential
        let target = outlet.writer.templates?.lastURL.map { String(decoding: $0, as: UTF8.self) } ?? outlet.policy.endpoint
        url = Redaction.withoutCredentials(target.hiding(confidential))
        if !confidential.isEmpty, let text = String(validating: body, as: UTF8.self) { self.body = Array(text.hiding(confidential).utf8) }
        let templated = Set(outlet.policy.headerTemplates.map(\.name))
        headers = slot.fields.map { field in
            (name: field.name, value: templated.contains(field.name) ? Self.shown(field.name, field.value, confidential) : field.value)
        }
        let own = outlet.policy.auth.headerName
        headers += Outlet.constantHeaders(of: outlet.policy).map {
            (name: $0.name, value: $0.name == own ? "***" : Self.shown($0.name, $0.value, confidential))
        }
        if outlet.policy.auth.oauth2 != nil { headers.append((name: "authorization", value: "***")) }
    }

    private static func shown(_ name: String, _ value: String, _ confidential: [String]) -> String {
        SecretNames.mayBeSecret(name) ? "***" : value.hiding(confidential)
    }
}

extension RequestWriter {
    /// The request that an event gets when it is sent for the first time, alone also where `batch` would give it company.
    func writeFirstAttempt(
        _ record: RecordView, _ policy: Subscription, at now: WallTime, _ traceIDs: inout TraceIDs, into slot: RequestSlot
    ) throws(PoisonReason) -> UnsafeRawBufferPointer {
        guard policy.batch != nil else { return try writeEvent(record, attempt: 1, at: now, &traceIDs, into: slot) }
        var batch = Batch(self, into: slot)
        try batch.append(record)
        return batch.finish(attempt: 1, at: now)
    }
}
