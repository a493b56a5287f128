/// `fanfare.yaml` with flags and environment applied and defaults filled in; property names are its keys.
public struct BridgeConfiguration: Sendable, Equatable {
    /// Owns the partitions; prefix of every cursor's group name.
    public var group = "fanfare"
    public var kafka = Kafka()
    /// Folder of topic manifests.
    public var topics = "./topics"
    /// By which endpoints are asked for their consent; nil: none is asked.
    public var origin: String? = nil
    public var commitInterval: TimeSpan = .milliseconds(100)
    public var retryTopic = RetryTopic()
    public var deadLetter = DeadLetter()
    public var control = Control()
    public var receipts = Receipts()
    public var notifications = Notifications()
    /// Nil: values in Confluent's wire format are poison.
    public var schemaRegistry: SchemaRegistry? = nil
    public var limits = Limits()
    public var egress = Egress()
    public var ops = Ops()
    public var tracing = Tracing()
    public var logging = Logging()
    public var shutdown = Shutdown()

    public init() {}

    public struct Kafka: Sendable, Equatable {
        /// `embedded` starts a cluster inside the process, for development.
        public var bootstrapServers = "localhost:9092"
        /// librdkafka properties, checked by librdkafka at the start.
        public var properties: [HeaderField] = []
        /// Where the tokens of the SASL mechanism OAUTHBEARER come from.
        public var oauth: OAuth? = nil

        /// What librdkafka takes for a property that has these names; the last one counts.
        public func property(_ names: String...) -> String? { properties.last { names.contains($0.name) }?.value }
    }

    /// A command that prints a token, or a token endpoint. A validated configuration has one of them.
    public struct OAuth: Sendable, Equatable {
        /// The path of a program, and its arguments. Empty: the token endpoint is asked.
        public var command: [String] = []
        /// Who asks the token endpoint, and for what.
        public var client = AuthPolicy.OAuth2()
        /// Instead of the system's authorities, for the token endpoint.
        public var ca: String? = nil
        /// Nil: who the token says it is.
        public var principal: String? = nil
        /// What the broker is told beside the token (RFC 7628, section 3.1).
        public var extensions: [HeaderField] = []
        /// How long one question may take.
        public var timeout: TimeSpan = .seconds(10)
        public init() {}
    }

    public struct RetryTopic: Sendable, Equatable {
        /// `{group}` stands for the group.
        public var name = "{group}.retry"
        /// Nominal delays, ascending.
        public var lanes: [TimeSpan] = [.seconds(1), .seconds(5), .seconds(30), .minutes(2), .minutes(10), .hours(1), .hours(6)]
        public var partitionsPerLane = 1
        public var replicationFactor = 3
    }

    public struct DeadLetter: Sendable, Equatable {
        /// `{topic}` stands for the source topic, `{group}` for the group.
        public var topic = "{topic}.dead-letter"
        public var replicationFactor = 3
    }

    public struct Control: Sendable, Equatable {
        /// `{group}` stands for the group.
        public var topic = "{group}.control"
    }

    /// The audit log: one record per attempt.
    public struct Receipts: Sendable, Equatable {
        /// `{group}` stands for the group.
        public var topic = "{group}.receipts"
        public var enabled = true
        /// The share of events whose attempts are recorded; attempts that fail always are.
        public var sample = 1.0
        public var index = Index()

        /// A copy of the topic in a file of each replica, for questions.
        public struct Index: Sendable, Equatable {
            public var enabled = false
            public var path = "/var/lib/fanfare/receipts.sqlite"
            public var maxAge: TimeSpan = .days(7)
            public var maxBytes = 1 << 30
        }
    }

    /// What happens to the bridge, as events in a topic.
    public struct Notifications: Sendable, Equatable {
        public var enabled = false
        /// `{group}` stands for the group.
        public var topic = "{group}.events"
        /// Dead letters of one subscription within a minute, before they are told.
        public var deadLetters = 1
    }

    /// Where the schemas are that values in Confluent's wire format were written with.
    public struct SchemaRegistry: Sendable, Equatable {
        public struct Basic: Sendable, Equatable {
            public var username = ""
            public var password = ""
            public init() {}
        }

        public struct Bearer: Sendable, Equatable {
            public var token = ""
            public init() {}
        }

        public var url = ""
        public var basic: Basic? = nil
        public var bearer: Bearer? = nil
        /// Instead of the system's authorities.
        public var ca: String? = nil
        public init() {}
    }

    public struct Limits: Sendable, Equatable {
        /// Bytes of records held by the process, over all partitions and subscriptions.
        public var recordMemory = 256 << 20
        /// Bytes of recent records per partition.
        public var ring = 4 << 20
        /// Nil: one per core.
        public var shards: Int? = nil
        /// Requests in flight at once in the process.
        public var maxInFlight = 4096
    }

    public struct Egress: Sendable, Equatable {
        public var allowHTTP = false
        public var allowPrivate = false
        /// Host names, `*.suffix` patterns, addresses or CIDR ranges.
        public var allow: [String] = []
        public var deny: [String] = []
        /// Below 1024, beside 80 and 443.
        public var allowPorts: [Int] = []
        /// URL of what all deliveries go through; may hold credentials.
        public var proxy: String? = nil
    }

    public struct Ops: Sendable, Equatable {
        /// A listener of its own for the public keys of subscriptions.
        public struct PublicKeys: Sendable, Equatable {
            public var listen = ""
            public init() {}
        }

        /// One of those that a caller may show; several at a time, so that one can follow another.
        public struct Token: Sendable, Equatable {
            /// Who has it, as changes are recorded; nil where nobody said.
            public var name: String?
            public var secret: SigningSecret

            public init(name: String? = nil, secret: SigningSecret) {
                self.name = name
                self.secret = secret
            }
        }

        public struct Tokens: Sendable, Equatable {
            /// They read.
            public var viewers: [Token] = []
            /// They read and change.
            public var operators: [Token] = []
            public init() {}

            /// Then only callers on this machine are answered.
            public var isEmpty: Bool { viewers.isEmpty && operators.isEmpty }
        }

        /// What subscriptions that come through the API may do.
        public struct Subscriptions: Sendable, Equatable {
            /// Where the files are that they may refer to; nil: to none.
            public var folder: String? = nil
            /// How many one tenant may have; nil: any number.
            public var perTenant: Int? = nil
            public init() {}
        }

        public var listen = "127.0.0.1:8080"
        public var tokens = Tokens()
        /// Of each token's requests, and of each address without one.
        public var rateLimit = RateLimit(perSecond: 50, burst: 100)
        /// Nil: public keys are not served.
        public var publicKeys: PublicKeys? = nil
        public var subscriptions = Subscriptions()

        public init() {}
    }

    /// Where spans go, and of which events.
    public struct Tracing: Sendable, Equatable {
        /// URL of an OTLP/HTTP collector; nil: traces are passed on, and no spans are made.
        public var otlp: String? = nil
        /// The share of the traces that begin here; others go by their producer's word.
        public var sample = 1.0
        /// What the collector asks for, credentials above all.
        public var headers: [HeaderField] = []
        /// Instead of the system's authorities.
        public var ca: String? = nil
        public init() {}
    }

    public struct Logging: Sendable, Equatable {
        public enum Format: String, CaseIterable, Sendable { case text, json }
        public var level = "info"
        public var format: Format = .text
    }

    public struct Shutdown: Sendable, Equatable {
        /// How long in-flight deliveries may take to finish at the end, and when a partition moves to another replica.
        public var grace: TimeSpan = .seconds(25)
    }

    public var retryTopicName: String { retryTopic.name.replacing("{group}", with: group) }
    public var controlTopicName: String { control.topic.replacing("{group}", with: group) }
    public var receiptsTopicName: String { receipts.topic.replacing("{group}", with: group) }
    public var notificationsTopicName: String { notifications.topic.replacing("{group}", with: group) }
    public func deadLetterTopic(for subscription: Subscription) -> String {
        subscription.deadLetter.topic
            ?? deadLetter.topic.replacing("{topic}", with: subscription.topic).replacing("{group}", with: group)
    }
}
