import ArgumentParser
import EventModel
import KafkaClient
import Manifests

struct Publish: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Produces events, one JSON value per line.",
        discussion: """
            A JSON object with specversion, id, source and type is sent as a structured CloudEvent (content-type
            application/cloudevents+json); any other JSON value as it is. Blank lines are skipped. Lines that are not JSON
            are named and left out. Exit status 1 unless every line was acknowledged by the cluster.

            For load: `--repeat 1000` sends the input so many times, `--size 500` makes up events of that many bytes instead
            of reading any.
            """)

    @Option(help: ArgumentHelp("The Kafka topic.", valueName: "name"))
    var topic: String

    @Option(help: ArgumentHelp("The key of every record; without it they are spread over the partitions.", valueName: "text"))
    var key: String?

    @Option(help: ArgumentHelp("The attribute that holds a CloudEvent's key, such as partitionkey; one without it gets that of --key.", valueName: "attribute"))
    var keyFrom: String?

    @Option(help: ArgumentHelp("A header of every record; may be repeated.", valueName: "name=value"))
    var header: [String] = []

    @Option(help: ArgumentHelp("Events per second at most.", valueName: "number"))
    var rate: Double?

    @Option(name: .customLong("repeat"), help: ArgumentHelp("Send everything so many times.", valueName: "times"))
    var times = 1

    @Option(help: ArgumentHelp("Make up events of this size instead of reading input.", valueName: "bytes"))
    var size: Int?

    @Option(help: ArgumentHelp("Give up when the cluster acknowledges nothing for so long.", valueName: "duration"), transform: TimeSpan.argument)
    var timeout: TimeSpan = .seconds(30)

    @OptionGroup var options: ConfigurationOptions

    @Argument(help: "Lines of JSON; - is standard input.", completion: .file())
    var file: String?

    func validate() throws {
        _ = try EventInput.headers(header)
        if let keyFrom, keyFrom.isEmpty || !keyFrom.utf8.allSatisfy({ $0 >= 0x61 && $0 <= 0x7A || $0 >= 0x30 && $0 <= 0x39 }) {
            throw ValidationError("--key-from \(keyFrom) is no name of an attribute: a-z and 0-9 only, such as partitionkey")
        }
        if let rate, !(rate >= 0.001) { throw ValidationError("--rate must be at least 0.001") }
        guard times >= 1 else { throw ValidationError("--repeat must be at least 1") }
        if let size {
            guard (1...10_000_000).contains(size) else { throw ValidationError("--size must be between 1 and 10000000") }
            guard file == nil else { throw ValidationError("--size makes events up; leave \(file!) or --size out") }
        }
    }

    func run() async throws {
        let headers = try EventInput.headers(header)
        let kafka = try KafkaConfiguration(try options.usableConfiguration().configuration)
        let admin = try ClusterAdmin(kafka)
        let found = try admin.reach(kafka, topic: topic).topics.first { $0.name == topic }
        if let error = found?.error, error.code == .UNKNOWN_TOPIC_OR_PART || error.code == .TOPIC_AUTHORIZATION_FAILED {
            throw Failed("cannot write to topic \(topic): \(error.message); `fanfare apply` creates the topics of the manifests")
        }
        let publisher = try Publisher(
            kafka, topic: topic, key: key.map { Array($0.utf8) }, keyFrom: keyFrom, headers: headers, rate: rate, timeout: timeout,
            total: size == nil ? nil : times)
        if let size {
            for number in 1...times { try publisher.publish(EventInput.madeUp(number, size: size)[...], line: number) }
        } else if times == 1 {
            var input = try Input(file)
            while let line = try input.nextLine() { try publisher.publish(line, line: input.lineNumber) }
        } else {
            var input = try Input(file)
            var lines: [ArraySlice<UInt8>] = []
            while let line = try input.nextLine() { lines.append(Array(line)[...]) }
            for _ in 0..<times {
                for (index, line) in lines.enumerated() { try publisher.publish(line, line: index + 1) }
            }
        }
        guard try publisher.finish() else { throw ExitCode.findings }
    }
}
