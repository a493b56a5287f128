/// Text with `*` for any run of bytes. Every piece between two stars is taken where it comes first, which loses no match;
/// so the cost is that of looking for each piece once, however many stars there are.
struct Wildcard: Hashable {
    typealias Bytes = UnsafeRawBufferPointer

    enum Fault: Error {
        case adjacentStars
        case badEscape
    }

    /// What stands between the stars, escapes resolved; one more than there are stars.
    private(set) var pieces: ContiguousArray<Needle> = []

    init(_ text: String) throws(Fault) {
        var piece = ContiguousArray<UInt8>()
        var bytes = text.utf8.makeIterator()
        var afterStar = false
        while let byte = bytes.next() {
            if byte == UInt8(ascii: "*") {
                if afterStar { throw .adjacentStars }
                afterStar = true
                pieces.append(Needle(piece))
                piece = []
                continue
            }
            afterStar = false
            guard byte == UInt8(ascii: "\\") else {
                piece.append(byte)
                continue
            }
            guard let escaped = bytes.next(), escaped == UInt8(ascii: "*") || escaped == UInt8(ascii: "\\") else { throw .badEscape }
            piece.append(escaped)
        }
        pieces.append(Needle(piece))
    }

    func matches(_ text: Bytes) -> Bool {
        let first = pieces[0].text
        guard pieces.count > 1 else { return text.elementsEqual(first) }
        let last = pieces[pieces.count - 1].text
        guard text.count >= first.count + last.count, text.starts(with: first), text.suffix(last.count).elementsEqual(last) else { return false }
        var rest = text[first.count..<text.count - last.count]
        for piece in pieces[1..<pieces.count - 1] {
            guard let end = piece.end(in: rest) else { return false }
            rest = rest[end...]
        }
        return true
    }

    /// Text that is looked for in other text at a cost that depends only on their lengths (Knuth, Morris, Pratt).
    struct Needle: Hashable {
        let text: ContiguousArray<UInt8>
        /// After a match of so many bytes and one more: how many are matched still when the next byte does not fit.
        private var fallbacks: ContiguousArray<Int>

        init(_ text: ContiguousArray<UInt8>) {
            self.text = text
            fallbacks = ContiguousArray(repeating: 0, count: text.count)
            var matched = 0
            for index in text.indices.dropFirst() {
                matched = advance(from: matched, by: text[index])
                fallbacks[index] = matched
            }
        }

        private func advance(from matched: Int, by byte: UInt8) -> Int {
            var matched = matched
            while text[matched] != byte {
                if matched == 0 { return 0 }
                matched = fallbacks[matched - 1]
            }
            return matched + 1
        }

        /// Where the first match ends.
        func end(in haystack: Slice<Bytes>) -> Int? {
            if text.isEmpty { return haystack.startIndex }
            var matched = 0
            for index in haystack.indices {
                matched = advance(from: matched, by: haystack[index])
                if matched == text.count { return index + 1 }
            }
            return nil
        }
    }
}
