/// What must be in an event for something to be so.
indirect enum Access {
    /// Any event may do.
    case always
    /// One of these. None at all: no event does.
    case keys([AccessKey])
    /// Each of these must be there, so to look for one of them is enough.
    case every([Access])
    /// One of these.
    case either([Access])

    static let never = Access.keys([])

    private var isNever: Bool { if case .keys(let keys) = self { keys.isEmpty } else { false } }
    private var isAlways: Bool { if case .always = self { true } else { false } }

    static func both(_ parts: [Access]) -> Access {
        if parts.contains(where: \.isNever) { return .never }
        let flat = parts.flatMap { part -> [Access] in
            switch part {
            case .always: []
            case .every(let inner): inner
            default: [part]
            }
        }
        return flat.isEmpty ? .always : flat.count == 1 ? flat[0] : .every(flat)
    }

    static func one(of parts: [Access]) -> Access {
        if parts.contains(where: \.isAlways) { return .always }
        let left = parts.filter { !$0.isNever }
        return left.isEmpty ? .never : left.count == 1 ? left[0] : .either(left)
    }
}

/// When a condition may be true, and when answering it may meet an error: nobody may miss that either.
struct AccessPair {
    var truth: Access
    var failure = Access.never

    static let unknown = AccessPair(truth: .always, failure: .always)

    /// What is looked for to find all events for which it matters.
    var either: Access { .one(of: [truth, failure]) }

    /// Each is answered only where those before it were true.
    static func all(_ parts: [AccessPair]) -> AccessPair {
        var reached: [Access] = []
        var failures: [Access] = []
        for part in parts {
            failures.append(.both(reached + [part.failure]))
            reached.append(part.truth)
        }
        return AccessPair(truth: .both(reached), failure: .one(of: failures))
    }

    static func any(_ parts: [AccessPair]) -> AccessPair {
        AccessPair(truth: .one(of: parts.map(\.truth)), failure: .one(of: parts.map(\.failure)))
    }
}

extension FilterTree {
    /// - Parameter fields: where attributes of `sql` get their places.
    func access(in fields: inout FieldTree) -> AccessPair {
        switch self {
        case .condition(.sql(let text)): (try? SQLExpression(text))?.access(in: &fields) ?? .unknown
        case .condition(let condition): AccessPair(truth: condition.access)
        case .all(let parts): .all(parts.map { $0.access(in: &fields) })
        case .any(let parts): .any(parts.map { $0.access(in: &fields) })
        case .not(let part): part.denied(in: &fields)
        }
    }

    /// Of its negation.
    private func denied(in fields: inout FieldTree) -> AccessPair {
        switch self {
        case .condition: AccessPair(truth: .always, failure: access(in: &fields).failure)
        case .all(let parts):
            // Where one fails the others are not asked; that is more than need be looked at, never less.
            .any(parts.map { $0.denied(in: &fields) })
        case .any(let parts): .all(parts.map { $0.denied(in: &fields) })
        case .not(let part): part.access(in: &fields)
        }
    }
}

extension FilterCondition {
    fileprivate var access: Access {
        switch self {
        case .attribute(let field, .exact, let text): .keys([.text(field, .text, text)])
        case .attribute(let field, .prefix, let text): .keys([.text(field, .prefix, text)])
        case .attribute(let field, .suffix, let text): .keys([.text(field, .suffix, text)])
        case .field(let condition): .one(of: condition.matchers.map { $0.access(condition.field) })
        // The conditions are there one by one too.
        case .together, .sql: .always
        }
    }
}

extension ValueMatcher {
    fileprivate func access(_ field: FieldTree.Field) -> Access {
        switch self {
        case .text(let text): .keys([.text(field, .text, text)])
        case .prefix(let text): .keys([.text(field, .prefix, text)])
        case .suffix(let text): .keys([.text(field, .suffix, text)])
        case .textIgnoringCase(let text): .keys([.text(field, .foldedText, text)])
        case .prefixIgnoringCase(let text): .keys([.text(field, .foldedPrefix, text)])
        case .suffixIgnoringCase(let text): .keys([.text(field, .foldedSuffix, text)])
        case .wildcard(let wildcard): .every(wildcard.keys(field).map { .keys([$0]) })
        case .literal(let text): .keys([.text(field, .literal, text)])
        case .number(let number): .keys([.number(field, number)])
        case .address(let range): .keys([.network(field, range)])
        case .range(let range): .keys([.range(field, range)])
        case .present, .anythingBut: .keys([.present(field)])
        case .absent: .keys([.absent(field)])
        }
    }
}

extension Wildcard {
    /// Of a long piece so many grams say enough.
    private static let mostGrams = 64

    fileprivate func keys(_ field: FieldTree.Field) -> [AccessKey] {
        guard pieces.count > 1 else { return [.text(field, .text, pieces[0].text)] }
        var keys: [AccessKey] = [.text(field, .prefix, pieces[0].text), .text(field, .suffix, pieces[pieces.count - 1].text)]
        let longest = pieces.lazy.map(\.text.count).max() ?? 0
        guard let length = AccessIndex.gramLengths.last(where: { $0 <= longest }) else { return keys }
        for piece in pieces where piece.text.count >= length {
            piece.text.withUnsafeBytes { text in
                for start in 0...text.count - length where keys.count < Self.mostGrams { keys.append(.gram(field, text[start..<start + length])) }
            }
        }
        return keys
    }
}
