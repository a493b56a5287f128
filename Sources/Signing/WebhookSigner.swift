/// Signs requests with all secrets of one subscription. Allocates nothing per signature.
///
/// Immutable: the keyed states are copied for each message, so any thread may use it.
public final class WebhookSigner: Sendable {
    private let keys: [HMACKey]
    /// Bytes of a `webhook-signature` value; always the same for one signer.
    public let signatureLength: Int

    /// `v1,` and 32 bytes in base64.
    private static let oneLength = 3 + Base64.encodedLength(SHA256.length)

    /// - Parameter secrets: at least one; the value has their signatures in this order.
    public init(secrets: [StandardWebhooks.Secret]) {
        precondition(!secrets.isEmpty, "a signer needs a secret")
        keys = secrets.map(\.key)
        signatureLength = secrets.count * (WebhookSigner.oneLength + 1) - 1
    }

    /// Writes the value of `webhook-signature`: `v1,<base64>`, one per secret, with spaces between.
    ///
    /// - Parameters:
    ///   - id: the value of `webhook-id` as it is sent.
    ///   - timestamp: the value of `webhook-timestamp`, in seconds since 1970.
    ///   - body: as it is sent; empty is a body.
    ///   - target: has room for `signatureLength` bytes, and one more that is scratch.
    /// - Returns: the number of bytes written, `signatureLength`.
    @discardableResult
    public func sign(
        id: UnsafeRawBufferPointer, timestamp: Int64, body: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
    ) -> Int {
        precondition(target.count > signatureLength, "no room for the signature")
        var position = 0
        for key in keys {
            if position > 0 {
                target[position] = UInt8(ascii: " ")
                position += 1
            }
            target[position] = UInt8(ascii: "v")
            target[position + 1] = UInt8(ascii: "1")
            target[position + 2] = UInt8(ascii: ",")
            let digest = WebhookSigner.authenticate(key, id: id, timestamp: timestamp, body: body)
            position += 3
            position += digest.withBytes { Base64.encode($0, into: UnsafeMutableRawBufferPointer(rebasing: target[position...])) }
        }
        return position
    }

    static func authenticate(
        _ key: HMACKey, id: UnsafeRawBufferPointer, timestamp: Int64, body: UnsafeRawBufferPointer
    ) -> Digest {
        key.authenticate { message in
            message.update(id)
            message.update(".")
            DecimalText.with(timestamp) { message.update($0) }
            message.update(".")
            message.update(body)
        }
    }
}

/// The decimal digits of a number, on the stack.
enum DecimalText {
    static func with(_ value: Int64, _ body: (UnsafeRawBufferPointer) -> Void) {
        withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { digits in
            var start = digits.count
            var rest = value.magnitude
            repeat {
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            } while rest > 0
            if value < 0 {
                start -= 1
                digits[start] = UInt8(ascii: "-")
            }
            body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(digits)[start...]))
        }
    }
}
