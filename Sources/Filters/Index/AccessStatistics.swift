/// How often which keys are asked for, and by that what a filter is best found by: of everything that it needs, what the
/// fewest events have.
///
/// How rare something is in events can only be guessed: what many filters ask for is taken to be common, and a field of
/// which many different values are asked for to have many.
struct AccessStatistics {
    /// How many filters have each key.
    private var uses: [UInt64: Int32] = [:]
    private var families: [Family: Double] = [:]
    private var ranges: [FieldTree.Field: Ranges] = [:]

    /// What is compared with each other: all keys that look at a field in the same way.
    private struct Family: Hashable {
        enum Look: UInt8 { case whole, beginning, end, gram }
        var field: FieldTree.Field
        var look: Look

        init(_ field: FieldTree.Field, _ kind: AccessKey.Kind) {
            self.field = field
            look = switch kind {
            case .prefix, .foldedPrefix: .beginning
            case .suffix, .foldedSuffix: .end
            case .gram: .gram
            default: .whole
            }
        }
    }

    private struct Ranges {
        var count = 0.0
        /// Of all bounds that ever were.
        var low = Double.infinity
        var high = -Double.infinity

        mutating func note(_ bound: Double) {
            guard bound.isFinite else { return }
            low = min(low, bound)
            high = max(high, bound)
        }
    }

    // MARK: Counting

    mutating func add(_ access: Access) { count(access, 1) }
    mutating func remove(_ access: Access) { count(access, -1) }

    private mutating func count(_ access: Access, _ change: Int32) {
        switch access {
        case .always: break
        case .every(let parts), .either(let parts):
            for part in parts { count(part, change) }
        case .keys(let keys):
            for key in keys { count(key, change) }
        }
    }

    private mutating func count(_ key: AccessKey, _ change: Int32) {
        switch key {
        case .lookup(_, .present, _, _), .lookup(_, .absent, _, _), .lookup(_, .notText, _, _): break
        case .lookup(let field, let kind, let hash, _):
            let left = uses[hash, default: 0] + change
            uses[hash] = left == 0 ? nil : left
            families[Family(field, kind), default: 0] += Double(change)
        case .range(let field, let range):
            ranges[field, default: Ranges()].count += Double(change)
            if change > 0 {
                ranges[field]?.note(range.low)
                ranges[field]?.note(range.high)
            }
        }
    }

    // MARK: Choosing

    /// The keys to look for, one of which every event has that may match, and the share of events that have one; nil keys: any event.
    func best(_ access: Access) -> (keys: [AccessKey]?, share: Double) {
        switch access {
        case .always: return (nil, 1)
        case .keys(let keys): return (keys, keys.reduce(0) { $0 + share($1) })
        case .every(let parts):
            var best: (keys: [AccessKey]?, share: Double) = (nil, 1)
            for part in parts {
                let candidate = self.best(part)
                if candidate.keys != nil, best.keys == nil || candidate.share < best.share { best = candidate }
            }
            return best
        case .either(let parts):
            var all: (keys: [AccessKey], share: Double) = ([], 0)
            for part in parts {
                let one = best(part)
                guard let keys = one.keys else { return (nil, 1) }
                all.keys += keys
                all.share += one.share
            }
            return all
        }
    }

    /// Up to two more keys, without which it cannot match either; the rarest.
    func guards(_ access: Access, besides chosen: [AccessKey]) -> [AccessKey] {
        guard case .every(let parts) = access else { return [] }
        let single = parts.compactMap { part -> AccessKey? in
            guard case .keys(let keys) = part, keys.count == 1, !chosen.contains(keys[0]) else { return nil }
            switch keys[0] {
            case .lookup(_, .text, _, _), .lookup(_, .number, _, _), .lookup(_, .literal, _, _): return keys[0]
            default: return nil
            }
        }
        return Array(single.sorted { share($0) < share($1) }.prefix(2))
    }

    private func share(_ key: AccessKey) -> Double {
        switch key {
        case .lookup(_, .present, _, _): return 0.95
        case .lookup(_, .absent, _, _), .lookup(_, .notText, _, _): return 0.5
        case .lookup(let field, let kind, let hash, _):
            return Double(uses[hash] ?? 0) / (1 + (families[Family(field, kind)] ?? 0))
        case .range(let field, let range):
            guard let known = ranges[field], known.high > known.low else { return 0.5 }
            let width = min(range.high, known.high) - max(range.low, known.low)
            return max(width / (known.high - known.low), 1 / (1 + known.count))
        }
    }
}
