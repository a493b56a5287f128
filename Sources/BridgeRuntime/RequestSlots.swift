package import EventFormats

/// Memory of one request: what is written for it lies here until it has ended.
package struct RequestSlot {
    package static let leastBody = 1 << 10

    package let headers = ByteWriter(capacity: 512)
    package let body = ByteWriter(capacity: leastBody)
    /// Nil where no receipts are written.
    package var receipt: ReceiptDraft? = nil
    /// Nil where no spans are made.
    package var trace: TraceDraft? = nil

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
    private let receipts: ReceiptSample?
    private let hasTraces: Bool
    /// What the bodies of idle slots keep beyond their least.
    package private(set) var idleBytes = 0

    /// - Parameters:
    ///   - receipts: which events' attempts are recorded; nil: none.
    ///   - traces: whether spans are made of attempts.
    package init(receipts: ReceiptSample? = nil, traces: Bool = false) {
        self.receipts = receipts
        hasTraces = traces
    }

    /// An empty slot, until `end`.
    package mutating func begin(_ index: Int) -> RequestSlot {
        makeRoom(index)
        idleBytes -= slots[index].body.capacity - RequestSlot.leastBody
        slots[index].receipt?.begin()
        slots[index].trace?.begin()
        return slots[index]
    }

    private mutating func makeRoom(_ index: Int) {
        while slots.count <= index { slots.append(RequestSlot(receipt: receipts.map { ReceiptDraft($0) }, trace: hasTraces ? TraceDraft() : nil)) }
    }

    /// What the receipt will say, also after the request has ended and until the next one begins.
    /// Nil where no receipts are written.
    mutating func receipt(of index: Int) -> ReceiptDraft? {
        guard receipts != nil else { return nil }
        makeRoom(index)
        return slots[index].receipt
    }

    /// What the spans will say, for as long. Nil where none are made.
    mutating func trace(of index: Int) -> TraceDraft? {
        guard hasTraces else { return nil }
        makeRoom(index)
        return slots[index].trace
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
