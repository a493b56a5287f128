/// Intervals of numbers, found by a number inside: a treap by their lower ends, whose nodes know the highest upper end
/// below them. What is where depends on the intervals alone, not on the order in which they came.
struct IntervalTree {
    /// Both ends count as inside; filters that are found are run anyway.
    struct Interval {
        var low: Double
        var high: Double
        var posting: Posting
    }

    private typealias Link = Int32
    private static let none: Link = -1

    private struct Node {
        var interval: Interval
        /// The highest upper end from here down.
        var highest: Double
        var left = none
        var right = none
        /// Above those of both children.
        var priority: UInt64
    }

    private var nodes = ContiguousArray<Node>()
    private var free: [Link] = []
    private var root = none

    // MARK: Looking

    func find(_ number: Double, _ sieve: inout Sieve) {
        nodes.withUnsafeBufferPointer { Self.find(number, root, $0, &sieve) }
    }

    private static func find(_ number: Double, _ root: Link, _ nodes: UnsafeBufferPointer<Node>, _ sieve: inout Sieve) {
        var link = root
        while link != none, nodes[Int(link)].highest >= number {
            find(number, nodes[Int(link)].left, nodes, &sieve)
            let own = nodes[Int(link)].interval
            guard own.low <= number else { return }
            if own.high >= number { sieve.consider(own.posting) }
            link = nodes[Int(link)].right
        }
    }

    // MARK: Changing

    mutating func insert(_ interval: Interval) {
        let node = Node(interval: interval, highest: interval.high, priority: Self.priority(interval))
        let link: Link
        if let reused = free.popLast() {
            nodes[Int(reused)] = node
            link = reused
        } else {
            nodes.append(node)
            link = Link(nodes.count - 1)
        }
        let (below, above) = split(root, before: interval.low, interval.posting.filter)
        root = join(join(below, link), above)
    }

    mutating func remove(low: Double, filter: Int32) {
        let (below, rest) = split(root, before: low, filter)
        let (found, above) = split(rest, before: low, filter + 1)
        precondition(found != Self.none, "what is removed must have been inserted")
        free.append(found)
        root = join(join(below, nodes[Int(found)].left), join(nodes[Int(found)].right, above))
    }

    /// By lower end, and of those with the same by filter.
    private mutating func split(_ link: Link, before low: Double, _ filter: Int32) -> (Link, Link) {
        guard link != Self.none else { return (Self.none, Self.none) }
        let own = nodes[Int(link)].interval
        if own.low < low || own.low == low && own.posting.filter < filter {
            let (left, right) = split(nodes[Int(link)].right, before: low, filter)
            nodes[Int(link)].right = left
            raise(link)
            return (link, right)
        }
        let (left, right) = split(nodes[Int(link)].left, before: low, filter)
        nodes[Int(link)].left = right
        raise(link)
        return (left, link)
    }

    private mutating func join(_ left: Link, _ right: Link) -> Link {
        if left == Self.none { return right }
        if right == Self.none { return left }
        if nodes[Int(left)].priority > nodes[Int(right)].priority {
            nodes[Int(left)].right = join(nodes[Int(left)].right, right)
            raise(left)
            return left
        }
        nodes[Int(right)].left = join(left, nodes[Int(right)].left)
        raise(right)
        return right
    }

    private mutating func raise(_ link: Link) {
        let node = nodes[Int(link)]
        var highest = node.interval.high
        if node.left != Self.none { highest = max(highest, nodes[Int(node.left)].highest) }
        if node.right != Self.none { highest = max(highest, nodes[Int(node.right)].highest) }
        nodes[Int(link)].highest = highest
    }

    private static func priority(_ interval: Interval) -> UInt64 {
        WordHash(seed: interval.low.bitPattern).value(tail: UInt64(UInt32(bitPattern: interval.posting.filter)), length: 0, kind: 0)
    }
}
