import Glibc

/// The paths of all fields that some pattern looks at, as a tree of names: reading an event goes only where it leads.
///
/// Members are found by one hash table for the whole tree, so that an object with ten thousand names that patterns know
/// costs no more than one with three.
struct FieldTree {
    typealias Bytes = UnsafeRawBufferPointer
    typealias NodeID = Int32
    typealias Field = Int32

    static let root: NodeID = 0
    static let none: Int32 = -1

    private struct Node {
        /// The field that ends here.
        var field: Field = none
        /// Bit `length % 64` of every child's name: most members of an event are passed over by it alone.
        var lengths: UInt64 = 0
        var parent: NodeID = none
        var name: Range<Int> = 0..<0
    }

    private var nodes: ContiguousArray<Node> = [Node()]
    private var names = ContiguousArray<UInt8>()
    /// Open addressing; a power of two, at most half full.
    private var slots = ContiguousArray<NodeID>(repeating: none, count: 16)
    private(set) var fieldCount = 0

    /// - Parameter path: names joined by dots.
    mutating func add(_ path: String) -> Field { add(path.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)) }

    mutating func add(attribute name: String) -> Field { add(CollectionOfOne(Substring(name).utf8)) }

    private mutating func add(_ names: some Sequence<Substring.UTF8View>) -> Field {
        var node = Self.root
        for name in names {
            node = ContiguousArray(name).withUnsafeBytes { name in
                let known = child(of: node, named: name)
                return known != Self.none ? known : insert(name, under: node)
            }
        }
        if nodes[Int(node)].field == Self.none {
            nodes[Int(node)].field = Field(fieldCount)
            fieldCount += 1
        }
        return nodes[Int(node)].field
    }

    func field(at node: NodeID) -> Field { nodes[Int(node)].field }

    func hasChildren(_ node: NodeID) -> Bool { nodes[Int(node)].lengths != 0 }

    /// Where a member leads; a name with dots leads several steps down.
    func descend(from node: NodeID, by name: Bytes) -> NodeID {
        guard let start = name.baseAddress, memchr(start, Int32(UInt8(ascii: ".")), name.count) != nil else { return child(of: node, named: name) }
        var node = node
        for part in name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) where node != Self.none {
            node = child(of: node, named: Bytes(rebasing: part))
        }
        return node
    }

    func child(of node: NodeID, named name: Bytes) -> NodeID {
        guard nodes[Int(node)].lengths >> UInt64(name.count & 63) & 1 == 1 else { return Self.none }
        var slot = Self.hash(node, name)
        while true {
            let candidate = slots[slot & (slots.count - 1)]
            if candidate == Self.none { return Self.none }
            let known = nodes[Int(candidate)]
            if known.parent == node, known.name.count == name.count, equal(known.name, name) { return candidate }
            slot &+= 1
        }
    }

    private func equal(_ range: Range<Int>, _ name: Bytes) -> Bool {
        guard let start = name.baseAddress, !name.isEmpty else { return true }
        return names.withUnsafeBytes { memcmp($0.baseAddress! + range.lowerBound, start, name.count) == 0 }
    }

    private mutating func insert(_ name: Bytes, under parent: NodeID) -> NodeID {
        let node = NodeID(nodes.count)
        let start = names.count
        names.append(contentsOf: name)
        nodes.append(Node(parent: parent, name: start..<names.count))
        nodes[Int(parent)].lengths |= 1 << UInt64(name.count & 63)
        if nodes.count * 2 > slots.count {
            slots = ContiguousArray(repeating: Self.none, count: slots.count * 2)
            for node in 1..<NodeID(nodes.count) { place(node) }
        } else {
            place(node)
        }
        return node
    }

    private mutating func place(_ node: NodeID) {
        let known = nodes[Int(node)]
        var slot = names.withUnsafeBytes { Self.hash(known.parent, Bytes(rebasing: $0[known.name])) } & (slots.count - 1)
        while slots[slot] != Self.none { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = node
    }

    private static func hash(_ node: NodeID, _ name: Bytes) -> Int {
        Int(truncatingIfNeeded: WordHash.whole(name, seed: UInt64(UInt32(bitPattern: node)), kind: 0))
    }
}
