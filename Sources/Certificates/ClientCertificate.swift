internal import COpenSSL

/// A certificate with its private key, as a TLS client shows it.
public enum ClientCertificate {
    /// - Parameter certificates: the first of them is the client's own.
    /// - Throws: when the key cannot be read, or belongs to another certificate; a clause that follows the name of the key's file.
    public static func check(key pem: [UInt8], for certificates: CertificateList) throws(PEMError) {
        var key: OpaquePointer?
        PEMReader.read(pem) { key = PEM_read_bio_PrivateKey($0, nil, PEMReader.noPassphrase, nil) }
        guard let key else {
            throw PEMError(
                PEMReader.isEncrypted(pem)
                    ? "holds a key with a passphrase; store it without one, readable by Fanfare alone"
                    : "holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)")
        }
        defer { EVP_PKEY_free(key) }
        guard certificates.belongs(to: key) else { throw PEMError("holds a key that does not belong to the certificate") }
    }
}
