import BridgeRuntime
import KafkaClient
import Testing

@Suite struct CursorFetchesTests {
    private func question(_ partitions: Int32...) -> CursorFetches.Question {
        CursorFetches.Question(partitions: partitions.map { TopicPartition(topic: "orders", partition: $0) }) { _ in }
    }

    @Test func `shards that ask for the same group share a request, as long as it has not been sent`() {
        var line = CursorFetches.Line()
        for name in ["billing", "search"] { line.append(question(0, 1), of: name) }
        for name in ["billing", "search"] { line.append(question(2), of: name) }
        let first = line.popFirst()
        #expect(first?.group == "billing")
        #expect(first?.questions.map { $0.partitions.map(\.partition) } == [[0, 1], [2]])
        line.append(question(3), of: "billing")
        #expect(line.popFirst()?.group == "search")
        #expect(line.popFirst()?.questions.map { $0.partitions.map(\.partition) } == [[3]])
        #expect(line.popFirst() == nil)
    }
}
