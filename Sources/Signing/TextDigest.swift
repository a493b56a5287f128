/// SHA-256 of a text, to tell whether it is still the same.
public enum TextDigest {
    /// 64 hexadecimal digits.
    public static func sha256(_ text: String) -> String {
        var text = text
        let digest = text.withUTF8 { SHA256.digest(UnsafeRawBufferPointer($0)) }
        return String(decoding: digest.withBytes { Hex.encode($0) }, as: UTF8.self)
    }
}
