/// A pattern whose fields have their places in a `FieldTree`: alternatives, each of conditions that must all hold.
struct PatternMatch {
    private(set) var alternatives: [[FieldCondition]]

    init(_ pattern: ContentPattern, in tree: inout FieldTree) {
        alternatives = []
        for alternative in pattern.alternatives {
            alternatives.append(alternative.map { field in
                FieldCondition(
                    field: tree.add(field.path), matchers: ContiguousArray(field.matchers), allowsAbsence: field.matchers.contains(.absent))
            })
        }
    }

    var tree: FilterTree {
        .any(alternatives.map { conditions in
            let each = conditions.map { FilterTree.condition(.field($0)) }
            return .all(Self.holdsTogether(conditions) ? each : each + [.condition(.together(conditions))])
        })
    }

    /// Whether values that meet the conditions one by one always meet them together: one value is in no other element
    /// than itself. But that one is absent from some element does not say that it is from the one that is looked at.
    private static func holdsTogether(_ conditions: [FieldCondition]) -> Bool {
        conditions.count == 1 && !conditions[0].allowsAbsence
    }

    static func hold(_ conditions: [FieldCondition], _ fields: borrowing EventFields) -> Bool {
        conditions.allSatisfy { $0.mayHold(fields) } && holdTogether(conditions, fields)
    }

    /// - Parameter conditions: each of which may hold by itself.
    static func holdTogether(_ conditions: [FieldCondition], _ fields: borrowing EventFields) -> Bool {
        if !fields.hasElements || holdsTogether(conditions) { return true }
        var search = ElementSearch(conditions: conditions)
        return search.finds(from: 0, fields)
    }
}

extension FieldCondition {
    /// Whether the condition holds by itself. What is absent from some element may stand in another one.
    func mayHold(_ fields: borrowing EventFields) -> Bool {
        let range = fields.range(of: field)
        if allowsAbsence && (range.isEmpty || fields.hasElements) { return true }
        for index in range where matches(fields.leaves[index]) { return true }
        return false
    }

    fileprivate func matches(_ leaf: Leaf) -> Bool {
        for matcher in matchers where matcher.matches(leaf) { return true }
        return false
    }
}

/// Looks for values that meet all conditions and are consistent with each other.
///
/// The conditions are gone through in the order of their paths, as event-ruler does, and that is seen from the outside:
/// `exists: false` looks only at values that are consistent with the fields before it.
private struct ElementSearch {
    let conditions: [FieldCondition]
    private var chosen = ContiguousArray<ArrayElements.ID>()
    /// Arrays beside arrays multiply; beyond this many looks the pattern does not match.
    private var looks = 100_000

    init(conditions: [FieldCondition]) { self.conditions = conditions }

    mutating func finds(from index: Int, _ fields: borrowing EventFields) -> Bool {
        // Without looks left, what is only not found any more would pass for absent.
        guard index < conditions.count else { return looks >= 0 }
        let condition = conditions[index]
        let range = fields.range(of: condition.field)
        if condition.allowsAbsence, nextConsistent(range, fields) == nil { return finds(from: index + 1, fields) }
        var position = range.lowerBound
        while let next = nextConsistent(position..<range.upperBound, fields) {
            position = next + 1
            let leaf = fields.leaves[next]
            guard condition.matches(leaf) else { continue }
            chosen.append(leaf.element)
            if finds(from: index + 1, fields) { return true }
            chosen.removeLast()
            // Another value of the same element leads nowhere else.
            while position < range.upperBound, fields.leaves[position].element == leaf.element { position += 1 }
        }
        return false
    }

    /// The first value that is consistent with those chosen.
    private mutating func nextConsistent(_ range: Range<Int>, _ fields: borrowing EventFields) -> Int? {
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
    private func first(in range: Range<Int>, at element: ArrayElements.ID, _ fields: borrowing EventFields) -> Int {
        var (low, high) = (range.lowerBound, range.upperBound)
        while low < high {
            let middle = (low + high) / 2
            if fields.leaves[middle].element < element { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
