import EventFormats

/// JSON pointers as a tree of their names, so that a payload is walked once for all of them.
struct PathTree {
    struct Node {
        let name: ContiguousArray<UInt8>
        /// Ascending by name. Holds indices of `nodes`.
        var children: ContiguousArray<Int> = []
        /// Those children whose names may be an element's index, by that.
        var elements: [Int: Int] = [:]
        /// A pointer ends here.
        var isListed = false
        /// The move whose value comes from here.
        var source: Int? = nil
        /// The move whose value goes here.
        var target: Int? = nil
        /// Some move's target is here or below.
        var hasTargets = false
    }

    /// The first one is the payload itself.
    private(set) var nodes: ContiguousArray<Node> = [Node(name: [])]

    /// Adds what is missing on the way.
    ///
    /// - Returns: the index of the pointer's node.
    mutating func insert(_ pointer: JSONPointer, isTarget: Bool = false) -> Int {
        var current = 0
        if isTarget { nodes[0].hasTargets = true }
        for token in pointer.tokens {
            switch token.withUnsafeBytes({ position(of: $0, below: current) }) {
            case .found(let child): current = child
            case .missing(let place):
                let child = nodes.count
                nodes.append(Node(name: token))
                nodes[current].children.insert(child, at: place)
                if let index = token.withUnsafeBytes({ JSONPointer.index($0) }) { nodes[current].elements[index] = child }
                current = child
            }
            if isTarget { nodes[current].hasTargets = true }
        }
        return current
    }

    mutating func list(_ pointer: JSONPointer) { nodes[insert(pointer)].isListed = true }

    mutating func move(_ number: Int, from: JSONPointer, to: JSONPointer) {
        nodes[insert(from)].source = number
        nodes[insert(to, isTarget: true)].target = number
    }

    // MARK: Looking up

    private enum Place {
        case found(Int)
        /// Where it would stand among the children.
        case missing(Int)
    }

    private func position(of name: UnsafeRawBufferPointer, below parent: Int) -> Place {
        let children = nodes[parent].children
        var low = 0
        var high = children.count
        while low < high {
            let middle = (low + high) / 2
            let order = nodes[children[middle]].name.withUnsafeBytes { Self.compare($0, name) }
            if order == 0 { return .found(children[middle]) }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return .missing(low)
    }

    func child(_ name: UnsafeRawBufferPointer, of parent: Int) -> Int? {
        if case .found(let child) = position(of: name, below: parent) { child } else { nil }
    }

    func child(index: Int, of parent: Int) -> Int? { nodes[parent].elements[index] }

    /// Any order will do; lengths tell most names apart.
    private static func compare(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
        guard a.count == b.count else { return a.count - b.count }
        for i in a.indices where a[i] != b[i] { return Int(a[i]) - Int(b[i]) }
        return 0
    }
}
