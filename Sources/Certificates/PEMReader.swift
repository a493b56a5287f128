internal import COpenSSL

/// OpenSSL's reading of PEM from memory, with its queue of errors left as empty as it was.
enum PEMReader {
    /// Otherwise OpenSSL would ask on the terminal.
    static let noPassphrase: @convention(c) (UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?) -> Int32 = { _, _, _, _ in 0 }

    static func read(_ pem: [UInt8], _ body: (OpaquePointer) -> Void) {
        ERR_clear_error()
        defer { ERR_clear_error() }
        pem.withUnsafeBytes { bytes in
            // A buffer of length 0 would be taken for a string that ends somewhere.
            guard !bytes.isEmpty, let source = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count)) else { return }
            defer { BIO_free(source) }
            body(source)
        }
    }

    /// > PEM_R_NO_START_LINE
    /// is how a reader says that there is nothing (more).
    static var lastErrorIsEnd: Bool {
        let error = ERR_peek_last_error()
        return error == 0 || ERR_GET_REASON(error) == PEM_R_NO_START_LINE
    }

    static func isEncrypted(_ pem: [UInt8]) -> Bool {
        String(decoding: pem, as: UTF8.self).contains("ENCRYPTED")
    }
}
