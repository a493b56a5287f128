import BridgeRuntime
import EventModel
import KafkaClient
import Testing

@Suite struct RenewedLogsTests {
    private let partition = TopicPartition(topic: "orders", partition: 0)
    private var logs = RenewedLogs()

    init() { logs.add(partition, start: 3, of: ["fanfare.billing", "fanfare.search"], at: Instant(nanoseconds: 10)) }

    private mutating func commits(_ group: String, sent nanoseconds: Int64) {
        logs.committed(partition, by: group, sent: Instant(nanoseconds: nanoseconds))
    }

    @Test mutating func `a group begins where the log does, until it has committed in it`() {
        #expect(logs.start(of: partition, for: "fanfare.billing") == 3)
        commits("fanfare.billing", sent: 11)
        #expect(logs.start(of: partition, for: "fanfare.billing") == nil)
        #expect(logs.start(of: partition, for: "fanfare.search") == 3)
        commits("fanfare.search", sent: 12)
        #expect(logs.isEmpty)
    }

    @Test mutating func `a commit that was on its way says nothing of the new log`() {
        commits("fanfare.billing", sent: 9)
        #expect(logs.start(of: partition, for: "fanfare.billing") == 3)
    }

    @Test func `a subscription that came later, and another partition, have nothing to do with it`() {
        #expect(logs.start(of: partition, for: "fanfare.audit") == nil)
        #expect(logs.start(of: TopicPartition(topic: "orders", partition: 1), for: "fanfare.billing") == nil)
    }
}
