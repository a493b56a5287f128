/// A pattern whose fields have their places in a `FieldTree`.
struct PatternMatch {
    struct Condition {
        var field: FieldTree.Field
        var matchers: ContiguousArray<ValueMatcher>
        /// One of the matchers is `exists: false`.
        var allowsAbsence: Bool
    }

    private(set) var alternatives: ContiguousArray<ContiguousArray<Condition>>

    init(_ pattern: ContentPattern, in tree: inout FieldTree) {
        alternatives = []
        for alternative in pattern.alternatives {
            alternatives.append(ContiguousArray(alternative.map { field in
                Condition(
                    field: tree.add(field.path), matchers: ContiguousArray(field.matchers), allowsAbsence: field.matchers.contains(.absent))
            }))
        }
    }

    func matches(_ fields: EventFields) -> Bool { alternatives.contains { Self.hold($0, fields) } }

    static func hold(_ conditions: ContiguousArray<Condition>, _ fields: EventFields) -> Bool {
        for condition in conditions where !mayHold(condition, fields) { return false }
        if fields.elements.isEmpty { return true }
        var search = ElementSearch(conditions: conditions)
        return search.finds(from: 0, fields)
    }

    /// Whether the condition holds by itself. What is absent from some element may stand in another one.
    static func mayHold(_ condition: Condition, _ fields: EventFields) -> Bool {
        let range = fields.range(of: condition.field)
        if condition.allowsAbsence && (range.isEmpty || !fields.elements.isEmpty) { return true }
        for index in range where matches(condition, fields.leaves[index]) { return true }
        return false
    }

    fileprivate static func matches(_ condition: Condition, _ leaf: Leaf) -> Bool {
        for matcher in condition.matchers where matcher.matches(leaf) { return true }
        return false
    }
}

/// Looks for values that meet all conditions and are consistent with each other.
///
/// The conditions are gone through in the order of their paths, as event-ruler does, and that is seen from the outside:
/// `exists: false` looks only at values that are consistent with the fields before it.
private struct ElementSearch {
    let conditions: ContiguousArray<PatternMatch.Condition>
    private var chosen = ContiguousArray<ArrayElements.ID>()
    /// Arrays beside arrays multiply; beyond this many looks the pattern does not match.
    private var looks = 100_000

    init(conditions: ContiguousArray<PatternMatch.Condition>) { self.conditions = conditions }

    mutating func finds(from index: Int, _ fields: EventFields) -> Bool {
        guard index < conditions.count else { return true }
        let condition = conditions[index]
        let range = fields.range(of: condition.field)
        if condition.allowsAbsence, nextConsistent(range, fields) == nil { return finds(from: index + 1, fields) }
        var position = range.lowerBound
        while let next = nextConsistent(position..<range.upperBound, fields) {
            position = next + 1
            let leaf = fields.leaves[next]
            guard PatternMatch.matches(condition, leaf) else { continue }
            chosen.append(leaf.element)
            if finds(from: index + 1, fields) { return true }
            chosen.removeLast()
            // Another value of the same element leads nowhere else.
            while position < range.upperBound, fields.leaves[position].element == leaf.element { position += 1 }
        }
        return false
    }

    /// The first value that is consistent with those chosen.
    private mutating func nextConsistent(_ range: Range<Int>, _ fields: EventFields) -> Int? {
        var position = range.lowerBound
        search: while position < range.upperBound {
            looks -= 1
            if looks < 0 { return nil }
            for element in chosen {
                guard let behind = fields.elements.conflict(of: fields.leaves[position].element, with: element) else { continue }
                position = first(in: position + 1..<range.upperBound, at: behind, fields)
                continue search
            }
            return position
        }
        return nil
    }

    /// The first value of an element from `element` on.
    private func first(in range: Range<Int>, at element: ArrayElements.ID, _ fields: EventFields) -> Int {
        var (low, high) = (range.lowerBound, range.upperBound)
        while low < high {
            let middle = (low + high) / 2
            if fields.leaves[middle].element < element { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
