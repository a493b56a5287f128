/// SHA-256 of a text, to tell whether it is still the same.
public enum TextDigest {
    /// 64 hexadecimal digits.
    public static func sha256(_ text: String) -> String {
        var hash = SHA256()
        var text = text
        text.withUTF8 { hash.update(UnsafeRawBufferPointer($0)) }
        return Digest(hash).withBytes { digest in
            digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
    }
}
