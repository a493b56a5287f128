/// A filter where the index finds it, with what else must be in the event.
struct Posting {
    var filter: Int32
    /// Places in a `Signature`.
    private var guards: (UInt16, UInt16) = (Signature.always, Signature.always)

    init(filter: Int32, guards: [AccessKey] = []) {
        self.filter = filter
        let places = guards.map { key -> UInt16 in
            guard case .lookup(_, _, let hash, _) = key else { return Signature.always }
            return Signature.place(hash)
        }
        if places.count > 0 { self.guards.0 = places[0] }
        if places.count > 1 { self.guards.1 = places[1] }
    }

    func isPossible(_ signature: Signature) -> Bool { signature.has(guards.0) && signature.has(guards.1) }
}

/// Everything that was looked up for one event, a bit each: keys with the same bit are taken for one another.
final class Signature {
    private static let places = 4096
    static let always: UInt16 = 0

    private let words: UnsafeMutablePointer<UInt64>

    init() {
        words = .allocate(capacity: Self.places / 64)
        clear()
    }

    deinit { words.deallocate() }

    static func place(_ hash: UInt64) -> UInt16 { max(1, UInt16(truncatingIfNeeded: hash >> 52)) }

    func clear() {
        words.update(repeating: 0, count: Self.places / 64)
        words[0] = 1
    }

    func insert(_ hash: UInt64) {
        let place = Self.place(hash)
        words[Int(place >> 6)] |= 1 << UInt64(place & 63)
    }

    func has(_ place: UInt16) -> Bool { words[Int(place >> 6)] >> UInt64(place & 63) & 1 == 1 }
}
