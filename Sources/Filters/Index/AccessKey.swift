/// Something that one look at an event's values finds, and without which a filter cannot match.
enum AccessKey: Hashable {
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
        /// A value that is no text.
        case notText
        /// That there is no value, or perhaps not in every element of an array.
        case absent
    }

    /// - Parameter length: in bytes; of a network in bits.
    case lookup(FieldTree.Field, Kind, hash: UInt64, length: Int)
    case range(FieldTree.Field, NumericRange)

    var field: FieldTree.Field {
        switch self {
        case .lookup(let field, _, _, _), .range(let field, _): field
        }
    }

    // MARK: Hashes
    // Two keys with the same hash are taken for one: that costs a look at a filter in vain, no more.

    static func seed(_ field: FieldTree.Field) -> UInt64 { UInt64(UInt32(bitPattern: field)) }

    static func hash(_ field: FieldTree.Field, _ kind: Kind, word: UInt64) -> UInt64 {
        WordHash(seed: seed(field)).value(tail: word, length: 0, kind: kind.rawValue)
    }

    /// -0 equals 0.
    static func hash(_ field: FieldTree.Field, _ number: Double) -> UInt64 {
        hash(field, .number, word: number == 0 ? 0 : number.bitPattern)
    }

    static func hash(_ field: FieldTree.Field, _ network: IPAddress, _ length: Int) -> UInt64 {
        var hash = WordHash(seed: seed(field))
        hash.add(UInt64(truncatingIfNeeded: network.bits))
        hash.add(UInt64(truncatingIfNeeded: network.bits >> 64))
        return hash.value(tail: UInt64(network.width), length: length, kind: Kind.network.rawValue)
    }

    /// Of at most eight bytes.
    static func hash(_ field: FieldTree.Field, gram: UInt64, length: Int) -> UInt64 {
        WordHash(seed: seed(field)).value(tail: gram, length: length, kind: Kind.gram.rawValue)
    }

    // MARK: Keys

    static func present(_ field: FieldTree.Field) -> AccessKey {
        .lookup(field, .present, hash: hash(field, .present, word: 0), length: 0)
    }

    static func notText(_ field: FieldTree.Field) -> AccessKey {
        .lookup(field, .notText, hash: hash(field, .notText, word: 0), length: 0)
    }

    static func absent(_ field: FieldTree.Field) -> AccessKey {
        .lookup(field, .absent, hash: hash(field, .absent, word: 0), length: 0)
    }

    static func number(_ field: FieldTree.Field, _ number: Double) -> AccessKey {
        .lookup(field, .number, hash: hash(field, number), length: 0)
    }

    static func network(_ field: FieldTree.Field, _ range: IPRange) -> AccessKey {
        .lookup(field, .network, hash: hash(field, range.network, range.length), length: range.length)
    }

    /// Every text begins and ends with nothing.
    static func text(_ field: FieldTree.Field, _ kind: Kind, _ text: ContiguousArray<UInt8>) -> AccessKey {
        if text.isEmpty && kind != .text && kind != .foldedText { return present(field) }
        let hash = text.withUnsafeBytes { text in
            // Texts are taken from their end where the end decides.
            kind == .suffix || kind == .foldedSuffix
                ? ending(text, field, kind) : WordHash.whole(text, seed: seed(field), kind: kind.rawValue)
        }
        return .lookup(field, kind, hash: hash, length: text.count)
    }

    private static func ending(_ text: Bytes, _ field: FieldTree.Field, _ kind: Kind) -> UInt64 {
        var hashes = EndingHashes(text, seed: seed(field))
        return hashes.value(text.count, kind)
    }

    /// - Parameter text: of at most eight bytes.
    static func gram(_ field: FieldTree.Field, _ text: Slice<Bytes>) -> AccessKey {
        let word = Bytes(rebasing: text).word(at: 0, length: text.count)
        return .lookup(field, .gram, hash: hash(field, gram: word, length: text.count), length: text.count)
    }
}

/// The hashes of a text's beginnings, asked from the shortest to the longest.
struct BeginningHashes {
    private let text: UnsafeRawBufferPointer
    private var hash: WordHash
    private var position = 0

    init(_ text: UnsafeRawBufferPointer, seed: UInt64) {
        self.text = text
        hash = WordHash(seed: seed)
    }

    mutating func value(_ length: Int, _ kind: AccessKey.Kind) -> UInt64 {
        while position + 8 <= length {
            hash.add(text.word(at: position))
            position += 8
        }
        return hash.value(tail: text.word(at: position, length: length - position), length: length, kind: kind.rawValue)
    }
}

/// The hashes of a text's ends, asked from the shortest to the longest.
struct EndingHashes {
    private let text: UnsafeRawBufferPointer
    private var hash: WordHash
    /// Bytes that have been taken, from the end.
    private var taken = 0

    init(_ text: UnsafeRawBufferPointer, seed: UInt64) {
        self.text = text
        hash = WordHash(seed: seed)
    }

    mutating func value(_ length: Int, _ kind: AccessKey.Kind) -> UInt64 {
        while taken + 8 <= length {
            taken += 8
            hash.add(text.word(at: text.count - taken))
        }
        return hash.value(tail: text.word(at: text.count - length, length: length - taken), length: length, kind: kind.rawValue)
    }
}
