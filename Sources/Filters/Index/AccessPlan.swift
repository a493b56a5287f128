/// Chooses for every filter by what it is found: of everything that a filter needs, what the fewest events have.
///
/// How rare something is can only be guessed: a field that many different keys ask for has many different values.
struct AccessPlan {
    private(set) var keys: [(key: AccessKey, filter: Int32)] = []
    /// Filters that are looked at for every event.
    private(set) var always: [Int32] = []

    /// How many filters have each key.
    private var uses: [UInt64: Int32] = [:]
    private var fields: [FieldTree.Field: Statistics] = [:]

    private struct Statistics {
        /// Different values that are looked up.
        var values = 0.0
        var wildcards = 0.0
        var ranges = 0.0
        var low = Double.infinity
        var high = -Double.infinity

        mutating func note(_ bound: Double) {
            guard bound.isFinite else { return }
            low = min(low, bound)
            high = max(high, bound)
        }
    }

    init(_ filters: [Access]) {
        for filter in filters { count(filter) }
        for (index, filter) in filters.enumerated() {
            let best = best(filter)
            guard let chosen = best.keys else {
                always.append(Int32(index))
                continue
            }
            keys += chosen.map { ($0, Int32(index)) }
        }
    }

    private mutating func count(_ access: Access) {
        switch access {
        case .always: break
        case .every(let parts), .either(let parts):
            for part in parts { count(part) }
        case .keys(let keys):
            for key in keys { count(key) }
        }
    }

    private mutating func count(_ key: AccessKey) {
        switch key {
        case .lookup(let field, let kind, let hash, _):
            let known = uses[hash, default: 0]
            uses[hash] = known + 1
            if kind == .gram { fields[field, default: Statistics()].wildcards += 1 }
            else if known == 0 { fields[field, default: Statistics()].values += 1 }
        case .range(let field, let range):
            fields[field, default: Statistics()].ranges += 1
            fields[field]?.note(range.low)
            fields[field]?.note(range.high)
        }
    }

    /// The share of events that may have one of the keys; nil keys: any event.
    private func best(_ access: Access) -> (keys: [AccessKey]?, share: Double) {
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

    private func share(_ key: AccessKey) -> Double {
        switch key {
        case .lookup(_, .present, _, _): return 0.95
        case .lookup(let field, .gram, let hash, _):
            return Double(uses[hash] ?? 0) / (1 + (fields[field]?.wildcards ?? 0))
        case .lookup(let field, _, _, _):
            return 1 / (1 + (fields[field]?.values ?? 0))
        case .range(let field, let range):
            guard let known = fields[field], known.high > known.low else { return 0.5 }
            let width = min(range.high, known.high) - max(range.low, known.low)
            return max(width / (known.high - known.low), 1 / (1 + known.ranges))
        }
    }
}
