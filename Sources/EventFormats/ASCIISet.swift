/// A set of ASCII characters; bytes from 128 on are never in it.
public struct ASCIISet: Sendable {
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    /// The characters of `text`, which must be ASCII.
    public init(_ text: StaticString) {
        text.withUTF8Buffer { for byte in $0 { insert(byte) } }
    }

    private mutating func insert(_ byte: UInt8) {
        precondition(byte < 128, "an ASCIISet holds ASCII characters only")
        if byte < 64 { low |= 1 << UInt64(byte) } else { high |= 1 << UInt64(byte - 64) }
    }

    public func contains(_ byte: UInt8) -> Bool {
        if byte < 64 { return low >> UInt64(byte) & 1 == 1 }
        return byte < 128 && high >> UInt64(byte - 64) & 1 == 1
    }

    public func union(_ other: ASCIISet) -> ASCIISet {
        var result = self
        result.low |= other.low
        result.high |= other.high
        return result
    }

    /// `U+0021` to `U+007E` without those in `excluded`.
    static func printable(except excluded: ASCIISet) -> ASCIISet {
        var result = ASCIISet("")
        for byte in UInt8(0x21)...0x7E where !excluded.contains(byte) { result.insert(byte) }
        return result
    }

    public static let alphanumerics = ASCIISet("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
    /// What a CloudEvents attribute's name is made of.
    public static let attributeName = ASCIISet("abcdefghijklmnopqrstuvwxyz0123456789")
    /// What stands for itself in a `webhook-id`. No `.`, which separates the parts of the signed text.
    public static let webhookID = alphanumerics.union(ASCIISet("_-:"))
    /// What stands for itself in a `ce-` header (CloudEvents HTTP binding, 3.1.3.2).
    public static let headerValue = printable(except: ASCIISet("\"%"))
    /// Printable ASCII and space: what a `Content-Type` may hold.
    static let mediaType = printable(except: ASCIISet("")).union(ASCIISet(" \t"))
    /// `tchar` of RFC 9110, 5.6.2.
    static let token = alphanumerics.union(ASCIISet("!#$%&'*+-.^_`|~"))
    /// `unreserved` of RFC 3986, 2.3.
    public static let unreserved = alphanumerics.union(ASCIISet("-._~"))
    /// What follows the letter that a scheme begins with (RFC 3986, 3.1).
    static let scheme = alphanumerics.union(ASCIISet("+-."))
    /// `unreserved` and `reserved` of RFC 3986, 2.2 and 2.3.
    static let uri = unreserved.union(ASCIISet(":/?#[]@!$&'()*+,;="))
}
