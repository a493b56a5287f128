import DequeModule
import EventModel

/// Which keys of one cursor have an event under way, and what waits behind it: `ordering: key` and `partition`.
///
/// An event that is under way, in a request or waiting for its next attempt, *holds* its key: later events of that key
/// wait in its line, taken and unsettled, while those of other keys flow past. So a crash repeats nothing of those, and
/// the events in line are read again in their order. Lines end where the cursor may take no more, by number (its metadata)
/// or by bytes; then all waits in Kafka, until a key moves on.
final class KeyOrder {
    struct Line {
        /// Events that hold the key: one, or some of one batch.
        var holders = 1
        /// The request they are in.
        var delivery: DeliveryID? = nil
        var followers = Deque<Item>()
    }

    private let isByPartition: Bool
    private(set) var lines: [UInt64: Line] = [:]
    /// Of the records of all events that hold a key or are in line.
    private(set) var bytes = 0
    /// Events that wait behind others.
    var inLine: Int { lines.values.reduce(0) { $0 + $1.followers.count } }
    /// Takes no more until something has settled.
    var isFull = false

    /// Nil where nothing waits for anything.
    init?(_ ordering: Ordering) {
        if ordering == .none { return nil }
        isByPartition = ordering == .partition
    }

    /// What an event is in line for; nil: it waits for none.
    func key(of record: RecordTable.Entry) -> UInt64? { isByPartition ? 0 : record.key == 0 ? nil : record.key }

    func isHeld(_ key: UInt64) -> Bool { lines[key] != nil }

    /// Whether nothing at all may be taken, as nothing goes past the one event that is under way, unless along with it.
    func isBlocked(for delivery: DeliveryID?) -> Bool {
        guard isByPartition, let line = lines[0] else { return false }
        return delivery == nil || line.delivery != delivery
    }

    func hold(_ key: UInt64, bytes: Int) {
        if lines[key] == nil { lines[key] = Line() } else { lines[key]!.holders += 1 }
        self.bytes += bytes
    }

    /// Whether an event may join those in a request that hold its key.
    func mayJoin(_ delivery: DeliveryID, _ key: UInt64) -> Bool {
        guard let line = lines[key] else { return false }
        return line.delivery == delivery && line.followers.isEmpty
    }

    func setDelivery(_ delivery: DeliveryID?, _ key: UInt64) { lines[key]!.delivery = delivery }

    func isUnderWay(_ key: UInt64) -> Bool { lines[key]!.delivery != nil }

    func follow(_ item: Item, _ key: UInt64, bytes: Int) {
        lines[key]!.followers.append(item)
        self.bytes += bytes
    }

    /// The next in line, who holds the key from now on along with those who do.
    func nextFollower(_ key: UInt64, where isWanted: (Item) -> Bool = { _ in true }) -> Item? {
        guard let first = lines[key]!.followers.first, isWanted(first) else { return nil }
        lines[key]!.followers.removeFirst()
        lines[key]!.holders += 1
        return first
    }

    /// Goes back into line, before all others; false for the last who holds the key, who keeps it.
    func stepBack(_ item: Item, _ key: UInt64) -> Bool {
        guard lines[key]!.holders > 1 else { return false }
        var item = item
        item.key = nil
        lines[key]!.holders -= 1
        lines[key]!.followers.prepend(item)
        return true
    }

    /// True when nobody holds the key any more.
    func letGo(_ key: UInt64, bytes: Int) -> Bool {
        self.bytes -= bytes
        lines[key]!.holders -= 1
        return lines[key]!.holders == 0
    }

    func end(_ key: UInt64) { lines[key] = nil }

    func forgetFollowers(_ key: UInt64, bytes: Int) {
        lines[key]!.followers.removeAll()
        self.bytes -= bytes
    }
}
