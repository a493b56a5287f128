/// Which filters stand under which hash.
struct PostingTable {
    private struct Slot {
        var hash: UInt64 = 0
        var start: Int32 = 0
        /// None: the slot is free.
        var count: Int32 = 0
    }

    /// Open addressing; a power of two, at most half full.
    private var slots: ContiguousArray<Slot>
    private var filters = ContiguousArray<Int32>()

    init(_ postings: [(hash: UInt64, filter: Int32)]) {
        let sorted = postings.sorted { ($0.hash, $0.filter) < ($1.hash, $1.filter) }
        var size = 16
        while size < 2 * sorted.count { size *= 2 }
        slots = ContiguousArray(repeating: Slot(), count: size)
        filters.reserveCapacity(sorted.count)
        var start = 0
        while start < sorted.count {
            var end = start
            while end < sorted.count, sorted[end].hash == sorted[start].hash {
                filters.append(sorted[end].filter)
                end += 1
            }
            var slot = Int(truncatingIfNeeded: sorted[start].hash) & (size - 1)
            while slots[slot].count > 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = Slot(hash: sorted[start].hash, start: Int32(start), count: Int32(end - start))
            start = end
        }
    }

    func find(_ hash: UInt64, into found: inout CandidateSet) {
        var position = Int(truncatingIfNeeded: hash)
        while true {
            let slot = slots[position & (slots.count - 1)]
            if slot.count == 0 { return }
            if slot.hash == hash {
                for index in slot.start..<slot.start + slot.count { found.insert(filters[Int(index)]) }
                return
            }
            position &+= 1
        }
    }
}
