import DeliveryCore
import EventModel
import KafkaClient

extension IncomingRecord {
    /// librdkafka's structures around a record, roughly.
    static let overhead = 256

    /// What the engine knows of any record; nobody gets it yet.
    init(_ record: KafkaRecord) {
        self.init(
            offset: record.offset, token: RecordToken(bits: record.bits), timestamp: WallTime(milliseconds: record.timestamp),
            bytes: record.byteCount + Self.overhead, matches: 0, poison: false)
    }

    /// Finds out who gets it, and what it may have to wait for.
    mutating func match(_ view: RecordView, _ route: TopicRoute, into slots: inout [Int32]) {
        key = view.key.map(Shard.hash) ?? 0
        if let matches = route.match(view, into: &slots) {
            self.matches = matches
            // As if it were held as JSON too: requests may need it at any time, each for itself.
            bytes += route.unframedBytes
            poison = route.isRejected
        } else {
            poison = true
        }
    }
}
