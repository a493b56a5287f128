/// What the receiver keeps per path: its figures, its dice, and the ids that it accepted.
struct PathRecord {
    var statistics = PathStatistics()
    private var dice: SplitMix64
    private var accepted = RememberedIDs(capacity: 100_000)

    init(seed: UInt64, path: String) {
        // FNV-1a of the path: paths fail independently of each other and of the order in which they first appear.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in path.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        dice = SplitMix64(state: seed ^ hash)
    }

    /// Whether the next delivery fails on purpose.
    mutating func fails(rate: Double) -> Bool {
        guard rate > 0 else { return false }
        return Double.random(in: 0..<1, using: &dice) < rate
    }

    /// How many of these ids were accepted before; the others are from now on.
    mutating func accept(_ ids: [String]) -> Int {
        var repeated = 0
        for id in ids where !accepted.insert(id) { repeated += 1 }
        return repeated
    }
}

/// The last ids seen, bounded.
struct RememberedIDs {
    private var ids: Set<String> = []
    /// In order of arrival, used as a ring once it is full.
    private var order: [String] = []
    private var oldest = 0
    private let capacity: Int

    init(capacity: Int) {
        precondition(capacity > 0)
        self.capacity = capacity
    }

    /// False when it is known already.
    mutating func insert(_ id: String) -> Bool {
        guard ids.insert(id).inserted else { return false }
        if order.count < capacity {
            order.append(id)
        } else {
            ids.remove(order[oldest])
            order[oldest] = id
            oldest = (oldest + 1) % capacity
        }
        return true
    }
}

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014).
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
