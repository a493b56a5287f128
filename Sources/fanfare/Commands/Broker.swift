import ArgumentParser
import Dispatch
import Glibc
import KafkaClient

struct Broker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs an embedded Kafka cluster, for trying things out and for tests.",
        discussion: """
            Everything is in memory. Each line of standard input is a fault, answered with `ok` or with what is wrong:

              down [N]                  broker N (or each) is not reachable
              up [N]                    it is again
              rtt MS [N]                its answers take at least so long
              error REQUEST CODE COUNT  the next requests of a kind fail
                                        (error OffsetCommit NOT_COORDINATOR 3)
              heal REQUEST              they succeed again
              topic-error TOPIC CODE    asking for the topic's metadata fails;
                                        NO_ERROR takes it back
              leader TOPIC PARTITION N  the partition moves to broker N
              coordinator GROUP N       the group's coordinator does

            Ends with SIGTERM or ctrl-C.
            """)

    @Option(help: "Port of the first broker; the others follow.")
    var port: UInt16 = 9092

    @Option(help: "Number of brokers.")
    var brokers = 1

    @Option(help: ArgumentHelp("A topic to create with so many partitions; others come into being with four when they are asked for.", valueName: "name:partitions"))
    var topic: [String] = []

    func run() async throws {
        let topics = try topic.map { text in
            guard let colon = text.lastIndex(of: ":"), let partitions = Int(text[text.index(after: colon)...]), partitions > 0,
                colon > text.startIndex
            else { throw ValidationError("--topic \(text): write name:partitions, for example --topic shop.orders:6") }
            return (name: String(text[..<colon]), partitions: partitions)
        }
        let cluster: EmbeddedCluster
        do {
            cluster = try EmbeddedCluster(brokers: brokers, port: port, topics: topics)
        } catch {
            throw Failed(error.message)
        }
        print("listening on \(cluster.bootstrapServers)")
        flushOutput()
        let (ended, continuation) = AsyncStream.makeStream(of: Void.self)
        let signals = Termination.onSignal { continuation.finish() }
        let reader = FaultReader(cluster: cluster)
        reader.start()
        for await _ in ended {}
        signals.cancel()
    }
}

/// Performs the faults that standard input asks for.
final class FaultReader: Sendable {
    private let cluster: EmbeddedCluster

    init(cluster: EmbeddedCluster) { self.cluster = cluster }

    /// On a thread of its own: reading a line blocks.
    func start() {
        var thread = pthread_t()
        pthread_create(&thread, nil, { context in
            let reader = Unmanaged<FaultReader>.fromOpaque(context!).takeRetainedValue()
            while let line = readLine() {
                let words = line.split(separator: " ").map(String.init)
                if words.isEmpty { continue }
                print(reader.perform(words) ?? "ok")
                flushOutput()
            }
            return nil
        }, Unmanaged.passRetained(self).toOpaque())
    }

    /// Nil when it was done, else what is wrong.
    private func perform(_ words: [String]) -> String? {
        do {
            switch (words[0], words.count) {
            case ("down", 1...2): cluster.takeDown(broker: try broker(words, 1))
            case ("up", 1...2): cluster.bringUp(broker: try broker(words, 1))
            case ("rtt", 2...3):
                cluster.setRoundTripTime(milliseconds: try number(words, 1) ?? 0, broker: try broker(words, 2))
            case ("error", 4): cluster.fail(try request(words[1]), with: try code(words[2]), count: try number(words, 3) ?? 1)
            case ("heal", 2): cluster.stopFailing(try request(words[1]))
            case ("topic-error", 3): cluster.setError(words[2] == "NO_ERROR" ? nil : try code(words[2]), ofTopic: words[1])
            case ("leader", 4):
                let partition = TopicPartition(topic: words[1], partition: Int32(try number(words, 2) ?? 0))
                try cluster.setLeader(of: partition, to: try broker(words, 3) ?? 1)
            case ("coordinator", 3): try cluster.setCoordinator(ofGroup: words[1], to: try broker(words, 2) ?? 1)
            default: return "error: not understood; `fanfare broker --help` lists the faults"
            }
            return nil
        } catch let error as ValidationError {
            return "error: \(error.message)"
        } catch {
            return "error: \(error)"
        }
    }

    private func request(_ name: String) throws -> EmbeddedCluster.Request {
        if let request = EmbeddedCluster.Request(name: name) { return request }
        let names = EmbeddedCluster.Request.allCases.map { "\($0)" }.joined(separator: " ")
        throw ValidationError("\(name) is no request; there are: \(names)")
    }

    private func code(_ name: String) throws -> KafkaError.Code {
        guard let code = KafkaError.Code(name: name) else { throw ValidationError("\(name) is no error code of Kafka's") }
        return code
    }

    private func broker(_ words: [String], _ index: Int) throws -> Int? {
        guard let number = try number(words, index) else { return nil }
        guard (1...cluster.brokerCount).contains(number) else {
            throw ValidationError("there is no broker \(number); they are numbered from 1 to \(cluster.brokerCount)")
        }
        return number
    }

    private func number(_ words: [String], _ index: Int) throws -> Int? {
        guard index < words.count else { return nil }
        // librdkafka has 32 bits for each of them.
        guard let number = Int32(words[index]), number >= 0 else { throw ValidationError("\(words[index]) is not a number") }
        return Int(number)
    }
}

extension EmbeddedCluster.Request {
    /// By Kafka's name or its number; upper and lower case are the same.
    init?(name: String) {
        if let number = Int16(name), let request = Self(rawValue: number) {
            self = request
            return
        }
        guard let request = Self.allCases.first(where: { "\($0)".lowercased() == name.lowercased() }) else { return nil }
        self = request
    }
}

extension KafkaError.Code {
    /// By the name of Kafka's error or its number.
    init?(name: String) {
        if let number = Int32(name) {
            self.init(rawValue: number)
            return
        }
        guard let number = (1...120).first(where: { KafkaError.Code(rawValue: Int32($0)).description == name }) else { return nil }
        self.init(rawValue: Int32(number))
    }
}
