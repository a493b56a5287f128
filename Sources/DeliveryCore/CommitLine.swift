import DequeModule

/// Groups in line for a commit, those first that a crash would make repeat most: to within a factor of two, and among such those that
/// came first. So finding the next takes as long with thousands as with one.
struct CommitLine {
    /// By the number of binary digits of what is settled. A group that rose to another line has left its place in this one behind.
    private var lines = ContiguousArray<Deque<CommitGroup>>(repeating: [], count: Int.bitWidth)
    /// No group waits in a line above.
    private var highest = 0
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ group: CommitGroup) {
        count += 1
        lineUp(group)
    }

    /// More of it was settled.
    mutating func advance(_ group: CommitGroup) { if Self.line(of: group) > group.line { lineUp(group) } }

    private mutating func lineUp(_ group: CommitGroup) {
        group.line = Self.line(of: group)
        lines[group.line].append(group)
        highest = max(highest, group.line)
    }

    private static func line(of group: CommitGroup) -> Int { Int.bitWidth - group.settled.leadingZeroBitCount }

    mutating func popMostUrgent() -> CommitGroup? {
        if isEmpty { return nil }
        while true {
            guard let group = lines[highest].popFirst() else {
                highest -= 1
                continue
            }
            guard group.line == highest else { continue }
            group.line = CommitGroup.noLine
            count -= 1
            return group
        }
    }

    /// Whether its turn will come.
    func contains(_ group: CommitGroup) -> Bool { group.isWaiting && group.line <= highest && lines[group.line].contains { $0 === group } }
}
