import EventModel

/// What will happen in a world, in order of time; equal times in the order in which they were noted.
struct Agenda<World> {
    typealias Action = (World) -> Void

    private struct Entry {
        var at: Instant
        var order: UInt64
        var action: Action

        func isBefore(_ other: Entry) -> Bool { (at, order) < (other.at, other.order) }
    }

    private var heap: [Entry] = []
    private var order: UInt64 = 0

    mutating func note(at time: Instant, _ action: @escaping Action) {
        order += 1
        heap.append(Entry(at: time, order: order, action: action))
        var i = heap.count - 1
        while i > 0, heap[i].isBefore(heap[(i - 1) / 2]) {
            heap.swapAt(i, (i - 1) / 2)
            i = (i - 1) / 2
        }
    }

    mutating func next() -> (at: Instant, action: Action)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            var i = 0
            while true {
                var least = i
                for child in [2 * i + 1, 2 * i + 2] where child < heap.count && heap[child].isBefore(heap[least]) { least = child }
                if least == i { break }
                heap.swapAt(i, least)
                i = least
            }
        }
        return (first.at, first.action)
    }
}
