import DeliveryCore
import EventFormats
import EventModel
import KafkaClient

/// The schemas that a shard knows, and what waits for others: partitions whose next record needs one, and requests, which
/// are made of records that were read before (of the retry topic).
final class ShardSchemas: SchemaSource {
    typealias SchemaID = ConfluentFrame.SchemaID

    /// Where reading goes on once a schema is known.
    struct Pause {
        var schema: SchemaID
        var offset: Int64
    }

    /// An id that the registry does not have is asked for again after this: whoever writes with it may have been quicker.
    private static let refusalLasts: TimeSpan = .minutes(1)
    /// Beyond so many ids that the registry does not have, the oldest are forgotten.
    private static let keptRefusals = 1000

    private struct Known {
        var answer: SchemaAnswer
        /// When it is to be asked for again.
        var until = Instant.distantFuture
    }

    private var known: [SchemaID: Known] = [:]
    /// Those that the registry did not have, the oldest first.
    private var refusals: [SchemaID] = []
    private var asked: Set<SchemaID> = []
    private var requests: [(id: DeliveryID, schema: SchemaID)] = []

    func schema(_ id: SchemaID) -> SchemaAnswer? { known[id]?.answer }

    /// Whether the registry has to be asked before a record with it is read. What was refused stays refused meanwhile, for
    /// those who look at a record again that was read before.
    func isUnknown(_ id: SchemaID, at now: Instant) -> Bool { known[id].map { $0.until <= now } ?? true }

    /// Whether it was not asked for yet.
    func beginAsking(_ id: SchemaID) -> Bool { asked.insert(id).inserted }

    func learn(_ id: SchemaID, _ answer: SchemaLookups.Answer, at now: Instant) {
        asked.remove(id)
        refusals.removeAll { $0 == id }
        known[id] = Known(answer: answer.schema, until: answer.isPassing ? now + Self.refusalLasts : .distantFuture)
        guard answer.isPassing else { return }
        refusals.append(id)
        if refusals.count > Self.keptRefusals { known[refusals.removeFirst()] = nil }
    }

    // MARK: Requests

    func hold(_ id: DeliveryID, for schema: SchemaID) { requests.append((id, schema)) }

    /// Those that waited for it.
    func release(_ schema: SchemaID) -> [DeliveryID] {
        defer { requests.removeAll { $0.schema == schema } }
        return requests.filter { $0.schema == schema }.map(\.id)
    }

    /// Whether the delivery was waiting; it is not any more.
    func cancel(_ id: DeliveryID) -> Bool {
        guard let place = requests.firstIndex(where: { $0.id == id }) else { return false }
        requests.remove(at: place)
        return true
    }
}

extension Shard {
    /// The schema that has to be asked for, and now is, before the record in the shared view can be looked at.
    func missingSchema(_ decoder: EventDecoder) -> ConfluentFrame.SchemaID? {
        guard let schemas, let id = decoder.schema(of: view), schemas.isUnknown(id, at: moment.instant) else { return nil }
        askForSchema(id)
        return id
    }

    private func askForSchema(_ id: ConfluentFrame.SchemaID) {
        guard let lookups = plan.schemas, schemas?.beginAsking(id) ?? false else { return }
        let mailbox = mailbox
        lookups.ask(id) { mailbox.send(.schemaFound(id, $0)) }
    }

    /// False while it is not known.
    func isKnown(_ pause: ShardSchemas.Pause) -> Bool { !(schemas?.isUnknown(pause.schema, at: moment.instant) ?? false) }

    func schemaFound(_ id: ConfluentFrame.SchemaID, _ answer: SchemaLookups.Answer) {
        guard let schemas else { return }
        schemas.learn(id, answer, at: moment.instant)
        for delivery in schemas.release(id) { startRequest(delivery) }
    }

    /// False when a schema has to be asked for first; the request is started again then. What was read from its topic has
    /// waited for its schema there, what comes from the retry topic has not.
    func hasSchemas(_ delivery: Delivery, _ outlet: Outlet) -> Bool {
        guard let schemas else { return true }
        for i in 0..<delivery.count {
            let item = core.item(i, of: delivery)
            let value = references.value(of: item.token)?.value ?? KafkaRecord(bits: item.token.bits).value
            guard value?.first == 0 else { continue }
            fillView(item, outlet)
            // A refusal that is old is one still: asking again is for those who read.
            guard let id = outlet.route.decoder.schema(of: view), schemas.schema(id) == nil else { continue }
            askForSchema(id)
            schemas.hold(delivery.id, for: id)
            return false
        }
        return true
    }
}
