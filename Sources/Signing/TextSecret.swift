/// A secret of the schemes `github` and `stripe`: the text itself is the key, with whatever prefix it has.
public struct TextSecret: Sendable {
    /// In bytes. Shorter ones can be guessed by whoever has seen one request.
    public static let lengths = 16...1024

    let key: HMACKey

    public init(_ text: String) throws(StandardWebhooks.SecretError) {
        typealias Failure = StandardWebhooks.SecretError
        guard !text.isEmpty else { throw Failure("is empty") }
        guard !text.hasPrefix(StandardWebhooks.PrivateKey.prefix), !text.hasPrefix(StandardWebhooks.PublicKey.prefix) else {
            throw Failure("is an ed25519 key, which only the scheme standard signs with")
        }
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }), text.first != " ", text.last != " " else { throw Failure("must be text of one line, without spaces at its ends") }
        guard text.utf8.count >= Self.lengths.lowerBound else {
            throw Failure("has only \(text.utf8.count) bytes: at least 16 are expected, as from: fanfare keys new")
        }
        guard text.utf8.count <= Self.lengths.upperBound else { throw Failure("is longer than 1024 bytes") }
        var text = text
        key = text.withUTF8 { HMACKey(UnsafeRawBufferPointer($0)) }
    }
}

extension TextSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "***" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
