import BridgeRuntime
import Control
import EventLoop
import KafkaClient

/// The control topic as a command has it: read to its end, and followed from there.
final class ControlTopic {
    /// What is wrong, in a sentence.
    struct Failure: Error {
        let sentence: String
    }

    let name: String
    private let kafka: KafkaConfiguration
    private let loop: EventLoop
    private let reader: ControlReader

    var state: ControlState { reader.state }

    /// How long to wait for a cluster that answers other questions.
    private static let patience: Int64 = 15_000_000_000

    /// - Parameter name: of a topic that exists.
    init(_ kafka: KafkaConfiguration, named name: String) throws(Failure) {
        self.name = name
        self.kafka = kafka
        var asking = kafka
        // Who waits for a command waits for the word that this was all.
        if !kafka.properties.contains(where: { $0.name == "fetch.wait.max.ms" }) { asking.properties.append((name: "fetch.wait.max.ms", value: "50")) }
        do {
            loop = try EventLoop()
            reader = try ControlReader(asking, topic: name, signal: loop.signal.descriptor)
        } catch {
            throw Failure(sentence: "the control topic \(name) cannot be read: \(error)")
        }
        try follow { $0.isCaughtUp }
    }

    /// Writes the records, in their order, and reads them again.
    ///
    /// - Returns: the position of a replica that knows of them.
    func write(_ records: [ControlRecord]) throws(Failure) -> Int64 {
        let writer = ControlWriter(kafka, topic: name, signal: loop.signal.descriptor)
        for record in records { writer.write(record) }
        var position: Int64 = 0
        let end = EventLoop.now() + Self.patience
        do throws(KafkaError) {
            while true {
                try writer.poll { _, offset in position = max(position, offset + 1) }
                guard writer.outstanding > 0, EventLoop.now() < end else { break }
                loop.run(until: EventLoop.now() + 50_000_000)
            }
        } catch {
            throw Failure(sentence: "the control topic \(name) does not take the change: \(error.message)")
        }
        guard writer.outstanding == 0 else {
            throw Failure(
                sentence: "the control topic \(name) has not acknowledged the change; it may hold all the same, so look (`fanfare subscriptions`) and repeat it")
        }
        try follow { $0.position >= position }
        return position
    }

    /// Reads on until something is so, at most until then. False when it is not.
    ///
    /// - Parameter end: nil makes it a failure when it does not become so.
    @discardableResult
    func follow(until end: Int64? = nil, _ condition: (ControlReader) -> Bool) throws(Failure) -> Bool {
        let deadline = end ?? EventLoop.now() + Self.patience
        var failure: KafkaError?
        while true {
            do throws(KafkaError) {
                _ = try reader.read()
            } catch {
                failure = error
            }
            if condition(reader) { return true }
            guard EventLoop.now() < deadline else { break }
            loop.run(until: min(deadline, EventLoop.now() + 100_000_000))
        }
        guard end == nil else { return false }
        throw Failure(sentence: "the control topic \(name) cannot be read: \(failure?.message ?? "the cluster sends nothing of it")")
    }
}
