import KafkaClient
import Redelivery

/// Values of dead letters: their own, or what stands at their source where they were too large for the topic.
struct ReferredValues {
    private let kafka: KafkaConfiguration
    private var source: SourceReader?

    init(_ kafka: KafkaConfiguration) { self.kafka = kafka }

    mutating func withValue(of letter: DeadLetter, _ record: KafkaRecord, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
        guard letter.isReference, let place = letter.source else { return try body(record.value) }
        let reader = try source ?? SourceReader(kafka)
        source = reader
        guard let value = try reader.value(at: place) else { return try body(nil) }
        try value.withUnsafeBytes { try body($0) }
    }
}
