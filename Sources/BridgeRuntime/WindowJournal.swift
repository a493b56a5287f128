import DeliveryCore
import EventModel
import KafkaClient

/// What windows hold, kept by the code that serves, and beside it which events each of them counts.
final class WindowJournal: WindowContents {
    struct Counted {
        var offset: Int64
        var time: WallTime
    }

    /// A complete window's event.
    struct Made {
        var bounds: WindowBounds
        var partition: Int32
        /// The events in it, in the order of the log.
        var events: [Counted]
        var value: [UInt8]
        var key: [UInt8]?
    }

    private let windows: ShardWindows
    private var counted: [WindowID: [Counted]] = [:]
    private var looked = Counted(offset: 0, time: WallTime(milliseconds: 0))
    /// By the token of its record, until that is forgotten.
    private(set) var made: [RecordToken: Made] = [:]

    init(_ windows: ShardWindows) { self.windows = windows }

    func forget(_ record: RecordToken) { made[record] = nil }

    func look(at record: RecordToken, of partition: PartitionHandle, for subscription: SubscriptionID) -> WindowedEvent {
        let event = windows.look(at: record, of: partition, for: subscription)
        if case .event(let time, _) = event { looked = Counted(offset: KafkaRecord(bits: record.bits).offset, time: time) }
        return event
    }

    func source(of record: RecordToken) -> SourcePlace? { windows.source(of: record) }

    func open(_ window: WindowID) {
        counted[window] = []
        windows.open(window)
    }

    func add(to window: WindowID) {
        counted[window, default: []].append(looked)
        windows.add(to: window)
    }

    func merge(_ window: WindowID, into other: WindowID) {
        counted[other, default: []] += counted.removeValue(forKey: window) ?? []
        windows.merge(window, into: other)
    }

    func event(of window: WindowID, _ bounds: WindowBounds, at now: WallTime) -> IncomingRecord {
        let incoming = windows.event(of: window, bounds, at: now)
        let record = KafkaRecord(bits: incoming.token.bits)
        made[incoming.token] = Made(
            bounds: bounds, partition: record.partition, events: (counted[window] ?? []).sorted { $0.offset < $1.offset },
            value: record.value.map(Array.init) ?? [],
            key: record.key.map(Array.init))
        return incoming
    }

    func discard(_ window: WindowID) {
        counted[window] = nil
        windows.discard(window)
    }

    func bytes(of subscription: SubscriptionID) -> Int { windows.bytes(of: subscription) }
}
