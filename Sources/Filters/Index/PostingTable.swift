/// Which filters stand under which hash. Most hashes that are asked for are not there: a bit for each hash says so without
/// a look at the table.
///
/// It owns its memory, in plain blocks: nothing is counted or checked while it is searched.
final class PostingTable {
    typealias Place = Int32

    private struct Slot {
        var hash: UInt64 = 0
        /// None: the slot is free.
        var count: Int32 = 0
        var capacity: Int32 = 0
        /// Where there is one only.
        var single = Posting(filter: -1)
        var many: UnsafeMutablePointer<Posting>?
    }

    // Open addressing; a power of two, at most three quarters full.
    private var slots: UnsafeMutablePointer<Slot>
    private var mask: Int
    private var used = 0

    /// Eight bits for each slot. Bits of hashes that are gone stay until there are many.
    private var bits: UnsafeMutablePointer<UInt64>
    private var gone = 0

    init() {
        mask = 15
        slots = .allocate(capacity: 16)
        slots.initialize(repeating: Slot(), count: 16)
        bits = .allocate(capacity: 2)
        bits.initialize(repeating: 0, count: 2)
    }

    deinit {
        for index in 0...mask { slots[index].many?.deallocate() }
        slots.deallocate()
        bits.deallocate()
    }

    // MARK: Looking

    func find(_ hash: UInt64) -> Place? {
        let bit = Self.bit(hash, mask)
        guard bits[bit >> 6] >> UInt64(bit & 63) & 1 == 1 else { return nil }
        var position = Int(truncatingIfNeeded: hash) & mask
        while slots[position].count > 0 {
            if slots[position].hash == hash { return Place(truncatingIfNeeded: position) }
            position = (position &+ 1) & mask
        }
        return nil
    }

    func consider(_ place: Place, _ sieve: inout Sieve) {
        let slot = slots + Int(place)
        guard let many = slot.pointee.many else { return sieve.consider(slot.pointee.single) }
        for index in 0..<Int(slot.pointee.count) { sieve.consider(many[index]) }
    }

    func filters(at place: Place) -> [Int32] {
        let slot = slots[Int(place)]
        guard let many = slot.many else { return [slot.single.filter] }
        return (0..<Int(slot.count)).map { many[$0].filter }
    }

    // MARK: Changing

    /// - Returns: how many stand under the hash now.
    @discardableResult
    func insert(_ hash: UInt64, _ posting: Posting) -> Int {
        if (used + 1) * 4 > (mask + 1) * 3 { grow() }
        var position = Int(truncatingIfNeeded: hash) & mask
        while slots[position].count > 0, slots[position].hash != hash { position = (position + 1) & mask }
        if slots[position].count == 0 {
            slots[position] = Slot(hash: hash, count: 1, single: posting)
            used += 1
            mark(hash)
        } else {
            Self.append(posting, to: &slots[position])
        }
        return Int(slots[position].count)
    }

    private static func append(_ posting: Posting, to slot: inout Slot) {
        if slot.count >= slot.capacity {
            let capacity = max(4, Int(slot.count) * 2)
            let larger = UnsafeMutablePointer<Posting>.allocate(capacity: capacity)
            if let many = slot.many {
                larger.update(from: many, count: Int(slot.count))
                many.deallocate()
            } else {
                larger[0] = slot.single
            }
            slot.many = larger
            slot.capacity = Int32(capacity)
        }
        slot.many![Int(slot.count)] = posting
        slot.count += 1
    }

    func remove(_ hash: UInt64, filter: Int32) {
        var position = Int(truncatingIfNeeded: hash) & mask
        while slots[position].hash != hash || slots[position].count == 0 {
            precondition(slots[position].count > 0, "what is removed must have been inserted")
            position = (position + 1) & mask
        }
        guard let many = slots[position].many, slots[position].count > 1 else { return free(position) }
        var index = 0
        while many[index].filter != filter { index += 1 }
        slots[position].count -= 1
        many[index] = many[Int(slots[position].count)]
    }

    /// Those behind move up, so that no search ends too early.
    private func free(_ position: Int) {
        slots[position].many?.deallocate()
        var hole = position
        var next = (position + 1) & mask
        while slots[next].count > 0 {
            let home = Int(truncatingIfNeeded: slots[next].hash) & mask
            if (next - home) & mask >= (next - hole) & mask {
                slots[hole] = slots[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        slots[hole] = Slot()
        used -= 1
        gone += 1
        if gone > mask / 2 { markAll() }
    }

    private func grow() {
        let (old, size) = (slots, mask + 1)
        mask = size * 2 - 1
        slots = .allocate(capacity: size * 2)
        slots.initialize(repeating: Slot(), count: size * 2)
        for index in 0..<size where old[index].count > 0 {
            var position = Int(truncatingIfNeeded: old[index].hash) & mask
            while slots[position].count > 0 { position = (position + 1) & mask }
            slots[position] = old[index]
        }
        old.deallocate()
        bits.deallocate()
        bits = .allocate(capacity: (mask + 1) / 8)
        markAll()
    }

    // MARK: Bits

    /// Other bits of the hash than those that choose the slot.
    private static func bit(_ hash: UInt64, _ mask: Int) -> Int { Int(truncatingIfNeeded: hash >> 24) & (mask << 3 | 7) }

    private func mark(_ hash: UInt64) {
        let bit = Self.bit(hash, mask)
        bits[bit >> 6] |= 1 << UInt64(bit & 63)
    }

    private func markAll() {
        bits.update(repeating: 0, count: (mask + 1) / 8)
        for index in 0...mask where slots[index].count > 0 { mark(slots[index].hash) }
        gone = 0
    }
}
