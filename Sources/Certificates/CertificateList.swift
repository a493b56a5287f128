internal import COpenSSL
internal import Glibc

/// The certificates of a PEM file, in their order. Owner of OpenSSL's handles.
public final class CertificateList {
    private let handles: [OpaquePointer]

    /// - Throws: when there is none, or one that cannot be read.
    public init(pem: [UInt8]) throws(PEMError) {
        handles = try Self.read(pem)
    }

    deinit { handles.forEach { X509_free($0) } }

    public var count: Int { handles.count }

    /// When the first one was issued for, in seconds since 1970.
    public var leafBegins: Int64 { Self.seconds(X509_get0_notBefore(handles[0])) }

    /// When the first of them to expire does, in seconds since 1970.
    public var firstExpiry: Int64 { handles.map { Self.seconds(X509_get0_notAfter($0)) }.min()! }

    /// When the last of them to expire does, in seconds since 1970.
    public var lastExpiry: Int64 { handles.map { Self.seconds(X509_get0_notAfter($0)) }.max()! }

    /// Whether the first one was issued for this key.
    func belongs(to key: OpaquePointer) -> Bool {
        defer { ERR_clear_error() }
        return X509_check_private_key(handles[0], key) == 1
    }

    private static func read(_ pem: [UInt8]) throws(PEMError) -> [OpaquePointer] {
        var handles: [OpaquePointer] = []
        var isDamaged = false
        PEMReader.read(pem) { source in
            while let handle = PEM_read_bio_X509(source, nil, PEMReader.noPassphrase, nil) { handles.append(handle) }
            // Behind the last certificate there is nothing more to find, which is not the same as something unreadable.
            isDamaged = !PEMReader.lastErrorIsEnd
        }
        guard !isDamaged, !handles.isEmpty else {
            handles.forEach { X509_free($0) }
            throw PEMError(
                isDamaged
                    ? "holds a certificate that cannot be read: number \(handles.count + 1)"
                    : "holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)")
        }
        return handles
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64 {
        var parts = tm()
        guard ASN1_TIME_to_tm(time, &parts) == 1 else { return .max }
        return Int64(timegm(&parts))
    }
}
