/// Groups by number. A group keeps its number while it has a window, and while it is the one that was found last.
struct GroupTable {
    private struct Entry {
        var text = ContiguousArray<UInt8>()
        var hash = 0
        var windows = 0
        /// Another group with the same hash, or -1.
        var next = -1
    }

    private var entries = ContiguousArray<Entry>()
    private var free = ContiguousArray<Int>()
    /// The first group with a hash. Never iterated: its order differs from process to process.
    private var first: [Int: Int] = [:]
    /// Found last.
    private var current = -1
    /// Of groups that have a window.
    private(set) var bytes = 0

    /// The group's number. The one that was found before is forgotten if no window of it was opened.
    mutating func find(_ text: UnsafeRawBufferPointer) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: text)
        let hash = hasher.finalize()
        var number = first[hash] ?? -1
        while number >= 0, !entries[number].text.withUnsafeBytes({ $0.elementsEqual(text) }) { number = entries[number].next }
        if number >= 0, number == current { return number }
        if current >= 0, entries[current].windows == 0 { forget(current) }
        if number < 0 { number = insert(text, hash) }
        current = number
        return number
    }

    private mutating func insert(_ text: UnsafeRawBufferPointer, _ hash: Int) -> Int {
        let number = free.popLast() ?? entries.count
        if number == entries.count { entries.append(Entry()) }
        entries[number] = Entry(text: ContiguousArray(text), hash: hash, next: first.updateValue(number, forKey: hash) ?? -1)
        return number
    }

    private mutating func forget(_ number: Int) {
        let gone = entries[number]
        entries[number] = Entry()
        free.append(number)
        guard var previous = first[gone.hash], previous != number else {
            first[gone.hash] = gone.next < 0 ? nil : gone.next
            return
        }
        while entries[previous].next != number { previous = entries[previous].next }
        entries[previous].next = gone.next
    }

    mutating func addWindow(_ number: Int) {
        if entries[number].windows == 0 { bytes += size(number) }
        entries[number].windows += 1
    }

    mutating func removeWindow(_ number: Int) {
        entries[number].windows -= 1
        guard entries[number].windows == 0 else { return }
        bytes -= size(number)
        if number != current { forget(number) }
    }

    /// With what the dictionary takes, roughly.
    private func size(_ number: Int) -> Int { MemoryLayout<Entry>.stride + arrayOverhead + entries[number].text.count + 32 }

    func withText<Result>(_ number: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        entries[number].text.withUnsafeBytes(body)
    }
}
