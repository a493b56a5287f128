/// An id that is a digest of parts: a word, `_`, and the first 128 bits of SHA-256 in 32 hexadecimal digits.
///
/// Each part has its length in front, so that neither chance nor an author of parts makes two lists of them look the same.
struct DigestID {
    private var hash = SHA256()

    mutating func add(_ part: UnsafeRawBufferPointer) {
        withUnsafeBytes(of: UInt64(part.count).bigEndian) { hash.update($0) }
        hash.update(part)
    }

    static func length(_ word: StaticString) -> Int { word.utf8CodeUnitCount + 1 + 32 }

    /// Writes the text; `add` may go on afterwards.
    func finish(_ word: StaticString, into target: UnsafeMutableRawBufferPointer) -> Int {
        let length = Self.length(word)
        precondition(target.count >= length, "no room for an id")
        word.withUTF8Buffer { target.copyBytes(from: $0) }
        target[length - 33] = UInt8(ascii: "_")
        Digest(hash).withBytes { digest in
            for index in 0..<16 {
                target[length - 32 + 2 * index] = Hex.digit(digest[index] >> 4)
                target[length - 31 + 2 * index] = Hex.digit(digest[index] & 15)
            }
        }
        return length
    }
}
