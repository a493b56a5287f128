package import EventFormats

/// Memory of one request: what is written for it lies here until it has ended.
package struct RequestSlot {
    package static let leastBody = 1 << 10

    package let headers = ByteWriter(capacity: 512)
    package let body = ByteWriter(capacity: leastBody)

    /// The headers that were written, in order.
    var fields: [(name: String, value: String)] {
        headers.bytes.split(separator: 0).map { line in
            let text = String(decoding: UnsafeRawBufferPointer(rebasing: line), as: UTF8.self)
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return (name: String(parts[0]), value: String(parts[1].drop { $0 == " " }))
        }
    }
}

/// The requests' memory, by the engine's index; the next request of the same index uses it again.
///
/// What idle slots keep is bounded: the engine takes the index that was freed last, so the few that are in use all the time
/// keep their buffers, and the thousands that were needed once do not keep their bodies for ever.
package struct RequestSlots {
    /// Of one body; a larger one was an exception.
    package static let keptBody = 64 << 10
    /// Of the bodies of all idle slots, beyond the least of each.
    package static let keptBodies = 4 << 20

    private var slots: [RequestSlot] = []
    /// What the bodies of idle slots keep beyond their least.
    package private(set) var idleBytes = 0

    package init() {}

    /// An empty slot, until `end`.
    package mutating func begin(_ index: Int) -> RequestSlot {
        while slots.count <= index { slots.append(RequestSlot()) }
        idleBytes -= slots[index].body.capacity - RequestSlot.leastBody
        return slots[index]
    }

    /// Nobody reads the slot any more.
    package mutating func end(_ index: Int) {
        let slot = slots[index]
        slot.headers.removeAll(keepingCapacity: true)
        let isKept = slot.body.capacity <= Self.keptBody && idleBytes + slot.body.capacity <= Self.keptBodies
        slot.body.removeAll(keepingAtMost: isKept ? .max : RequestSlot.leastBody)
        idleBytes += slot.body.capacity - RequestSlot.leastBody
    }
}
