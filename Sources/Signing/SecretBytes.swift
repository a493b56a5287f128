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

    /// > OPENSSL_cleanse() fills ptr of size len with a string of 0's. [It is not] optimised away.
    static func erase(_ buffer: UnsafeMutableRawBufferPointer) {
        OPENSSL_cleanse(buffer.baseAddress, buffer.count)
    }
}
