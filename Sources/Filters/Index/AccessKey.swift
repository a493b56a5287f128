/// Something that one look at an event's values finds, and without which a filter cannot match.
enum AccessKey {
    typealias Bytes = UnsafeRawBufferPointer

    /// How a value is looked at. Each is a family of hashes of its own.
    enum Kind: UInt8 {
        case text, prefix, suffix
        case foldedText, foldedPrefix, foldedSuffix
        /// A few bytes anywhere.
        case gram
        case number, literal, network
        /// Whatever the value is.
        case present
    }

    /// - Parameter length: in bytes; of a network in bits.
    case lookup(FieldTree.Field, Kind, hash: UInt64, length: Int)
    case range(FieldTree.Field, NumericRange)

    /// Two keys with the same hash are taken for one: that costs a look at a filter in vain, no more.
    static func hash(_ field: FieldTree.Field, _ kind: Kind, _ bytes: some Sequence<UInt8>) -> UInt64 {
        var hash = ByteHash(seed: UInt64(UInt32(bitPattern: field)))
        for byte in bytes { hash.add(byte) }
        return hash.value(kind)
    }

    /// -0 equals 0.
    static func hash(_ field: FieldTree.Field, _ number: Double) -> UInt64 {
        hash(field, .number, word: number == 0 ? 0 : number.bitPattern)
    }

    static func hash(_ field: FieldTree.Field, _ network: IPAddress, _ length: Int) -> UInt64 {
        let bits = network.bits
        let tag = UInt64(length) << 8 | UInt64(network.width)
        return hash(field, .network, word: UInt64(truncatingIfNeeded: bits) ^ UInt64(truncatingIfNeeded: bits >> 64) &* 31 ^ tag &* 0x9E37_79B9_7F4A_7C15)
    }

    static func present(_ field: FieldTree.Field) -> AccessKey {
        .lookup(field, .present, hash: hash(field, .present, word: 0), length: 0)
    }

    static func hash(_ field: FieldTree.Field, _ kind: Kind, word: UInt64) -> UInt64 {
        var hash = ByteHash(seed: UInt64(UInt32(bitPattern: field)))
        hash.add(word)
        return hash.value(kind)
    }

    fileprivate static func bytes(_ field: FieldTree.Field, _ kind: Kind, _ text: ContiguousArray<UInt8>) -> AccessKey {
        // Texts are taken from their end where the end decides.
        let hash = kind == .suffix || kind == .foldedSuffix ? hash(field, kind, text.reversed()) : hash(field, kind, text)
        return text.isEmpty && kind != .text && kind != .foldedText ? present(field) : .lookup(field, kind, hash: hash, length: text.count)
    }
}

extension ByteHash {
    func value(_ kind: AccessKey.Kind) -> UInt64 {
        var own = self
        own.add(UInt64(kind.rawValue) &* 0xD6E8_FEB8_6659_FD93)
        return own.value
    }
}

/// What must be in an event for a filter to match.
indirect enum Access {
    /// Any event may match.
    case always
    /// One of these. None at all: no event matches.
    case keys([AccessKey])
    /// Each of these must be there, so to look for one of them is enough.
    case every([Access])
    /// One of these.
    case either([Access])

    static func attribute(_ field: FieldTree.Field, _ comparison: FilterProgram.Comparison, _ operand: String) -> Access {
        let kind: AccessKey.Kind = switch comparison {
        case .exact: .text
        case .prefix: .prefix
        case .suffix: .suffix
        }
        return .keys([AccessKey.bytes(field, kind, ContiguousArray(operand.utf8))])
    }

    static func pattern(_ pattern: PatternMatch) -> Access {
        .either(pattern.alternatives.map { alternative in
            .every(alternative.map { condition in .either(condition.matchers.map { value($0, condition.field) }) })
        })
    }

    private static func value(_ matcher: ValueMatcher, _ field: FieldTree.Field) -> Access {
        switch matcher {
        case .text(let text): .keys([AccessKey.bytes(field, .text, text)])
        case .prefix(let text): .keys([AccessKey.bytes(field, .prefix, text)])
        case .suffix(let text): .keys([AccessKey.bytes(field, .suffix, text)])
        case .textIgnoringCase(let text): .keys([AccessKey.bytes(field, .foldedText, text)])
        case .prefixIgnoringCase(let text): .keys([AccessKey.bytes(field, .foldedPrefix, text)])
        case .suffixIgnoringCase(let text): .keys([AccessKey.bytes(field, .foldedSuffix, text)])
        case .wildcard(let wildcard): .every(wildcardKeys(wildcard, field).map { .keys([$0]) })
        case .literal(let text): .keys([AccessKey.bytes(field, .literal, text)])
        case .number(let number): .keys([.lookup(field, .number, hash: AccessKey.hash(field, number), length: 0)])
        case .address(let range):
            .keys([.lookup(field, .network, hash: AccessKey.hash(field, range.network, range.length), length: range.length)])
        case .range(let range): .keys([.range(field, range)])
        case .present, .anythingBut: .keys([AccessKey.present(field)])
        case .absent: .always
        }
    }

    private static func wildcardKeys(_ wildcard: Wildcard, _ field: FieldTree.Field) -> [AccessKey] {
        let pieces = wildcard.pieces.map(\.text)
        guard pieces.count > 1 else { return [AccessKey.bytes(field, .text, pieces[0])] }
        var keys = [AccessKey.bytes(field, .prefix, pieces[0]), AccessKey.bytes(field, .suffix, pieces[pieces.count - 1])]
        let longest = pieces.lazy.map(\.count).max() ?? 0
        let length = min(AccessIndex.longestGram, longest)
        if length > 0 {
            for piece in pieces where piece.count >= length {
                for start in 0...piece.count - length {
                    let hash = AccessKey.hash(field, .gram, piece[start..<start + length])
                    keys.append(.lookup(field, .gram, hash: hash, length: length))
                }
            }
        }
        return keys
    }
}
