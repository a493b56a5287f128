import Glibc
import KafkaClient
import Testing

/// What a shard's event loop is to these clients: one descriptor to wait for. A pipe serves as well as an eventfd.
final class Loop {
    let signal: Int32
    private let readEnd: Int32

    init() {
        var ends: [Int32] = [0, 0]
        precondition(pipe(&ends) == 0)
        for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        (readEnd, signal) = (ends[0], ends[1])
    }

    deinit {
        close(readEnd)
        close(signal)
    }

    /// Calls `condition` after every signal until it holds. A signal that stays out for `seconds` is a failure.
    func turn(
        seconds: Int32 = 20, until condition: () throws -> Bool, sourceLocation: SourceLocation = #_sourceLocation
    ) rethrows {
        while try !condition() {
            guard wait(seconds: seconds) else {
                Issue.record("no signal within \(seconds) s", sourceLocation: sourceLocation)
                return
            }
        }
    }

    func wait(seconds: Int32) -> Bool {
        var entry = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, seconds * 1000) > 0 else { return false }
        var bytes = [UInt8](repeating: 0, count: 4096)
        _ = read(readEnd, &bytes, bytes.count)
        return true
    }
}

/// An embedded cluster and the settings that make it quick.
struct Fixture {
    let cluster: EmbeddedCluster
    let configuration: KafkaConfiguration

    init(brokers: Int = 1, _ topics: (String, Int)...) throws {
        cluster = try EmbeddedCluster(brokers: brokers, topics: topics.map { (name: $0.0, partitions: $0.1) })
        configuration = KafkaConfiguration(
            bootstrapServers: cluster.bootstrapServers,
            properties: [
                ("fetch.wait.max.ms", "10"), ("session.timeout.ms", "4000"), ("heartbeat.interval.ms", "200"),
                ("linger.ms", "0"),
            ])
    }

    /// Writes texts to one partition and returns their offsets.
    @discardableResult
    func write(_ texts: [String], to partition: TopicPartition) throws -> [Int64] {
        let producer = try RecordProducer(configuration, signal: nil)
        let topic = try producer.topic(partition.topic)
        for (index, text) in texts.enumerated() {
            try text.utf8Bytes { bytes in
                try producer.produce(to: topic, partition: partition.partition, key: nil, value: bytes, token: UInt(index))
            }
        }
        var offsets = [Int64](repeating: -1, count: texts.count)
        let done = producer.flush(milliseconds: 10_000) { token, result in
            if case .success(let offset) = result { offsets[Int(token)] = offset }
        }
        try #require(done && !offsets.contains(-1))
        return offsets
    }
}

extension String {
    func utf8Bytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try Array(utf8).withUnsafeBytes(body)
    }
}

extension Optional where Wrapped == UnsafeRawBufferPointer {
    var text: String? { map { String(decoding: $0, as: UTF8.self) } }
}

extension PartitionQueue {
    /// Reads what is there, in portions of `max`, and destroys it after `use`.
    @discardableResult
    func drain(max: Int = 16, _ use: (KafkaRecord) -> Void) throws -> Int {
        let slots = UnsafeMutablePointer<KafkaRecord>.allocate(capacity: max)
        defer { slots.deallocate() }
        var total = 0
        while true {
            let count = try read(into: slots, max: max)
            for index in 0..<count {
                use(slots[index])
                slots[index].destroy()
            }
            total += count
            if count == 0 { return total }
        }
    }
}
