/// A pattern of `LIKE`, compiled: bytes to be found as they are, `_` for one character and `%` for any number of them.
///
/// What stands between two `%` is a piece, and every piece is taken where it comes first, which loses no match. So the cost is that of
/// looking for each piece once, however many `%` there are: the length of the text, and for a piece with `_` that for each of its 64 bytes.
struct LikePattern: Sendable {
    fileprivate enum Element { case byte(UInt8), one }
    /// The one before the first `%`.
    private let first: ContiguousArray<Element>
    /// Those between two `%`.
    private let middle: ContiguousArray<Piece>
    /// The one behind the last `%`; nil without any.
    private let last: ContiguousArray<Element>?

    /// - Parameter text: in which `\%` and `\_` stand for the characters themselves, and any other `\` for itself.
    init(_ text: some Sequence<UInt8>) {
        var pieces: [ContiguousArray<Element>] = [[]]
        var isEscaped = false
        for byte in text {
            switch byte {
            case UInt8(ascii: "%") where !isEscaped: pieces.append([])
            case UInt8(ascii: "_") where !isEscaped: pieces[pieces.count - 1].append(.one)
            case UInt8(ascii: "%"), UInt8(ascii: "_"): pieces[pieces.count - 1][pieces[pieces.count - 1].count - 1] = .byte(byte)
            default: pieces[pieces.count - 1].append(.byte(byte))
            }
            isEscaped = byte == UInt8(ascii: "\\")
        }
        first = pieces[0]
        last = pieces.count > 1 ? pieces[pieces.count - 1] : nil
        middle = ContiguousArray(pieces.dropFirst().dropLast().filter { !$0.isEmpty }.map(Piece.init))
    }

    /// The bytes before the first `%` or `_`.
    var beginning: ContiguousArray<UInt8> { ContiguousArray(first.lazy.map(\.byte).prefix { $0 != nil }.map { $0! }) }

    /// Neither `%` nor `_` is in it.
    var isLiteral: Bool { last == nil && first.allSatisfy { $0.byte != nil } }

    func matches(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let start = Self.end(of: first, in: text) else { return false }
        guard let last else { return start == text.count }
        guard let end = Self.start(of: last, in: text, after: start) else { return false }
        var rest = text[start..<end]
        for piece in middle {
            guard let found = piece.end(in: rest) else { return false }
            rest = rest[found...]
        }
        return true
    }

    /// Where these end if they stand at the text's beginning.
    private static func end(of elements: ContiguousArray<Element>, in text: UnsafeRawBufferPointer) -> Int? {
        var position = 0
        for element in elements {
            guard position < text.count else { return nil }
            switch element {
            case .byte(let byte):
                guard text[position] == byte else { return nil }
                position += 1
            case .one: position = text[...].endOfScalar(at: position)
            }
        }
        return position
    }

    /// Where these begin if they stand at the text's end.
    private static func start(of elements: ContiguousArray<Element>, in text: UnsafeRawBufferPointer, after lowest: Int) -> Int? {
        var position = text.count
        for element in elements.reversed() {
            guard position > lowest else { return nil }
            position -= 1
            switch element {
            case .byte(let byte): guard text[position] == byte else { return nil }
            case .one: while position > lowest, !UnsafeRawBufferPointer.beginsScalar(text[position]) { position -= 1 }
            }
        }
        return position
    }

    /// What is looked for anywhere.
    private enum Piece {
        case needle(Wildcard.Needle)
        case automaton(Automaton)

        init(_ elements: ContiguousArray<Element>) {
            let bytes = ContiguousArray(elements.compactMap(\.byte))
            self = bytes.count == elements.count ? .needle(Wildcard.Needle(bytes)) : .automaton(Automaton(elements))
        }

        func end(in text: Slice<UnsafeRawBufferPointer>) -> Int? {
            switch self {
            case .needle(let needle): needle.end(in: text)
            case .automaton(let automaton): automaton.end(in: text)
            }
        }
    }

    /// All places where a piece may have begun are followed at once, 64 of its elements in a word (Baeza-Yates and Gonnet, "A new
    /// approach to text searching", 1992): bit n is set while the text up to here ends with the elements up to n.
    private struct Automaton {
        private let words: Int
        /// The bit of the last element, in the last word.
        private let accept: UInt64
        /// For each byte: where in `masks` its words begin. Bytes that do not occur in the piece share theirs.
        private var rows = ContiguousArray<Int32>(repeating: 0, count: 256)
        /// Which elements may follow with a byte.
        private var masks: ContiguousArray<UInt64>
        /// Those that are `_`: which go on to hold at the bytes that continue a character.
        private let ones: ContiguousArray<UInt64>

        init(_ elements: ContiguousArray<Element>) {
            let words = (elements.count + 63) / 64
            var ones = ContiguousArray<UInt64>(repeating: 0, count: words)
            for (index, element) in elements.enumerated() where element.byte == nil { ones[index / 64] |= 1 << (index % 64) }
            masks = ones + ContiguousArray(repeating: 0, count: words)
            for byte in UInt8.min ... .max where !UnsafeRawBufferPointer.beginsScalar(byte) { rows[Int(byte)] = Int32(words) }
            var isOwn = ContiguousArray<Bool>(repeating: false, count: 256)
            for (index, element) in elements.enumerated() {
                guard let byte = element.byte.map(Int.init) else { continue }
                if !isOwn[byte] {
                    isOwn[byte] = true
                    let shared = Int(rows[byte])
                    rows[byte] = Int32(masks.count)
                    masks.append(contentsOf: ContiguousArray(masks[shared..<shared + words]))
                }
                masks[Int(rows[byte]) + index / 64] |= 1 << (index % 64)
            }
            self.words = words
            self.ones = ones
            accept = 1 << ((elements.count - 1) % 64)
        }

        /// Where the first match ends.
        func end(in text: Slice<UnsafeRawBufferPointer>) -> Int? {
            withUnsafeTemporaryAllocation(of: UInt64.self, capacity: words) { state in
                state.initialize(repeating: 0)
                // Words from here on are zero.
                var used = 0
                for position in text.indices {
                    let byte = text[position]
                    let row = Int(rows[Int(byte)])
                    let isInside = !UnsafeRawBufferPointer.beginsScalar(byte)
                    // A match may begin everywhere.
                    var carry: UInt64 = 1
                    var nowUsed = 0
                    for word in 0..<min(words, used + 1) {
                        let old = state[word]
                        let new = (old << 1 | carry) & masks[row + word] | (isInside ? old & ones[word] : 0)
                        carry = old >> 63
                        state[word] = new
                        if new != 0 { nowUsed = word + 1 }
                    }
                    used = nowUsed
                    if used == words, state[words - 1] & accept != 0 { return text.endOfScalar(at: position) }
                }
                return nil
            }
        }
    }
}

extension LikePattern.Element {
    fileprivate var byte: UInt8? { if case .byte(let byte) = self { byte } else { nil } }
}

extension Slice<UnsafeRawBufferPointer> {
    /// Behind the character that this byte is of.
    fileprivate func endOfScalar(at position: Int) -> Int {
        var end = position + 1
        while end < endIndex, !UnsafeRawBufferPointer.beginsScalar(self[end]) { end += 1 }
        return end
    }
}
