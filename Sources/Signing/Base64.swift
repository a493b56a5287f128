internal import COpenSSL

/// Base64 (RFC 4648, 4) by OpenSSL's block functions.
enum Base64 {
    /// Characters that `count` bytes become.
    static func encodedLength(_ count: Int) -> Int { (count + 2) / 3 * 4 }

    /// - Parameter target: has room for the characters and the NUL that OpenSSL puts behind them.
    /// - Returns: the number of characters, without the NUL.
    static func encode(_ data: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int {
        precondition(target.count > encodedLength(data.count), "no room for base64")
        // > EVP_EncodeBlock() encodes a full block of input data in f and of length n and stores it in t. [...] It
        // > returns the length of the string generated without the NUL terminator.
        return Int(EVP_EncodeBlock(target.bound, data.bound, Int32(data.count)))
    }

    static func encode(_ data: UnsafeRawBufferPointer) -> String {
        withUnsafeTemporaryAllocation(byteCount: encodedLength(data.count) + 1, alignment: 1) { target in
            let count = encode(data, into: target)
            return String(decoding: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(target)[..<count]), as: UTF8.self)
        }
    }

    /// RFC 4648, 5, without padding.
    static func encodeForURL(_ data: UnsafeRawBufferPointer) -> String {
        String(encode(data).prefix { $0 != "=" }.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
    }

    /// Strict: the alphabet and the padding that belongs there, nothing else.
    ///
    /// - Parameter target: has room for 3 bytes for every 4 characters.
    /// - Returns: the number of bytes; nil when `text` is not base64.
    static func decode(_ text: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Int? {
        guard text.count % 4 == 0, !text.isEmpty else { return text.isEmpty ? 0 : nil }
        precondition(target.count >= text.count / 4 * 3, "no room for decoded base64")
        let padding = text.suffix(2).count { $0 == UInt8(ascii: "=") }
        // `A=A=` has a padding character that is no padding.
        guard padding == 0 || text.last == UInt8(ascii: "=") else { return nil }
        // EVP_DecodeBlock ignores white space at both ends and reads `=` anywhere as zero bits.
        guard text.dropLast(padding).allSatisfy(isLetter) else { return nil }
        let count = Int(EVP_DecodeBlock(target.bound, text.bound, Int32(text.count)))
        return count < 0 ? nil : count - padding
    }

    /// The same into bytes of its own; nothing that is secret.
    static func decode(_ text: Substring) -> [UInt8]? {
        var text = String(text)
        return text.withUTF8 { text in
            var isBase64 = true
            let bytes = [UInt8](unsafeUninitializedCapacity: text.count) { buffer, count in
                let decoded = decode(UnsafeRawBufferPointer(text), into: UnsafeMutableRawBufferPointer(buffer))
                isBase64 = decoded != nil
                count = decoded ?? 0
            }
            return isBase64 ? bytes : nil
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
            true
        default: false
        }
    }
}

extension UnsafeRawBufferPointer {
    var bound: UnsafePointer<UInt8>? { baseAddress?.assumingMemoryBound(to: UInt8.self) }
}

extension UnsafeMutableRawBufferPointer {
    var bound: UnsafeMutablePointer<UInt8>? { baseAddress?.assumingMemoryBound(to: UInt8.self) }
}
