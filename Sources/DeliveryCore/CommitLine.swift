/// Groups in line for a commit, those first that a crash would make repeat most: to within a factor of two, and among such those that
/// came first. So the next is found at once, however many wait.
struct CommitLine {
    private struct Line {
        var first: CommitGroup?
        var last: CommitGroup?
    }

    /// By the number of binary digits of what is settled.
    private var lines = ContiguousArray(repeating: Line(), count: Int.bitWidth)
    /// No group waits in a line above.
    private var highest = 0
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ group: CommitGroup) {
        count += 1
        group.line = Self.line(of: group)
        highest = max(highest, group.line)
        group.previous = lines[group.line].last
        if let last = group.previous { last.next = group } else { lines[group.line].first = group }
        lines[group.line].last = group
    }

    /// More of it was settled.
    mutating func advance(_ group: CommitGroup) {
        guard Self.line(of: group) > group.line else { return }
        remove(group)
        append(group)
    }

    private static func line(of group: CommitGroup) -> Int { Int.bitWidth - group.settled.leadingZeroBitCount }

    mutating func popMostUrgent() -> CommitGroup? {
        if isEmpty { return nil }
        while true {
            if let group = lines[highest].first {
                remove(group)
                return group
            }
            highest -= 1
        }
    }

    private mutating func remove(_ group: CommitGroup) {
        if let previous = group.previous { previous.next = group.next } else { lines[group.line].first = group.next }
        if let next = group.next { next.previous = group.previous } else { lines[group.line].last = group.previous }
        group.previous = nil
        group.next = nil
        group.line = CommitGroup.noLine
        count -= 1
    }

    /// Those whose turn will come, in this order.
    var groups: [CommitGroup] {
        lines[...highest].reversed().flatMap { sequence(state: $0.first) { group in
            defer { group = group?.next }
            return group
        } }
    }
}
