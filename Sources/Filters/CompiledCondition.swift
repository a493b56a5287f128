import EventModel

/// A condition as it is answered: those that are asked most lie in plain memory, which whoever has the condition frees.
enum CompiledCondition {
    typealias Bytes = UnsafeRawBufferPointer

    case attribute(FieldTree.Field, FilterCondition.Comparison, Bytes)
    case plain(PlainCondition)
    case field(Box<FieldCondition>)
    case together(Box<[FieldCondition]>)
    case sql(Box<SQLExpression>)
    /// Nobody has it any more.
    case gone

    final class Box<Content> {
        let content: Content
        init(_ content: Content) { self.content = content }
    }

    init(_ condition: FilterCondition) {
        switch condition {
        case .attribute(let field, let comparison, let text): self = .attribute(field, comparison, Bytes(copying: text))
        case .field(let condition): self = PlainCondition(condition).map { .plain($0) } ?? .field(Box(condition))
        case .together(let conditions): self = .together(Box(conditions))
        case .sql(let text):
            // `problems` are looked for where a filter comes from; here there are none left.
            do throws(SQLSyntaxError) {
                self = .sql(Box(try SQLExpression(text)))
            } catch {
                preconditionFailure("the filter's expression is invalid: \(error.message)")
            }
        }
    }

    func free() {
        switch self {
        case .attribute(_, _, let text): text.deallocate()
        case .plain(let condition): condition.free()
        case .field, .together, .sql, .gone: break
        }
    }

    func answer(_ event: borrowing Event, _ fields: borrowing EventFields) -> Conditions.Answer {
        switch self {
        case .attribute(let field, let comparison, let text): fields.attribute(field, comparison, text) ? .yes : .no
        case .plain(let condition): condition.mayHold(fields) ? .yes : .no
        case .field(let condition): condition.content.mayHold(fields) ? .yes : .no
        case .together(let conditions): PatternMatch.holdTogether(conditions.content, fields) ? .yes : .no
        case .sql(let expression):
            switch expression.content.judge(event) {
            case .matches: .yes
            case .doesNot: .no
            case .fails: .failure
            }
        case .gone: preconditionFailure("a condition is asked that no filter has")
        }
    }
}

extension EventFields {
    /// An attribute that the event does not have equals nothing and begins and ends with nothing.
    fileprivate func attribute(_ field: FieldTree.Field, _ comparison: FilterCondition.Comparison, _ text: Bytes) -> Bool {
        // Of an attribute that comes twice the first counts.
        guard let value = range(of: field).first.map({ leaves[$0].bytes }) else { return false }
        return switch comparison {
        case .exact: value.isEqual(to: text)
        case .prefix: value.hasBeginning(text)
        case .suffix: value.hasEnd(text)
        }
    }
}

/// What most conditions on fields are: one of some values, or none of them.
struct PlainCondition {
    typealias Bytes = UnsafeRawBufferPointer

    private enum Matcher {
        case text(Bytes), prefix(Bytes), suffix(Bytes)
        /// What is no text, as it is written.
        case literal(Bytes)
        case number(Double)
        case range(NumericRange)
        case present, absent

        init?(_ matcher: ValueMatcher) {
            switch matcher {
            case .text(let text): self = .text(Bytes(copying: text))
            case .prefix(let text): self = .prefix(Bytes(copying: text))
            case .suffix(let text): self = .suffix(Bytes(copying: text))
            case .literal(let text): self = .literal(Bytes(copying: text))
            case .number(let number): self = .number(number)
            case .range(let range): self = .range(range)
            case .present: self = .present
            case .absent: self = .absent
            case .address, .textIgnoringCase, .prefixIgnoringCase, .suffixIgnoringCase, .wildcard, .anythingBut: return nil
            }
        }

        func free() {
            switch self {
            case .text(let text), .prefix(let text), .suffix(let text), .literal(let text): text.deallocate()
            case .number, .range, .present, .absent: break
            }
        }

        func matches(_ leaf: Leaf) -> Bool {
            switch self {
            case .text(let text): leaf.kind == .text && leaf.bytes.isEqual(to: text)
            case .prefix(let text): leaf.kind == .text && leaf.bytes.hasBeginning(text)
            case .suffix(let text): leaf.kind == .text && leaf.bytes.hasEnd(text)
            case .literal(let text): leaf.kind != .text && leaf.bytes.isEqual(to: text)
            case .number(let number): leaf.number == number
            case .range(let range): leaf.number.map(range.contains) == true
            case .present: true
            case .absent: false
            }
        }
    }

    private let field: FieldTree.Field
    private let allowsAbsence: Bool
    /// Any other value than these.
    private let isNegated: Bool
    private let matchers: UnsafeMutableBufferPointer<Matcher>

    init?(_ condition: FieldCondition) {
        var wanted = condition.matchers
        var isNegated = false
        if wanted.count == 1, case .anythingBut(let excluded) = wanted[0] {
            wanted = ContiguousArray(excluded)
            isNegated = true
        }
        var plain = ContiguousArray<Matcher>()
        for matcher in wanted {
            guard let matcher = Matcher(matcher) else {
                for matcher in plain { matcher.free() }
                return nil
            }
            plain.append(matcher)
        }
        matchers = .allocate(capacity: plain.count)
        _ = matchers.initialize(from: plain)
        field = condition.field
        allowsAbsence = condition.allowsAbsence
        self.isNegated = isNegated
    }

    func free() {
        for matcher in matchers { matcher.free() }
        matchers.deallocate()
    }

    /// As `FieldCondition.mayHold`.
    func mayHold(_ fields: borrowing EventFields) -> Bool {
        let range = fields.range(of: field)
        if allowsAbsence && (range.isEmpty || fields.hasElements) { return true }
        for index in range where matches(fields.leaves[index]) { return true }
        return false
    }

    private func matches(_ leaf: Leaf) -> Bool {
        for matcher in matchers where matcher.matches(leaf) { return !isNegated }
        return isNegated
    }
}

extension UnsafeRawBufferPointer {
    fileprivate init(copying text: ContiguousArray<UInt8>) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: text.count, alignment: 1)
        copy.copyBytes(from: text)
        self.init(copy)
    }

    fileprivate func hasBeginning(_ text: UnsafeRawBufferPointer) -> Bool { count >= text.count && hasBytes(of: text, at: 0) }

    fileprivate func hasEnd(_ text: UnsafeRawBufferPointer) -> Bool { count >= text.count && hasBytes(of: text, at: count - text.count) }
}
