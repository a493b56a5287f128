/// What a process's Kafka clients of one kind say of one broker. The engine does not know.
public struct KafkaFigures: Sendable, Equatable {
    public enum Client: String, Sendable, CaseIterable { case consumer, producer }

    public var client: Client
    /// `host:port/id`, as librdkafka names it.
    public var broker: String
    /// Clients that are connected.
    public var connected = 0
    public var requests: UInt64 = 0
    /// Requests without an answer in time, and those that could not be sent or read.
    public var failures: UInt64 = 0
    public var disconnects: UInt64 = 0
    /// From sending a request to its answer, in seconds: the mean of the slowest client since it was last asked. A fetch may be
    /// held at the broker for as long as `fetch.wait.max.ms`. Nil when nothing was answered.
    public var roundTrip: Double?

    public init(client: Client, broker: String) {
        self.client = client
        self.broker = broker
    }

    /// Adds another client's figures of the same kind and broker to these.
    public mutating func merge(_ other: KafkaFigures) {
        connected += other.connected
        requests += other.requests
        failures += other.failures
        disconnects += other.disconnects
        if let theirs = other.roundTrip { roundTrip = max(roundTrip ?? 0, theirs) }
    }
}

extension [KafkaFigures] {
    /// One entry for each kind of client and broker.
    public mutating func merge(_ others: [KafkaFigures]) {
        for figures in others {
            if let place = firstIndex(where: { $0.client == figures.client && $0.broker == figures.broker }) {
                self[place].merge(figures)
            } else {
                append(figures)
            }
        }
    }
}
