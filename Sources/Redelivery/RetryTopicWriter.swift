internal import DeliveryCore
internal import EventModel
internal import KafkaClient

/// Writes records into the first lane of the retry topic, where they are due at once, and knows which of them Kafka has
/// acknowledged.
final class RetryTopicWriter {
    /// Nothing was acknowledged for long, for the reason that was heard last.
    struct Stall: Error {
        var reason: String
    }

    enum Refusal: Error {
        case tooLarge
        case other(KafkaError)
    }

    private let producer: RecordProducer
    private let topic: RecordProducer.Topic
    let partitions: [Int32]
    private var next = 0
    /// One more than the offset of the last record that was acknowledged, by partition.
    private(set) var ends: [Int32: Int64] = [:]
    private var places: [Int32] = []
    private var refused: [(index: Int, refusal: Refusal)] = []
    private var silence = ContinuousClock.now
    private var trouble = "no answer"
    private static let patience = Duration.seconds(30)
    /// A job's state has a word for each, and all of them must fit into the metadata of one offset.
    private static let mostPartitions = 64

    /// - Parameter existing: the partitions that the topic has.
    init(_ kafka: KafkaConfiguration, topic: String, existing: Int, policy: BridgeConfiguration.RetryTopic) throws(KafkaError) {
        producer = try RecordProducer(kafka, signal: nil)
        self.topic = try producer.topic(topic)
        let lanes = Lanes(delays: policy.lanes, partitionsPerLane: policy.partitionsPerLane)
        var found: [Int32] = []
        for choice in 0..<UInt64(min(policy.partitionsPerLane, Self.mostPartitions)) {
            let partition = lanes.partition(inLane: 0, choice: choice)
            if Int(partition) < existing { found.append(partition) }
        }
        partitions = found
    }

    /// Records without an answer yet.
    var outstanding: Int { producer.outstanding }

    /// Records since the last `settle`.
    var count: Int { places.count }

    /// Hands a record over; whether Kafka took it is known after `settle`. Waits where too much is under way.
    func write(key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?, headers: consuming HeaderList) throws {
        let partition = partitions[next % partitions.count]
        next += 1
        var headers = headers
        if producer.outstanding == 0 { silence = .now }
        places.append(partition)
        while true {
            do throws(KafkaError) {
                return try producer.produce(to: topic, partition: partition, key: key, value: value, headers: &headers, token: UInt(places.count))
            } catch {
                switch error.code {
                case .MSG_SIZE_TOO_LARGE: return refused.append((places.count - 1, .tooLarge))
                case ._QUEUE_FULL: try listen(milliseconds: 20)
                default: throw error
                }
            }
        }
    }

    /// Waits until Kafka has answered for everything. Returns what it refused, counted from 0 since the last `settle`.
    func settle() throws -> [(index: Int, refusal: Refusal)] {
        while producer.outstanding > 0 { try listen(milliseconds: 100) }
        defer {
            places.removeAll(keepingCapacity: true)
            refused.removeAll()
        }
        return refused
    }

    /// Takes answers, waiting for them at most so long.
    func listen(milliseconds: Int) throws {
        producer.flush(milliseconds: milliseconds, { token, result in
            silence = .now
            let index = Int(token) - 1
            switch result {
            case .success(let offset): ends[places[index]] = max(ends[places[index]] ?? 0, offset + 1)
            case .failure(let error) where error.code == .MSG_SIZE_TOO_LARGE: refused.append((index, .tooLarge))
            case .failure(let error): refused.append((index, .other(error)))
            }
        }, notice: { if case .failed(let error) = $0 { trouble = error.message } })
        if producer.outstanding > 0, .now - silence > Self.patience { throw Stall(reason: trouble) }
    }
}
