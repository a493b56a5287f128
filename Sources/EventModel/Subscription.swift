/// One subscription with its policies, validated: what a manifest says, defaults filled in.
///
/// The property names are the manifest's keys (docs/MANIFESTS.md says what each does for users). A shard has two copies of each, of ten
/// thousand perhaps, so what is large and not looked at for each event is boxed.
public struct Subscription: Sendable, Equatable {
    /// Unique across all topics; `[a-z0-9][a-z0-9.-]*`.
    public var name: String
    public var topic: String
    /// Absolute `http` or `https` URL without credentials. Its host, path and query may hold `{{...}}` over the event.
    public var endpoint: String
    public var description: String = ""
    public var owner: String = ""
    /// For people and programs; `tenant` says whose limit it counts for.
    public var labels: [HeaderField] = []
    public var enabled: Bool = true
    public var start: StartPosition = .latest
    /// All must match; empty matches every event.
    public var filters: [FilterExpression] = []
    public var payload: PayloadFormat = .structured
    @Boxed public var transform = TransformPolicy()
    /// Constant request headers, in the manifest's order.
    public var headers: [HeaderField] = []
    /// Request headers whose values are templates over the event.
    public var headerTemplates: [HeaderField] = []
    @Boxed public var signing: SigningPolicy = .unspecified
    @Boxed public var auth = AuthPolicy()
    /// Whether the endpoint is asked for its consent before anything is sent to it.
    public var handshake: Bool = false
    /// Not in manifests: the name by which the bridge asks for it. Empty without `handshake`.
    public var origin: String = ""
    /// Certificate authorities to trust instead of the system's.
    @Boxed public var certificateAuthorities: PEMFile? = nil
    /// `sha256//` and the base64 of a digest; the endpoint's public key must be one of them. Empty: any.
    public var publicKeyPins: [String] = []
    public var delivery = DeliveryPolicy()
    public var rateLimit: RateLimit? = nil
    public var diversion = DiversionPolicy()
    public var retry = RetryPolicy()
    public var deadLetter = DeadLetterPolicy()
    public var batch: BatchPolicy? = nil
    public var deduplicate: DeduplicationPolicy? = nil
    @Boxed public var window: WindowPolicy? = nil
    /// What `${...}` stood for in its manifest: texts that are shown to nobody.
    public var confidential: [String] = []
    /// Not in manifests: see `BridgeConfiguration.withRepartitions`.
    @Boxed public var repartitioning: Repartitioning? = nil

    public init(name: String, topic: String, endpoint: String) {
        self.name = name
        self.topic = topic
        self.endpoint = endpoint
    }
}

extension Subscription {
    /// The label by which subscriptions of the API are counted; empty without one.
    public var tenant: String { labels.first { $0.name == "tenant" }?.value ?? "" }
}

public struct HeaderField: Sendable, Equatable {
    public var name: String
    public var value: String
    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// Where a subscription without a committed cursor begins.
public enum StartPosition: Sendable, Equatable {
    case latest
    case earliest
    /// The first record at or after this time.
    case time(WallTime)
}

public enum PayloadFormat: String, CaseIterable, Sendable {
    /// CloudEvents JSON; a batch is `application/cloudevents-batch+json`.
    case structured
    /// `ce-` headers and the value as it is; refused for batches.
    case binary
    /// The value and its content type only; a batch is a JSON array of the values.
    case raw
}

public struct DeliveryPolicy: Sendable, Equatable {
    /// From the first byte sent to the last byte of the answer, connecting included.
    public var timeout: TimeSpan = .seconds(15)
    public var connectTimeout: TimeSpan = .seconds(5)
    /// Requests in flight at once, per replica.
    public var maxInFlight: Int = 64
    public var ordering: Ordering = .none
    public var priority: DeliveryPriority = .normal
    public var http: HTTPVersion = .auto
    public init() {}
}

/// What waits for what.
public enum Ordering: String, CaseIterable, Sendable {
    /// Nothing: as many requests at once as the endpoint takes.
    case none
    /// An event waits for those before it that have the same record key, on its partition. One without a key waits for none.
    case key
    /// An event waits for all before it on its partition.
    case partition
}

/// What becomes of an ordered event that would be given up, for which others wait.
public enum ExhaustionPolicy: String, CaseIterable, Sendable {
    /// It is dead-lettered, and those behind it go on.
    case `continue`
    /// It is kept, and those behind it wait, until an operator decides or it is older than `giveUpAfter`.
    case hold
}

public enum HTTPVersion: String, CaseIterable, Sendable {
    /// HTTP/2 where the endpoint offers it by ALPN, else HTTP/1.1.
    case auto
    case http1 = "1.1"
    case http2 = "2"
    /// As `auto`, and always by libcurl, also where our own sender would do.
    case libcurl = "curl"
}

/// Who goes first when the process has as many requests in flight as it may.
public enum DeliveryPriority: String, CaseIterable, Sendable {
    case high
    case normal
    case low
}

/// Limit of requests: a token bucket. A subscription's counts over all replicas together.
public struct RateLimit: Sendable, Equatable {
    public var perSecond: Double = 100
    /// Requests at once after a pause.
    public var burst: Double = 20

    public init(perSecond: Double = 100, burst: Double = 20) {
        self.perSecond = perSecond
        self.burst = burst
    }
}

/// How much may be diverted (to the retry or dead-letter topic) before failures count as an outage.
public struct DiversionPolicy: Sendable, Equatable {
    public var burst: Int = 50
    /// How much each success gives back.
    public var perSuccess: Double = 1
    public init() {}
}

public struct RetryPolicy: Sendable, Equatable {
    /// Delay before the second attempt, the third, ...; exhausted after the last.
    public var schedule: [TimeSpan] = [
        .seconds(5), .minutes(1), .minutes(5), .minutes(30), .hours(2), .hours(6), .hours(12), .hours(24),
    ]
    /// Each delay is multiplied by a random factor in `1 ... 1 + jitter`: never early.
    public var jitter: Double = 0.2
    public var giveUpAfter: TimeSpan = .days(3)
    public var on: Set<RetryCondition> = Self.defaultConditions
    /// Only with an ordering.
    public var onExhausted: ExhaustionPolicy = .continue
    public init() {}

    public static let defaultConditions: Set<RetryCondition> = [
        .network, .timeout, .status(404), .status(408), .status(409), .status(425), .status(429), .statusClass(5),
    ]
}

/// One entry of `retry.on`. A TLS failure counts as `network` here.
public enum RetryCondition: Sendable, Hashable {
    case network
    case timeout
    case status(Int)
    /// `5xx` is `statusClass(5)`.
    case statusClass(Int)
}

public struct DeadLetterPolicy: Sendable, Equatable {
    /// Nil: the bridge's `deadLetter.topic` pattern decides.
    public var topic: String? = nil
    /// Drop and count instead of dead-lettering.
    public var drop: Bool = false
    public init() {}
}

public struct BatchPolicy: Sendable, Equatable {
    public var maxEvents: Int = 100
    /// Upper bound of the sum of the events' record sizes, in bytes.
    public var maxBytes: Int = 1 << 20
    /// How long the first event of a batch may wait for company.
    public var maxWait: TimeSpan = .seconds(1)
    /// Whether the body of a 2xx answer may name events of the batch that failed: they fail by themselves, the others are
    /// delivered. An answer that is not understood fails none.
    public var partialResults: Bool = false
    public init() {}
}

/// A filter as the manifest says it: the CloudEvents Subscriptions API dialects on context attributes, and content patterns.
public indirect enum FilterExpression: Sendable, Equatable {
    /// Every named attribute equals its value. An empty list is refused by `check`.
    case exact([AttributeOperand])
    case prefix([AttributeOperand])
    case suffix([AttributeOperand])
    case all([FilterExpression])
    case any([FilterExpression])
    case not(FilterExpression)
    /// What the event must look like as JSON: attributes at the top, the payload under `data`.
    case pattern(PatternTree)
    /// An expression of CloudEvents SQL 1.0.
    case sql(String)
}

public struct AttributeOperand: Sendable, Equatable {
    /// CloudEvents attribute name, lower case.
    public var attribute: String
    public var operand: String
    public init(attribute: String, operand: String) {
        self.attribute = attribute
        self.operand = operand
    }
}
