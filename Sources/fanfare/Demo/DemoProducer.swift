import EventModel
import KafkaClient

/// Writes the demo's events: a shop's orders and payments, a few hundred per second, in waves, so that something moves.
struct DemoProducer {
    let kafka: KafkaConfiguration
    let topics: [TopicManifest]
    let ledger: DemoLedger

    /// A type that the flaky partner refuses for good, now and then.
    static let poisonType = "order.returned"
    private static let poisonInterval: Duration = .seconds(3)
    private static let tick: Duration = .milliseconds(20)
    /// How often a type comes, in relation to the others; those without a number count 10.
    private static let weights = [
        "order.created": 40, "order.payment.received": 30, "order.payment.failed": 4, "order.shipped": 25, "order.cancelled": 4,
        poisonType: 0, "payment.settled": 30, "payment.refunded": 2,
    ]

    private struct Lane {
        var topic: TopicManifest
        var partitions: Int32
        var perSecond: Double
        /// Every type as often as it shall come.
        var types: [String]
        var owed = 0.0
    }

    /// Runs until the task is cancelled; then waits for what is outstanding.
    func run() async throws {
        let producer = try RecordProducer(kafka, signal: nil)
        var lanes = topics.map(Self.lane)
        var inFlight: [UInt: (lane: Int, partition: Int32, type: String)] = [:]
        let told = { [ledger] (lanes: [Lane], inFlight: inout [UInt: (lane: Int, partition: Int32, type: String)], token: UInt, result: Result<Int64, KafkaError>) in
            guard let event = inFlight.removeValue(forKey: token), case .success(let offset) = result else { return }
            ledger.produced(.init(place: PlaceInTopic(partition: event.partition, offset: offset), type: event.type), to: lanes[event.lane].topic.topic)
        }
        var number: UInt = 0
        let clock = ContinuousClock()
        let start = clock.now
        var last = start
        var nextPoison = start + Self.poisonInterval
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.tick)
            let now = clock.now
            // A machine that stood still does not get everything at once.
            let passed = min((now - last) / .seconds(1), 0.2)
            last = now
            for index in lanes.indices {
                lanes[index].owed += lanes[index].perSecond * Self.wave((now - start) / .seconds(1) + Double(index) * 7) * passed
                var types: [String] = []
                while lanes[index].owed >= 1 {
                    lanes[index].owed -= 1
                    types.append(lanes[index].types.randomElement()!)
                }
                if now >= nextPoison, lanes[index].topic.events.contains(where: { $0.type == Self.poisonType }) {
                    nextPoison = now + Self.poisonInterval
                    types.append(Self.poisonType)
                }
                let topic = try producer.topic(lanes[index].topic.topic)
                for type in types {
                    number += 1
                    let order = 1000 + number / 4
                    let partition = Int32(order % UInt(lanes[index].partitions))
                    var key = "o-\(order)"
                    var value = "{\"type\":\"\(type)\",\"id\":\"\(key)\",\"customer\":\"c-\(number % 97)\",\"total\":\(100 + number * 37 % 9900),\"currency\":\"EUR\"}"
                    inFlight[number] = (index, partition, type)
                    try key.withUTF8 { key in
                        try value.withUTF8 { value in
                            try producer.produce(
                                to: topic, partition: partition, key: UnsafeRawBufferPointer(key), value: UnsafeRawBufferPointer(value),
                                token: number)
                        }
                    }
                }
            }
            producer.poll { told(lanes, &inFlight, $0, $1) }
        }
        guard producer.flush(milliseconds: 10_000, { told(lanes, &inFlight, $0, $1) }) else {
            throw DemoError("the embedded cluster did not acknowledge \(producer.outstanding) records within 10 s")
        }
    }

    private static func lane(_ manifest: TopicManifest) -> Lane {
        let types = manifest.events.isEmpty ? [manifest.topic] : manifest.events.map(\.type)
        let weighted = types.flatMap { [String](repeating: $0, count: weights[$0] ?? 10) }
        return Lane(
            topic: manifest, partitions: Int32(manifest.demoPartitions), perSecond: manifest.topic.hasSuffix("orders") ? 150 : 60,
            types: weighted.isEmpty ? types : weighted)
    }

    /// Between 0.6 and 1.4, in a triangle of 16 seconds.
    private static func wave(_ seconds: Double) -> Double {
        let phase = seconds.truncatingRemainder(dividingBy: 16) / 8
        return 0.6 + 0.8 * (phase < 1 ? phase : 2 - phase)
    }
}

extension TopicManifest {
    /// An embedded partition costs megabytes, and a demo needs few.
    var demoPartitions: Int { min(provisioning.partitions ?? 4, 6) }
}

struct DemoError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
