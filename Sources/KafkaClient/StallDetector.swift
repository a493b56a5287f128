internal import CRDKafka

/// Where librdkafka stops to fetch ahead for one partition.
struct FetchLimits {
    var bytes: Int
    var records: Int

    /// As the client was configured, by us or by the user.
    init(of client: OpaquePointer) {
        func value(_ name: String) -> Int {
            var text = [CChar](repeating: 0, count: 32)
            var size = text.count
            let status = rd_kafka_conf_get(rd_kafka_conf(client), name, &text, &size)
            guard status == RD_KAFKA_CONF_OK, let number = Int(sentence(text)) else {
                preconditionFailure("librdkafka has a number for \(name)")
            }
            return number
        }
        bytes = value("queued.max.messages.kbytes") << 10
        records = value("queued.min.messages")
    }
}

/// Tells when a partition's queue was full and is now empty.
///
/// librdkafka 2.0 stops fetching for a full queue, and the thread that fetches from a broker then sleeps up to a second
/// unless something else wakes it: draining the queue does not. A bridge that is held back by its endpoints meets this all
/// the time, and would stand still for the rest of that second whenever it has caught up with the queue.
struct StallDetector {
    let limits: FetchLimits
    private var mostQueued = 0
    /// Of what was read since the queue was last empty.
    private var records = 0
    private var bytes = 0

    init(limits: FetchLimits) { self.limits = limits }

    /// One record was read.
    mutating func count(_ byteCount: Int) {
        records &+= 1
        bytes &+= byteCount
    }

    /// That many are queued, and will be read.
    mutating func observe(queued: Int) { mostQueued = max(mostQueued, queued) }

    /// The queue is empty: whether the fetcher may sleep because it was full before. A fetch that is waited for adds to a queue that is
    /// nearly full, so half is enough to suspect it.
    mutating func shouldWake() -> Bool {
        defer { self = StallDetector(limits: limits) }
        return mostQueued >= limits.records / 2 || (records > 0 && mostQueued &* (bytes / records) >= limits.bytes / 2)
    }
}
