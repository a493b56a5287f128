/// One topic manifest, validated.
public struct TopicManifest: Sendable, Equatable {
    public var topic: String
    public var description: String = ""
    public var owner: String = ""
    public var provisioning = TopicProvisioning()
    public var mapping = EventMapping()
    /// The catalog under `events:`, by event type, in the manifest's order.
    public var events: [CatalogEntry] = []
    /// In the manifest's order.
    public var subscriptions: [Subscription] = []
    /// The file it was read from, for messages.
    public var file: String = ""

    public init(topic: String) { self.topic = topic }
}

/// `kafka:` of a manifest; only `fanfare apply` looks at it.
public struct TopicProvisioning: Sendable, Equatable {
    public var partitions: Int? = nil
    public var replicationFactor: Int? = nil
    public var config: [HeaderField] = []
    public init() {}
}

public struct CatalogEntry: Sendable, Equatable {
    public var type: String
    public var description: String
    /// Paths as written, relative to the manifest.
    public var schema: String?
    public var example: String?
    public init(type: String, description: String, schema: String?, example: String?) {
        self.type = type
        self.description = description
        self.schema = schema
        self.example = example
    }
}

/// How a record that is not a CloudEvent becomes one. Nil takes the default named at each property.
public struct EventMapping: Sendable, Equatable {
    /// Default `<topic>-<partition>-<offset>`.
    public var id: AttributeSource? = nil
    /// Default: the topic's name.
    public var type: AttributeSource? = nil
    /// Default `kafka:<topic>`.
    public var source: AttributeSource? = nil
    /// Default: the record key, if it is text.
    public var subject: AttributeSource? = nil
    /// Default: the record's timestamp.
    public var time: AttributeSource? = nil
    public init() {}
}

public enum AttributeSource: Sendable, Equatable {
    case header(String)
    /// JSON pointer (RFC 6901) into the value.
    case pointer(String)
    /// A constant.
    case value(String)
    /// The record's key.
    case key
    /// The record's timestamp.
    case timestamp
}
