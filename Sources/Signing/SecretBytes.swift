internal import COpenSSL

/// Bytes of a secret: in one place, erased when nobody needs them any more, never printed.
final class SecretBytes: Sendable {
    private nonisolated(unsafe) let memory: UnsafeMutableRawBufferPointer  // immutable once `init` is done

    /// - Parameter fill: writes the secret; returns how many bytes it has.
    init?(capacity: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Int?) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 1)
        buffer.initializeMemory(as: UInt8.self, repeating: 0)
        guard let count = fill(buffer) else {
            SecretBytes.erase(buffer)
            buffer.deallocate()
            return nil
        }
        memory = buffer
        self.count = count
    }

    deinit {
        SecretBytes.erase(memory)
        memory.deallocate()
    }

    let count: Int
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[..<count]) }

    /// Of the system's source of randomness.
    static func random(_ count: Int) -> SecretBytes {
        let bytes = SecretBytes(capacity: count) { buffer in
            // > RAND_bytes() returns 1 on success, -1 if not supported by the current RAND method, or 0 on other failure.
            RAND_bytes(buffer.bound, Int32(buffer.count)) == 1 ? buffer.count : nil
        }
        guard let bytes else { fatalError("the system gives no random bytes") }
        return bytes
    }

    /// What stands in base64 behind a prefix.
    ///
    /// - Parameter expectation: the end of a message about the length.
    static func decode(
        _ base64: Substring, behind prefix: String, _ expectation: String
    ) throws(StandardWebhooks.SecretError) -> SecretBytes {
        typealias Failure = StandardWebhooks.SecretError
        guard !base64.isEmpty else { throw Failure("is empty") }
        // Checked before decoding: no secret is this long, and nobody should make us hold more.
        guard base64.utf8.count <= 1024 else { throw Failure("is too long: \(expectation)") }
        var text = String(base64)
        let decoded = text.withUTF8 { text in
            SecretBytes(capacity: text.count) { Base64.decode(UnsafeRawBufferPointer(text), into: $0) }
        }
        guard let decoded else { throw Failure("is not base64 behind \(prefix)") }
        return decoded
    }

    /// > OPENSSL_cleanse() fills ptr of size len with a string of 0's. [It is not] optimised away.
    static func erase(_ buffer: UnsafeMutableRawBufferPointer) {
        OPENSSL_cleanse(buffer.baseAddress, buffer.count)
    }
}
