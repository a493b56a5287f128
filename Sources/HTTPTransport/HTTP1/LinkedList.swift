/// A place in a ``LinkedList``, part of what is in the list: entering and leaving it allocates nothing.
struct Link {
    typealias Pointer = UnsafeMutablePointer<Link>

    /// What is in the list.
    let owner: UnsafeMutableRawPointer
    fileprivate(set) var isLinked = false
    fileprivate var previous: Pointer?
    fileprivate(set) var next: Pointer?

    static func make(_ owner: UnsafeMutableRawPointer) -> Pointer {
        let link = Pointer.allocate(capacity: 1)
        link.initialize(to: Link(owner: owner))
        return link
    }
}

/// A queue whose members may leave from anywhere.
struct LinkedList {
    private(set) var first: Link.Pointer?
    private(set) var last: Link.Pointer?
    private(set) var count = 0

    var isEmpty: Bool { first == nil }

    mutating func append(_ link: Link.Pointer) {
        precondition(!link.pointee.isLinked, "A link is in one list at a time.")
        link.pointee.isLinked = true
        count += 1
        link.pointee.previous = last
        link.pointee.next = nil
        if let last { last.pointee.next = link } else { first = link }
        last = link
    }

    /// The link must be in this list.
    mutating func remove(_ link: Link.Pointer) {
        precondition(link.pointee.isLinked, "A link that leaves a list is in it.")
        if let previous = link.pointee.previous { previous.pointee.next = link.pointee.next } else { first = link.pointee.next }
        if let next = link.pointee.next { next.pointee.previous = link.pointee.previous } else { last = link.pointee.previous }
        link.pointee.isLinked = false
        count -= 1
        link.pointee.previous = nil
        link.pointee.next = nil
    }

    mutating func popFirst() -> Link.Pointer? {
        guard let first else { return nil }
        remove(first)
        return first
    }
}
