import EventFormats

/// Runs patterns. Its memory is used again for the next text.
struct PatternMatcher {
    private var current = StepSet()
    private var following = StepSet()
    private var pending: [Int] = []
    /// Steps looked at since it was set to 0.
    var cost = 0

    /// Whether the pattern matches somewhere in a string, whatever stands before and behind; nil when `cost` has passed the limit.
    mutating func find(_ pattern: Pattern, in string: JSONValue, limit: Int) -> Bool? {
        current.clear(pattern.steps.count)
        following.clear(pattern.steps.count)
        var text = ScalarsOfString(string)
        var previous: Unicode.Scalar?
        var next = text.next()
        while true {
            // A match may begin here.
            if follow(0, pattern, previous, next) { return true }
            guard let scalar = next else { return false }
            let after = text.next()
            for index in 0..<current.count {
                cost += 1
                if case .one(let scalars) = pattern.steps[current[index]], scalars.contains(scalar) { following.insert(current[index] + 1) }
            }
            guard cost <= limit else { return nil }
            previous = scalar
            next = after
            current.removeAll()
            for index in 0..<following.count {
                if follow(following[index], pattern, previous, next) { return true }
            }
            following.removeAll()
        }
    }

    /// Adds the steps that can be reached from one without a character; true if one of them is the match.
    private mutating func follow(_ step: Int, _ pattern: Pattern, _ previous: Unicode.Scalar?, _ next: Unicode.Scalar?) -> Bool {
        pending.append(step)
        while let step = pending.popLast() {
            guard current.insert(step) else { continue }
            cost += 1
            switch pattern.steps[step] {
            case .one: break
            case .fork(let first, let second):
                pending.append(second)
                pending.append(first)
            case .jump(let target): pending.append(target)
            case .start: if previous == nil { pending.append(step + 1) }
            case .end: if next == nil { pending.append(step + 1) }
            case .wordBoundary(let isOne):
                let isBoundary = (previous.map(ScalarClass.word.contains) ?? false) != (next.map(ScalarClass.word.contains) ?? false)
                if isBoundary == isOne { pending.append(step + 1) }
            case .match:
                pending.removeAll(keepingCapacity: true)
                return true
            }
        }
        return false
    }
}

/// A set of small numbers that is emptied in no time (Briggs and Torczon).
private struct StepSet {
    private var members: [Int] = []
    private var places: [Int] = []

    var count: Int { members.count }
    subscript(index: Int) -> Int { members[index] }

    mutating func clear(_ size: Int) {
        members.removeAll(keepingCapacity: true)
        if places.count < size { places += Array(repeating: 0, count: size - places.count) }
    }

    mutating func removeAll() { members.removeAll(keepingCapacity: true) }

    @discardableResult mutating func insert(_ member: Int) -> Bool {
        let place = places[member]
        if place < members.count, members[place] == member { return false }
        places[member] = members.count
        members.append(member)
        return true
    }
}

/// The characters of a JSON string; it ends early at half a surrogate pair.
struct ScalarsOfString {
    private var bytes: JSONStringBytes

    init(_ string: JSONValue) { bytes = JSONStringBytes(string) }

    mutating func next() -> Unicode.Scalar? {
        guard let first = bytes.next() else { return nil }
        let (length, mask): (Int, UInt8) = switch first {
        case ..<0x80: (0, 0x7F)
        case ..<0xE0: (1, 0x1F)
        case ..<0xF0: (2, 0x0F)
        default: (3, 0x07)
        }
        var value = UInt32(first & mask)
        for _ in 0..<length { value = value << 6 | UInt32((bytes.next() ?? 0) & 0x3F) }
        return Unicode.Scalar(value)
    }

    var isText: Bool { bytes.isText }
}
