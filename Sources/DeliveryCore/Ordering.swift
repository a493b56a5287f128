import DequeModule
import EventModel

// Order: an event waits for those before it that have its key, and only for those.
extension DeliveryCore {
    /// An event of an ordered cursor, taken just now: it holds its key from now on, or waits in line for it. Nil: it waits.
    mutating func lineUp(_ item: Item, _ order: KeyOrder, in delivery: DeliveryID?) -> Item? {
        guard let key = order.key(of: records[item.record]) else { return item }
        var item = item
        let bytes = bytes(of: item)
        defer { noteRoom(item.cursor, order) }
        if order.isHeld(key) {
            guard let delivery, order.mayJoin(delivery, key) else {
                order.follow(item, key, bytes: bytes)
                return nil
            }
        }
        item.key = key
        order.hold(key, bytes: bytes)
        return item
    }

    /// The next event in line behind the last one of a batch, if it may go with it: one that failed before goes alone.
    func follower(of last: Item?, fits: (Item) -> Bool) -> Item? {
        guard let last, let key = last.key, let order = last.cursor.order else { return nil }
        guard var item = order.nextFollower(key, where: { $0.attempts == 0 && fits($0) }) else { return nil }
        item.key = key
        return item
    }

    /// The first part of a refused batch that may be sent: none of its keys is in a request, or in a part before it that has to
    /// wait for one.
    func firstFreePart(of state: SubscriptionState) -> Int? {
        state.parts.indices.first { place in
            let part = state.parts[place]
            return !isBehind(part) && !state.parts[..<place].contains { $0.contains { isOfSameKey($0, part) } }
        }
    }

    /// Whether its request would be the second of a key at the same time.
    private func isBehind(_ part: ContiguousArray<Item>) -> Bool {
        part.contains { item in item.key.map { item.cursor.order!.isUnderWay($0) } ?? false }
    }

    /// A request begins or has ended.
    func setDelivery(_ delivery: DeliveryID?, _ items: ContiguousArray<Item>) {
        for item in items { if let key = item.key, !item.cursor.isGone { item.cursor.order!.setDelivery(delivery, key) } }
    }

    /// Of events that go on one by one, the first of each key does; the others step back into its line, also those in parts
    /// of the same batch that were not sent yet.
    mutating func firstOfEachKey(_ items: ContiguousArray<Item>, _ state: SubscriptionState) -> ContiguousArray<Item> {
        guard items.contains(where: { $0.key != nil }) else { return items }
        // Parts are sent in their order, so what is left of a batch comes after this.
        var all = items
        for i in state.parts.indices {
            all.append(contentsOf: state.parts[i].filter { isOfSameKey($0, items) })
            state.parts[i].removeAll { isOfSameKey($0, items) }
        }
        state.parts.removeAll { $0.isEmpty }
        var first = ContiguousArray<Item>()
        for item in all.reversed() {
            if let key = item.key, !abandoned(item), item.cursor.order!.stepBack(item, key) {
                note(item, .inLine)
                continue
            }
            first.append(item)
        }
        first.reverse()
        return first
    }

    private func isOfSameKey(_ item: Item, _ items: ContiguousArray<Item>) -> Bool {
        guard let key = item.key else { return false }
        return items.contains { $0.cursor === item.cursor && $0.key == key }
    }

    /// The event that held the key is settled: the next in line goes on.
    mutating func letGo(_ item: Item) {
        guard let key = item.key, let order = item.cursor.order else { return }
        let isFree = order.letGo(key, bytes: bytes(of: item))
        if isFree, let state = item.cursor.subscription { passOn(key, order, state) }
        noteRoom(item.cursor, order)
    }

    private mutating func passOn(_ key: UInt64, _ order: KeyOrder, _ state: SubscriptionState) {
        order.setDelivery(nil, key)
        guard var next = order.nextFollower(key) else { return order.end(key) }
        next.key = key
        // During an outage, what is too old need not be tried. It holds its key until its dead letter is written: if that
        // fails, it is still the first.
        if state.circuit.state != .closed, isExpired(next, state) { return divertDead(next, state, Self.tooOld) }
        again(next, state)
    }

    private mutating func noteRoom(_ cursor: Cursor, _ order: KeyOrder) { order.isFull = order.bytes >= bytesPerCursor }

    /// Lets go of what is in line, which stays in Kafka.
    mutating func forgetLines(_ cursor: Cursor) {
        guard let order = cursor.order else { return }
        // In the order of offsets, not of a dictionary: the same every time.
        var followers = order.lines.values.flatMap(\.followers)
        followers.sort { $0.offset < $1.offset }
        for (key, line) in order.lines { order.forgetFollowers(key, bytes: line.followers.reduce(0) { $0 + bytes(of: $1) }) }
        for item in followers { release(item.record) }
    }
}
