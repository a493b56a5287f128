public import DeliveryCore
public import EventModel

// How scenarios' parts are written down. The simulator's own types leave that to the compiler; the product's types do
// not know that they are ever saved.

/// A stored property by its name in a file.
struct Field<Root>: Sendable {
    let name: String
    let encode: @Sendable (Root, inout KeyedEncodingContainer<FieldName>) throws -> Void
    let decode: @Sendable (inout Root, KeyedDecodingContainer<FieldName>) throws -> Void

    init<Value: Codable & SendableMetatype>(_ name: String, _ path: any WritableKeyPath<Root, Value> & Sendable) {
        self.name = name
        encode = { root, container in try container.encode(root[keyPath: path], forKey: FieldName(name)) }
        decode = { root, container in
            let key = FieldName(name)
            if container.contains(key) { root[keyPath: path] = try container.decode(Value.self, forKey: key) }
        }
    }
}

struct FieldName: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
}

extension Array {
    func encode<Root>(_ root: Root, to encoder: any Encoder) throws where Element == Field<Root> {
        var container = encoder.container(keyedBy: FieldName.self)
        for field in self { try field.encode(root, &container) }
    }

    func decode<Root>(into root: inout Root, from decoder: any Decoder) throws where Element == Field<Root> {
        let container = try decoder.container(keyedBy: FieldName.self)
        for field in self { try field.decode(&root, container) }
    }
}

extension CoreOptions: Codable {
    static let fields: [Field<CoreOptions>] = [
        Field("commitInterval", \.commitInterval), Field("coldCommitInterval", \.coldCommitInterval),
        Field("idleCommitInterval", \.idleCommitInterval), Field("commitsPerSecond", \.commitsPerSecond),
        Field("ringBytes", \.ringBytes), Field("recordMemory", \.recordMemory), Field("maxInFlight", \.maxInFlight),
        Field("shards", \.shards), Field("chunkBytes", \.chunkBytes), Field("lookahead", \.lookahead), Field("lanes", \.lanes),
        Field("partitionsPerLane", \.partitionsPerLane), Field("retryTopic", \.retryTopic),
        Field("longestDelayInMemory", \.longestDelayInMemory), Field("retriesInMemory", \.retriesInMemory),
        Field("drainLimit", \.drainLimit), Field("longestRetryAfter", \.longestRetryAfter), Field("firstProbe", \.firstProbe),
        Field("longestProbe", \.longestProbe), Field("divertBackoff", \.divertBackoff), Field("metadataLimit", \.metadataLimit),
        Field("poisonUnderWay", \.poisonUnderWay), Field("loadPatience", \.loadPatience),
        Field("seed", \.seed),
    ]

    public init(from decoder: any Decoder) throws {
        self.init()
        try Self.fields.decode(into: &self, from: decoder)
    }

    public func encode(to encoder: any Encoder) throws { try Self.fields.encode(self, to: encoder) }
}

extension Subscription: Codable {
    /// What the engine looks at; payloads, headers and signatures are not its business.
    static let fields: [Field<Subscription>] = [
        Field("name", \.name), Field("topic", \.topic), Field("endpoint", \.endpoint), Field("enabled", \.enabled),
        Field("start", \.start), Field("filters", \.filters), Field("delivery.timeout", \.delivery.timeout),
        Field("delivery.maxInFlight", \.delivery.maxInFlight), Field("delivery.priority", \.delivery.priority),
        Field("delivery.ordering", \.delivery.ordering), Field("retry.onExhausted", \.retry.onExhausted),
        Field("rateLimit", \.rateLimit), Field("retry.schedule", \.retry.schedule),
        Field("retry.jitter", \.retry.jitter), Field("retry.giveUpAfter", \.retry.giveUpAfter), Field("retry.on", \.retry.conditions),
        Field("diversion.burst", \.diversion.burst), Field("diversion.perSuccess", \.diversion.perSuccess),
        Field("deadLetter.drop", \.deadLetter.drop), Field("batch", \.batch), Field("deduplicate", \.deduplicate),
    ]

    public init(from decoder: any Decoder) throws {
        self.init(name: "", topic: "", endpoint: "")
        try Self.fields.decode(into: &self, from: decoder)
    }

    public func encode(to encoder: any Encoder) throws { try Self.fields.encode(self, to: encoder) }
}

extension RetryPolicy {
    /// In the same order everywhere.
    fileprivate var conditions: [RetryCondition] {
        get { on.sorted { $0.text < $1.text } }
        set { on = Set(newValue) }
    }
}

extension DeliveryPriority: Codable {}

extension Ordering: Codable {}

extension ExhaustionPolicy: Codable {}

extension RateLimit: Codable {
    static let fields: [Field<RateLimit>] = [Field("perSecond", \.perSecond), Field("burst", \.burst)]

    public init(from decoder: any Decoder) throws {
        self.init()
        try Self.fields.decode(into: &self, from: decoder)
    }

    public func encode(to encoder: any Encoder) throws { try Self.fields.encode(self, to: encoder) }
}

extension DeduplicationPolicy: Codable {
    static let fields: [Field<DeduplicationPolicy>] = [Field("window", \.window), Field("maxKeys", \.maxKeys)]

    public init(from decoder: any Decoder) throws {
        self.init(window: .zero)
        try Self.fields.decode(into: &self, from: decoder)
    }

    public func encode(to encoder: any Encoder) throws { try Self.fields.encode(self, to: encoder) }
}

extension BatchPolicy: Codable {
    static let fields: [Field<BatchPolicy>] = [
        Field("maxEvents", \.maxEvents), Field("maxBytes", \.maxBytes), Field("maxWait", \.maxWait),
        Field("partialResults", \.partialResults),
    ]

    public init(from decoder: any Decoder) throws {
        self.init()
        try Self.fields.decode(into: &self, from: decoder)
    }

    public func encode(to encoder: any Encoder) throws { try Self.fields.encode(self, to: encoder) }
}
