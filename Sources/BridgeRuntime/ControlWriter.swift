public import Control
public import KafkaClient

/// Writes records to the control topic, each until Kafka has it. One thread's; nothing waits.
public final class ControlWriter {
    private let kafka: KafkaConfiguration
    private let topic: String
    private let signal: Int32?
    private var producer: RecordProducer?
    /// In the order in which they were given; those that a producer has carry its token.
    private var pending: [(token: UInt, record: ControlRecord, isSent: Bool)] = []
    private var nextToken: UInt = 1

    /// Records that Kafka has not acknowledged.
    public var outstanding: Int { pending.count }

    /// - Parameter signal: An eventfd that is written when `poll` has something to do.
    public init(_ kafka: KafkaConfiguration, topic: String, signal: Int32?) {
        self.kafka = kafka
        self.topic = topic
        self.signal = signal
    }

    /// Takes effect with the next `poll`.
    ///
    /// - Returns: what `poll` will call it.
    @discardableResult
    public func write(_ record: ControlRecord) -> UInt {
        pending.append((nextToken, record, false))
        defer { nextToken += 1 }
        return nextToken
    }

    /// Sends what is to be sent and takes acknowledgements. What failed is sent again with the next call.
    ///
    /// - Parameter acknowledged: told the offset of each record that Kafka has.
    public func poll(acknowledged: (_ token: UInt, _ offset: Int64) -> Void = { _, _ in }) throws(KafkaError) {
        // With nothing to write too, once there is a producer: what it has to say of itself would pile up.
        guard let producer = try pending.isEmpty ? self.producer : connectedProducer() else { return }
        var failure: KafkaError?
        do throws(KafkaError) {
            for index in pending.indices where !pending[index].isSent {
                try send(pending[index].record, pending[index].token, producer)
                pending[index].isSent = true
            }
        } catch {
            // A producer that cannot go on takes nothing: it is known, and replaced, below.
            failure = error
        }
        producer.poll { token, result in
            guard let index = pending.firstIndex(where: { $0.token == token }) else { return }
            switch result {
            case .success(let offset): acknowledged(pending.remove(at: index).token, offset)
            case .failure(let error):
                pending[index].isSent = false
                failure = error
            }
        }
        if let fatal = producer.fatalError {
            self.producer = nil
            for index in pending.indices { pending[index].isSent = false }
            if !pending.isEmpty { failure = fatal }
        }
        if let failure { throw failure }
    }

    private func connectedProducer() throws(KafkaError) -> RecordProducer {
        if let producer { return producer }
        let new = try RecordProducer(kafka, signal: signal)
        producer = new
        return new
    }

    private func send(_ record: ControlRecord, _ token: UInt, _ producer: RecordProducer) throws(KafkaError) {
        let topic = try producer.topic(topic)
        var failure: KafkaError?
        var key = record.key.text
        var value = record.json
        key.withUTF8 { key in
            func produce(_ value: UnsafeRawBufferPointer?) {
                do throws(KafkaError) {
                    try producer.produce(
                        to: topic, partition: ControlReader.partition, key: UnsafeRawBufferPointer(key), value: value, token: token)
                } catch {
                    failure = error
                }
            }
            if value == nil { produce(nil) } else { value!.withUTF8 { produce(UnsafeRawBufferPointer($0)) } }
        }
        if let failure { throw failure }
    }
}
