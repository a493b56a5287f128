import COpenSSL

/// How the process ends.
enum ProcessEnd {
    /// Keeps libcrypto as it is until there is no thread any more. To be called before anything uses it.
    ///
    /// By itself it frees what it holds when `exit` is called, while librdkafka's threads, which nobody waits for at the end, may be
    /// in a TLS handshake: that ended commands which had done their work with a segmentation fault.
    /// https://docs.openssl.org/3.0/man3/OPENSSL_init_crypto/, OPENSSL_INIT_NO_ATEXIT
    static func leaveLibcryptoAlone() { OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil) }
}
