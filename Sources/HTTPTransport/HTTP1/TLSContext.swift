import CCurl
import COpenSSL
import Glibc

/// What connections with the same authorities, pins and certificate share: OpenSSL's context. TLS 1.2 at least, HTTP/1.1 by ALPN.
final class TLSContext {
    let tls: EndpointConfiguration.TLS
    private let context: OpaquePointer
    private let system: SystemAuthorities?
    /// Why nothing can be sent with it: a file that cannot be used.
    private let problem: TLSProblem?

    /// - Parameter system: where there are no authorities of its own.
    init(_ tls: EndpointConfiguration.TLS, system: SystemAuthorities) {
        guard let context = SSL_CTX_new(TLS_client_method()) else { fatalError("SSL_CTX_new: out of memory.") }
        self.tls = tls
        self.context = context
        self.system = tls.authorities == nil ? system : nil
        fanfare_ssl_ctx_set_min_version(context, Int32(TLS1_2_VERSION))
        // Buffers only while something is in them: most connections are idle most of the time.
        fanfare_ssl_ctx_set_mode(
            context, Int(SSL_MODE_ENABLE_PARTIAL_WRITE) | Int(SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER) | Int(SSL_MODE_RELEASE_BUFFERS))
        SSL_CTX_set_options(context, UInt64(1 << 30) /* SSL_OP_NO_RENEGOTIATION */)
        // One system call for a record, not one for its header and one for the rest.
        SSL_CTX_set_default_read_buffer_len(context, 0)
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        fanfare_ssl_ctx_set_session_cache(context, Int(SSL_SESS_CACHE_CLIENT) | Int(SSL_SESS_CACHE_NO_INTERNAL))
        SSL_CTX_sess_set_new_cb(context) { ssl, session in TLSConnection.keep(session, of: ssl) }
        let protocols: [UInt8] = [8] + Array("http/1.1".utf8)
        SSL_CTX_set_alpn_protos(context, protocols, UInt32(protocols.count))
        problem = Self.load(tls, into: context)
        ERR_clear_error()
    }

    deinit { SSL_CTX_free(context) }

    /// A connection's side of TLS, before its handshake.
    ///
    /// - Parameter name: of the host; nil for an address.
    func connection(_ descriptor: Int32, name: String?, host: String, sessions: TLSSessions, _ now: Int64) throws(TLSProblem) -> OpaquePointer {
        if let problem { throw problem }
        system?.use(in: context, now)
        guard let ssl = SSL_new(context) else { throw TLSProblem(CURLE_OUT_OF_MEMORY, detail: "out of memory") }
        SSL_set_fd(ssl, descriptor)
        SSL_set_read_ahead(ssl, 1)
        SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(sessions).toOpaque())
        if let name {
            fanfare_ssl_set_server_name(ssl, name)
            SSL_set_hostflags(ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
            SSL_set1_host(ssl, name)
        } else {
            X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host)
        }
        sessions.resume(ssl)
        SSL_set_connect_state(ssl)
        return ssl
    }

    // MARK: Files

    private static func load(_ tls: EndpointConfiguration.TLS, into context: OpaquePointer) -> TLSProblem? {
        if let authorities = tls.authorities {
            guard let store = X509_STORE_new() else { return TLSProblem(CURLE_OUT_OF_MEMORY, detail: "out of memory") }
            X509_STORE_set_flags(store, SystemAuthorities.flags)
            let certificates = certificates(authorities)
            for certificate in certificates {
                X509_STORE_add_cert(store, certificate)
                X509_free(certificate)
            }
            SSL_CTX_set1_cert_store(context, store)
            X509_STORE_free(store)
            if certificates.isEmpty { return TLSProblem(CURLE_SSL_CACERT_BADFILE, detail: "tls.ca holds no certificate") }
        }
        guard let certificate = tls.certificate, let key = tls.key else { return nil }
        let chain = certificates(certificate)
        defer { chain.forEach { X509_free($0) } }
        var pair: OpaquePointer?
        withSource(key) { pair = PEM_read_bio_PrivateKey($0, nil, noPassphrase, nil) }
        defer { EVP_PKEY_free(pair) }
        guard let first = chain.first, SSL_CTX_use_certificate(context, first) == 1, let pair, SSL_CTX_use_PrivateKey(context, pair) == 1,
            chain.dropFirst().allSatisfy({ fanfare_ssl_ctx_add_chain_certificate(context, $0) == 1 })
        else { return TLSProblem(CURLE_SSL_CERTPROBLEM, detail: OpenSSLError.take() ?? "the certificate and its key cannot be read") }
        return nil
    }

    private static func certificates(_ pem: [UInt8]) -> [OpaquePointer] {
        var found: [OpaquePointer] = []
        withSource(pem) { source in
            while let certificate = PEM_read_bio_X509_AUX(source, nil, noPassphrase, nil) { found.append(certificate) }
        }
        ERR_clear_error()
        return found
    }

    private static func withSource(_ pem: [UInt8], _ body: (OpaquePointer) -> Void) {
        pem.withUnsafeBytes { bytes in
            guard !bytes.isEmpty, let source = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count)) else { return }
            body(source)
            BIO_free(source)
        }
    }

    /// Otherwise OpenSSL would ask on the terminal.
    private static let noPassphrase: @convention(c) (UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?) -> Int32 = { _, _, _, _ in 0 }
}

/// The system's certificate authorities, where libcurl has them. Read when first needed, and again after a while: a replaced file
/// is seen after it.
final class SystemAuthorities {
    /// As libcurl has them: what is trusted ends a chain, also where it is no root.
    static let flags = UInt(X509_V_FLAG_PARTIAL_CHAIN) | UInt(X509_V_FLAG_TRUSTED_FIRST)

    private var readAt: Int64 = .min
    private var store: OpaquePointer?
    private static let lifetime: Int64 = 600_000_000_000

    deinit { X509_STORE_free(store) }

    func use(in context: OpaquePointer, _ now: Int64) {
        if store == nil || now - readAt > Self.lifetime { read(now) }
        SSL_CTX_set1_cert_store(context, store)
    }

    private func read(_ now: Int64) {
        X509_STORE_free(store)
        store = X509_STORE_new()
        X509_STORE_set_flags(store, Self.flags)
        readAt = now
        let probe = curl_easy_init()
        defer { curl_easy_cleanup(probe) }
        guard let probe else { return }
        if let file = LibCurl.text(probe, CURLINFO_CAINFO) { X509_STORE_load_file(store, file) }
        if let folder = LibCurl.text(probe, CURLINFO_CAPATH) { X509_STORE_load_path(store, folder) }
        ERR_clear_error()
    }
}

/// What a host's server gave to be recognised by: a handshake that resumes costs neither a signature nor a certificate.
final class TLSSessions {
    private var latest: OpaquePointer?

    deinit { SSL_SESSION_free(latest) }

    /// A copy, because OpenSSL lets nobody resume a session whose connection ended without a good-bye, as idle ones often do.
    func keep(_ session: OpaquePointer?) {
        SSL_SESSION_free(latest)
        latest = session.flatMap { SSL_SESSION_dup($0) }
    }

    func resume(_ ssl: OpaquePointer) {
        guard let latest, let copy = SSL_SESSION_dup(latest) else { return }
        SSL_set_session(ssl, copy)
        SSL_SESSION_free(copy)
    }
}

/// Why TLS failed, in libcurl's terms, which ``TLSFailure`` puts into words.
struct TLSProblem: Error {
    /// Whatever is not about certificates.
    static let handshake = CURLE_SSL_CONNECT_ERROR

    let code: CURLcode
    let verifyResult: Int
    let detail: String

    init(_ code: CURLcode, verifyResult: Int = 0, detail: String) {
        self.code = code
        self.verifyResult = verifyResult
        self.detail = detail
    }

    var reason: String { TLSFailure.reason(code, verifyResult: verifyResult, detail: detail) }
}

enum OpenSSLError {
    /// The first of the errors that OpenSSL has noted on this thread, which are all forgotten.
    static func take() -> String? {
        let code = ERR_get_error()
        defer { ERR_clear_error() }
        guard code != 0 else { return nil }
        var text = [CChar](repeating: 0, count: 256)
        ERR_error_string_n(code, &text, text.count)
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
