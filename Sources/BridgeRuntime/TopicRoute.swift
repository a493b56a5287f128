import DeliveryCore
import EventFormats
import EventModel
import Filters

/// How one topic's records become events and find their subscriptions. One shard's.
final class TopicRoute {
    let topic: String
    let decoder: EventDecoder
    /// Some subscription keeps the order of keys or partitions.
    private(set) var isOrdered = false
    /// Some subscription writes a repartition topic.
    private(set) var hasRepartitions = false
    private let mapping: EventMapping
    /// Its indices are the engine's slots.
    private let matcher = TopicMatcher()
    /// The slots that are taken, ascending.
    private var slots: [Int32] = []
    /// By slot; empty where there is none.
    private var names: [String] = []
    private let errors: SubscriptionCounts
    /// Nil where events are not held to a catalog.
    private(set) var catalog: CatalogValidator?
    /// What the catalog says of the last record; nil where it was not asked.
    private(set) var finding: CatalogValidator.Finding?
    /// Without filters nothing has to be decoded to know who gets a record.
    private var matchesAll = true
    private var matched = ContiguousArray<Int32>()
    /// What the last record's value takes as JSON, where it was something else.
    private(set) var unframedBytes = 0

    init(
        _ manifest: TopicManifest, subscriptions: [(slot: Int32, policy: Subscription)], errors: SubscriptionCounts, schemas: (any SchemaSource)?
    ) {
        topic = Self.topic(of: manifest, subscriptions)
        mapping = manifest.mapping
        self.errors = errors
        decoder = EventDecoder(topic: topic, mapping: mapping, schemas: schemas)
        install(subscriptions, manifest)
    }

    /// Of a repartition topic the records say what they are of another one.
    private static func topic(of manifest: TopicManifest, _ subscriptions: [(slot: Int32, policy: Subscription)]) -> String {
        subscriptions.first?.policy.sourceTopic ?? manifest.topic
    }

    /// Whether records become the same events as this manifest says.
    func decodes(_ manifest: TopicManifest, for subscriptions: [(slot: Int32, policy: Subscription)]) -> Bool {
        mapping == manifest.mapping && topic == Self.topic(of: manifest, subscriptions)
    }

    /// - Parameters:
    ///   - subscriptions: from now on. Only filters that differ from those before are compiled.
    ///   - manifest: its catalog likewise.
    func install(_ subscriptions: [(slot: Int32, policy: Subscription)], _ manifest: TopicManifest) {
        if catalog.map({ !$0.isOf(manifest) }) ?? true { catalog = CatalogValidator(manifest) }
        let size = Int(subscriptions.last?.slot ?? -1) + 1
        var filters = [[FilterExpression]?](repeating: nil, count: size)
        names = [String](repeating: "", count: size)
        for (slot, policy) in subscriptions {
            filters[Int(slot)] = policy.filters
            names[Int(slot)] = policy.name
        }
        matcher.install(filters)
        slots = subscriptions.map(\.slot)
        isOrdered = subscriptions.contains { $0.policy.delivery.ordering != .none }
        hasRepartitions = subscriptions.contains { if case .writes = $0.policy.repartitioning { true } else { false } }
        matchesAll = subscriptions.allSatisfy(\.policy.filters.isEmpty)
    }

    /// Appends the slots that the record matches; nil when it is not a valid event.
    func match(_ record: RecordView, into matches: inout [Int32]) -> Int? {
        unframedBytes = 0
        finding = nil
        // What a framed value takes as JSON has to be known in any case.
        if matchesAll, catalog == nil, decoder.schema(of: record) == nil {
            matches.append(contentsOf: slots)
            return slots.count
        }
        do throws(PoisonReason) {
            let event = try decoder.decode(record)
            unframedBytes = decoder.unframedBytes
            matched.removeAll(keepingCapacity: true)
            matcher.match(event, into: &matched) { errors.count(names[Int($0)]) }
            matches.append(contentsOf: matched)
            if !matched.isEmpty { finding = catalog?.judge(event) }
            return matched.count
        } catch {
            return nil
        }
    }

    /// Whether the last record, though an event, is poison to those it matches.
    var isRejected: Bool { finding.flatMap(rejection) != nil }

    private func rejection(_ finding: CatalogValidator.Finding) -> String? {
        if case .invalid(let reason) = finding, catalog?.mode == .reject { reason } else { nil }
    }

    /// Judges a record anew that came from the retry topic.
    ///
    /// - Throws: why it is not a valid event, or rejected.
    func judge(_ record: RecordView) throws(PoisonReason) {
        guard let catalog, catalog.mode == .reject else { return }
        if let reason = rejection(catalog.judge(try decoder.decode(record))) { throw PoisonReason(reason) }
    }

    /// Why a record is poison.
    func poisonReason(_ record: RecordView) -> String {
        do throws(PoisonReason) {
            _ = try decoder.decode(record)
            try judge(record)
            return "by the manifest in force when the record was read, it was not a valid event"
        } catch {
            return error.message
        }
    }
}
