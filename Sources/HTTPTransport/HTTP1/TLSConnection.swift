import CCurl
import COpenSSL
import Glibc

/// One connection's side of TLS: OpenSSL on the connection's own socket, which never blocks.
enum TLSConnection {
    enum Handshake {
        case done
        case needsMore
        case failed(TLSProblem)
    }

    static func shake(_ ssl: OpaquePointer, pins: [String], host: String) -> Handshake {
        ERR_clear_error()
        errno = 0
        let result = SSL_do_handshake(ssl)
        if result == 1 {
            return pins.isEmpty || pins.contains(pin(of: ssl)) ? .done : .failed(TLSProblem(CURLE_SSL_PINNEDPUBKEYNOTMATCH, detail: ""))
        }
        let code = errno
        let error = SSL_get_error(ssl, result)
        if error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE { return .needsMore }
        return .failed(problem(ssl, code, host: host))
    }

    private static func problem(_ ssl: OpaquePointer, _ code: Int32, host: String) -> TLSProblem {
        let verified = SSL_get_verify_result(ssl)
        let detail = OpenSSLError.take()
        switch Int32(truncatingIfNeeded: verified) {
        case X509_V_OK:
            return TLSProblem(CURLE_SSL_CONNECT_ERROR, detail: detail ?? (code == 0 ? "the connection ended" : FailureText.system(code)))
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            return TLSProblem(CURLE_PEER_FAILED_VERIFICATION, detail: "no certificate subject name matches target host name '\(host)'")
        default:
            let words = X509_verify_cert_error_string(verified).map { String(cString: $0) } ?? "unknown"
            return TLSProblem(CURLE_PEER_FAILED_VERIFICATION, verifyResult: verified, detail: "SSL certificate problem: \(words)")
        }
    }

    /// Of the server's public key, as `tls.pins` has it; empty without one.
    private static func pin(of ssl: OpaquePointer) -> String {
        guard let certificate = SSL_get1_peer_certificate(ssl) else { return "" }
        defer { X509_free(certificate) }
        var encoded: UnsafeMutablePointer<UInt8>?
        let count = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &encoded)
        guard count > 0, let encoded else { return "" }
        defer { CRYPTO_free(encoded, "", 0) }
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        SHA256(encoded, Int(count), &digest)
        var text = [UInt8](repeating: 0, count: 64)
        let length = EVP_EncodeBlock(&text, digest, Int32(digest.count))
        return "sha256//" + String(decoding: text.prefix(Int(length)), as: UTF8.self)
    }

    // MARK: Bytes

    static func receive(_ ssl: OpaquePointer, _ memory: UnsafeMutableRawPointer, _ count: Int) -> Transfer {
        ERR_clear_error()
        errno = 0
        let result = SSL_read(ssl, memory, Int32(clamping: count))
        return result > 0 ? .bytes(Int(result)) : outcome(ssl, result)
    }

    /// - Parameters: as those of the call before, where that one could not write everything.
    static func send(_ ssl: OpaquePointer, _ bytes: UnsafeRawPointer, _ count: Int) -> Transfer {
        ERR_clear_error()
        errno = 0
        let result = SSL_write(ssl, bytes, Int32(clamping: count))
        return result > 0 ? .bytes(Int(result)) : outcome(ssl, result)
    }

    /// Whether more was received than was read.
    static func hasMore(_ ssl: OpaquePointer) -> Bool { SSL_has_pending(ssl) != 0 }

    private static func outcome(_ ssl: OpaquePointer, _ result: Int32) -> Transfer {
        let code = errno
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .wouldBlock
        case SSL_ERROR_ZERO_RETURN: return .ended(isTruncated: false)
        case SSL_ERROR_SSL where ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING:
            ERR_clear_error()
            return .ended(isTruncated: true)
        case SSL_ERROR_SYSCALL where code == 0: return .ended(isTruncated: true)
        default:
            let words = OpenSSLError.take()
            return .failed(code, words)
        }
    }

    /// Says good-bye, if it can be said at once.
    static func close(_ ssl: OpaquePointer) {
        ERR_clear_error()
        SSL_shutdown(ssl)
        SSL_free(ssl)
        ERR_clear_error()
    }

    /// - Returns: 0: the session stays OpenSSL's.
    static func keep(_ session: OpaquePointer?, of ssl: OpaquePointer?) -> Int32 {
        guard let ssl, let sessions = SSL_get_ex_data(ssl, 0) else { return 0 }
        Unmanaged<TLSSessions>.fromOpaque(sessions)._withUnsafeGuaranteedRef { $0.keep(session) }
        return 0
    }
}
