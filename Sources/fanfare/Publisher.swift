import ArgumentParser
import EventFormats
import EventModel
import Glibc
import KafkaClient
import TerminalViews

/// Hands lines to the producer and keeps the books: every line is acknowledged, or named with what became of it.
final class Publisher {
    private let producer: RecordProducer
    private let topic: RecordProducer.Topic
    private let topicName: String
    /// Freed with this.
    private let key: UnsafeMutableRawBufferPointer?
    /// The attribute of CloudEvents that comes before it (Kafka binding, 3.1).
    private let keyFrom: String?
    private let headers: [(name: String, value: String)]
    private let cloudEventHeaders: [(name: String, value: String)]
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
        _ kafka: KafkaConfiguration, topic: String, key: [UInt8]?, keyFrom: String?, headers: [(name: String, value: String)], rate: Double?,
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
        self.keyFrom = keyFrom
        self.headers = headers
        cloudEventHeaders = EventInput.cloudEventHeaders(headers)
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
            switch EventInput.kind(of: value) {
            case .notJSON(let reason): return "not JSON: \(reason)"
            case .otherJSON: return try hand(over: value, key: nil, headers, line: number)
            case .cloudEvent:
                let own = keyFrom.flatMap { EventInput.attribute($0, of: value) }
                return try hand(over: value, key: own, cloudEventHeaders, line: number)
            }
        }
        if let refusal { name("line \(number): \(refusal)") } else { sent += 1 }
        if sent % 64 == 0 || rate != nil { listen(milliseconds: 0) }
    }

    /// Nil, or why the producer does not take it.
    ///
    /// - Parameter own: the event's own key.
    private func hand(
        over value: UnsafeRawBufferPointer, key own: ByteWriter?, _ headers: [(name: String, value: String)], line number: Int
    ) throws -> String? {
        while true {
            var list = HeaderList()
            for header in headers { list.append(name: header.name, value: header.value) }
            do throws(KafkaError) {
                let key = own?.bytes ?? key.map { UnsafeRawBufferPointer($0) }
                try producer.produce(to: topic, key: key, value: value, headers: &list, token: UInt(number))
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
        var summary = "\(Numbers.counted(acknowledged, "event")) published to \(topicName)"
        if failed > 0 { summary += ", \(failed) failed" }
        if acknowledged >= 1000 { summary += " in \((seconds * 10).rounded() / 10) s (\(Int(Double(acknowledged) / seconds)) per second)" }
        printError(summary)
        return failed == 0
    }
}
