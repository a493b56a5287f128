/// One topic manifest, validated.
public struct TopicManifest: Sendable, Equatable {
    public var topic: String
    public var description: String = ""
    public var owner: String = ""
    public var provisioning = TopicProvisioning()
    public var mapping = EventMapping()
    /// The catalog under `events:`, by event type, in the manifest's order.
    public var events: [CatalogEntry] = []
    /// Whether events are held to it.
    public var validate = CatalogValidation.off
    /// Payload versions, the newest first.
    public var versions: [PayloadVersion] = []
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

/// What one type of event carries.
public struct CatalogEntry: Sendable, Equatable {
    public var type: String
    public var description: String
    /// JSON Schema (draft-07) of the event's data.
    public var schema: CatalogFile?
    /// The files that the schema refers to, directly and through others, in the order in which they were met.
    public var references: [CatalogFile] = []
    /// An event's data as an example.
    public var example: CatalogFile?
    public init(type: String, description: String, schema: CatalogFile?, example: CatalogFile?) {
        self.type = type
        self.description = description
        self.schema = schema
        self.example = example
    }
}

/// What becomes of an event whose data does not conform to the catalog's schema of its type.
public enum CatalogValidation: String, Sendable, CaseIterable {
    /// Nobody looks.
    case off
    /// It is told of, and delivered.
    case report
    /// It is poison for those it matches.
    case reject
}

/// A file that the catalog names, as it was read: a JSON text.
public struct CatalogFile: Sendable, Equatable {
    /// From where the loader read it, not as written in the manifest.
    public var path: String
    public var text: [UInt8]
    public init(path: String, text: [UInt8]) {
        self.path = path
        self.text = text
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
    public var framing = Framing.auto
    public init() {}

    /// Whether values are in Confluent's wire format.
    public enum Framing: String, Sendable, CaseIterable {
        /// Those that look like it, and do not declare to be something else.
        case auto
        /// All, but for structured CloudEvents without a frame.
        case confluent
        /// None, whatever they look like.
        case none
    }
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
