import KafkaClient
import Redelivery

/// Values of dead letters: their own, or what stands at their source where they were too large for the topic.
struct ReferredValues {
    private let kafka: KafkaConfiguration
    private var source: RecordFetcher?

    init(_ kafka: KafkaConfiguration) { self.kafka = kafka }

    mutating func withValue(of letter: DeadLetter, _ record: KafkaRecord, _ body: (UnsafeRawBufferPointer?) throws -> Void) throws {
        guard letter.isReference, let place = letter.source else { return try body(record.value) }
        let original: KafkaRecord?
        do throws(KafkaError) {
            if source == nil { source = try RecordFetcher(kafka) }
            original = try source!.record(of: place.topicPartition, at: place.offset)
        } catch {
            throw Failed("the source of dead letter \(letter.place.inTopic) cannot be read: \(error.message)")
        }
        defer { original?.destroy() }
        try body(original?.value)
    }
}
