package import DeliveryCore
import EventFormats

/// What a shard's Kafka clients last said of their brokers. A client that is gone keeps its counts: they only grow.
///
/// The document: https://github.com/confluentinc/librdkafka/blob/v2.0.2/STATISTICS.md. Times there are in microseconds.
package struct KafkaStatistics {
    private var clients: [String: [KafkaFigures]] = [:]
    /// By kind of client and broker. Kept, as snapshots are taken more often than documents come.
    package private(set) var figures: [KafkaFigures] = []

    package init() {}

    /// Text that is not such a document changes nothing.
    package mutating func take(_ json: String) {
        var json = json
        json.withUTF8 { bytes in
            guard let root = try? JSONScanner.scan(UnsafeRawBufferPointer(bytes)),
                let name = root.member("name")?.text, let client = root.member("type")?.text.flatMap(KafkaFigures.Client.init)
            else { return }
            var figures: [KafkaFigures] = []
            if let brokers = root.member("brokers"), brokers.kind == .object {
                for broker in brokers.members { if let one = Self.figures(of: broker.value, client) { figures.append(one) } }
            }
            clients[name] = figures
            self.figures = []
            for (_, figures) in clients.sorted(by: { $0.key < $1.key }) { self.figures.merge(figures) }
        }
    }

    /// Nil for those that no metric should name: addresses to begin with (`nodeid` -1), and a group's coordinator, which is a broker
    /// that has an entry of its own.
    private static func figures(of broker: JSONValue, _ client: KafkaFigures.Client) -> KafkaFigures? {
        guard let id = broker.member("nodeid")?.number, id >= 0, let name = broker.member("name")?.text else { return nil }
        func count(_ name: String) -> UInt64 { UInt64(max(0, broker.member(name)?.number ?? 0)) }
        var figures = KafkaFigures(client: client, broker: name)
        figures.connected = broker.member("state")?.text == "UP" ? 1 : 0
        figures.requests = count("tx")
        figures.failures = count("txerrs") + count("rxerrs") + count("req_timeouts")
        figures.disconnects = count("disconnects")
        if let times = broker.member("rtt"), let answers = times.member("cnt")?.number, answers > 0 {
            figures.roundTrip = times.member("avg")?.number.map { $0 / 1_000_000 }
        }
        return figures
    }
}

extension JSONValue {
    fileprivate func member(_ name: String) -> JSONValue? {
        guard kind == .object else { return nil }
        for member in members where name.utf8.elementsEqual(member.name.stringBody) { return member.value }
        return nil
    }

    fileprivate var text: String? {
        let text = ByteWriter(capacity: 64)
        return kind == .string && appendUnescaped(to: text) ? String(decoding: text.bytes, as: UTF8.self) : nil
    }

    fileprivate var number: Double? { kind == .number ? Double(String(decoding: raw, as: UTF8.self)) : nil }
}
