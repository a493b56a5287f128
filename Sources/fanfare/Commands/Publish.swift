import ArgumentParser
import EventModel
import Glibc
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
        if let rate, !(rate > 0) { throw ValidationError("--rate must be more than 0") }
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
            kafka, topic: topic, key: key.map { Array($0.utf8) }, headers: headers, rate: rate, timeout: timeout,
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

extension EventInput {
    /// `{"n":1,"padding":"xxx"}` of about so many bytes, and never fewer than the number needs.
    static func madeUp(_ number: Int, size: Int) -> [UInt8] {
        let frame = "{\"n\":\(number),\"padding\":\""
        let padding = max(0, size - frame.utf8.count - 2)
        return Array(frame.utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: padding) + Array("\"}".utf8)
    }
}

/// Hands lines to the producer and keeps the books: every line is acknowledged, or named with what became of it.
private final class Publisher {
    private let producer: RecordProducer
    private let topic: RecordProducer.Topic
    private let topicName: String
    /// Freed with this.
    private let key: UnsafeMutableRawBufferPointer?
    private let headers: [(name: String, value: String)]
    private let rate: Double?
    private let timeout: TimeSpan
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private var sent = 0
    private var acknowledged = 0
    private var failed = 0
    private var lastAcknowledgement: ContinuousClock.Instant
    private var progress: Progress
    private var lastTrouble: String?

    /// Beyond so many, failures are only counted.
    private static let named = 20

    init(
        _ kafka: KafkaConfiguration, topic: String, key: [UInt8]?, headers: [(name: String, value: String)], rate: Double?,
        timeout: TimeSpan, total: Int?
    ) throws {
        producer = try RecordProducer(kafka, signal: nil)
        self.topic = try producer.topic(topic)
        topicName = topic
        self.key = key.map { bytes in
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 1)
            copy.copyBytes(from: bytes)
            return UnsafeMutableRawBufferPointer(rebasing: copy[..<bytes.count])
        }
        self.headers = headers
        self.rate = rate
        self.timeout = timeout
        start = clock.now
        lastAcknowledgement = start
        progress = Progress("Publishing to \(topic)", total: total)
    }

    deinit { key?.deallocate() }

    func publish(_ line: ArraySlice<UInt8>, line number: Int) throws {
        guard !EventInput.isBlank(line) else { return }
        try pace()
        let refusal = try line.withUnsafeBytes { value throws -> String? in
            if case .notJSON(let reason) = EventInput.kind(of: value) { return "not JSON: \(reason)" }
            return try hand(over: value, line: number)
        }
        if let refusal { name("line \(number): \(refusal)") } else { sent += 1 }
        if sent % 64 == 0 || rate != nil { listen(milliseconds: 0) }
    }

    /// Nil, or why the producer does not take it.
    private func hand(over value: UnsafeRawBufferPointer, line number: Int) throws -> String? {
        while true {
            var list = HeaderList()
            for header in EventInput.headers(headers, for: value) { list.append(name: header.name, value: header.value) }
            do throws(KafkaError) {
                try producer.produce(to: topic, key: key.map { UnsafeRawBufferPointer($0) }, value: value, headers: &list, token: UInt(number))
                if producer.outstanding == 1 { lastAcknowledgement = clock.now }
                return nil
            } catch {
                guard error.code == ._QUEUE_FULL else { return error.message }
                listen(milliseconds: 20)
                try giveUpIfStalled()
            }
        }
    }

    /// Waits until the next event may go.
    private func pace() throws {
        guard let rate, sent > 0 else { return }
        let due = start + .seconds(Double(sent) / rate)
        while clock.now < due {
            let milliseconds = max(1, min(20, Int((due - clock.now) / .milliseconds(1))))
            if producer.outstanding > 0 { listen(milliseconds: milliseconds) } else { usleep(UInt32(milliseconds) * 1000) }
            progress.update(acknowledged)
        }
    }

    /// Takes results, waiting for them at most so long.
    private func listen(milliseconds: Int) {
        var failures: [(UInt, KafkaError)] = []
        var good = 0
        var trouble: String?
        let handle: (UInt, Result<Int64, KafkaError>) -> Void = { token, result in
            switch result {
            case .success: good += 1
            case .failure(let error): failures.append((token, error))
            }
        }
        let notice: (ClientNotice) -> Void = { if case .failed(let error) = $0 { trouble = error.message } }
        if milliseconds == 0 {
            producer.poll(handle, notice: notice)
        } else {
            producer.flush(milliseconds: milliseconds, handle, notice: notice)
        }
        acknowledged += good
        if good + failures.count > 0 { lastAcknowledgement = clock.now }
        if let trouble { lastTrouble = trouble }
        for (token, error) in failures { name("line \(token): not acknowledged: \(error.message)") }
        progress.update(acknowledged)
    }

    private func name(_ failure: String) {
        failed += 1
        progress.clear()
        if failed <= Self.named {
            printError("error: \(failure)")
        } else if failed == Self.named + 1 {
            printError("error: more lines failed; from here on they are only counted")
        }
    }

    private func giveUpIfStalled() throws {
        guard (clock.now - lastAcknowledgement) / .milliseconds(1) > Double(timeout.millisecondsRoundedUp) else { return }
        progress.clear()
        printError(
            "error: the cluster has acknowledged nothing for \(timeout)\(lastTrouble.map { ": \($0)" } ?? ""); "
                + "\(acknowledged) events were published to \(topicName), \(producer.outstanding) may or may not have been")
        throw ExitCode.findings
    }

    /// Waits for what is outstanding and says how it went. True when every line was acknowledged.
    func finish() throws -> Bool {
        lastAcknowledgement = clock.now
        while producer.outstanding > 0 {
            listen(milliseconds: 50)
            try giveUpIfStalled()
        }
        progress.clear()
        let seconds = (clock.now - start) / .seconds(1)
        var summary = "\(acknowledged) event\(acknowledged == 1 ? "" : "s") published to \(topicName)"
        if failed > 0 { summary += ", \(failed) failed" }
        if acknowledged >= 1000 { summary += " in \((seconds * 10).rounded() / 10) s (\(Int(Double(acknowledged) / seconds)) per second)" }
        printError(summary)
        return failed == 0
    }
}
