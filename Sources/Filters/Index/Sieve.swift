/// What is found for one event: filters of which nothing is known to be missing.
struct Sieve {
    let signature = Signature()
    private(set) var candidates = CandidateSet()
    /// Filters that were thought of: what finding costs beside looking at the event.
    private(set) var steps = 0

    mutating func reserve(_ count: Int) { candidates.reserve(count) }

    mutating func beginEvent() {
        signature.clear()
        steps = 0
    }

    mutating func consider(_ posting: Posting) {
        steps &+= 1
        if posting.isPossible(signature) { candidates.insert(posting.filter) }
    }

    /// Whatever else is there.
    mutating func pass(_ filter: Int32) {
        steps &+= 1
        candidates.insert(filter)
    }

    mutating func drain(into list: inout ContiguousArray<Int32>) { candidates.drain(into: &list) }
}
