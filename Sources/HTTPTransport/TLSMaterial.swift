import CCurl
import Glibc

/// Authorities, pins and certificate of an endpoint, in the form that libcurl takes. Owner of the memory, which slots that
/// were set to it point into (`CURL_BLOB_NOCOPY`); a slot keeps it until it is set to another.
final class TLSMaterial {
    let authorities: UnsafeRawBufferPointer?
    let pins: String?
    let certificate: UnsafeRawBufferPointer?
    let key: UnsafeRawBufferPointer?

    /// Nil where nothing differs from the default.
    init?(_ tls: EndpointConfiguration.TLS) {
        if tls == EndpointConfiguration.TLS() { return nil }
        authorities = Self.copy(tls.authorities)
        pins = tls.publicKeyPins.isEmpty ? nil : tls.publicKeyPins.joined(separator: ";")
        certificate = Self.copy(tls.certificate)
        key = Self.copy(tls.key)
    }

    deinit {
        if let key { explicit_bzero(UnsafeMutableRawPointer(mutating: key.baseAddress!), key.count) }
        for memory in [authorities, certificate, key] { memory?.deallocate() }
    }

    private static func copy(_ bytes: [UInt8]?) -> UnsafeRawBufferPointer? {
        guard let bytes else { return nil }
        // Never empty, as that has no address.
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 1)
        memory[0] = 0
        memory.copyBytes(from: bytes)
        return UnsafeRawBufferPointer(memory)
    }
}

extension TLSMaterial {
    /// On a handle that has nothing set yet.
    func set(on easy: UnsafeMutableRawPointer) {
        Self.set(self, on: easy, defaultAuthoritiesPath: LibCurl.text(easy, CURLINFO_CAPATH))
    }

    /// - Parameter material: nil takes everything back.
    fileprivate static func set(_ material: TLSMaterial?, on easy: UnsafeMutableRawPointer, defaultAuthoritiesPath: String?) {
        setBlob(easy, CURLOPT_CAINFO_BLOB, material?.authorities)
        // Instead of the system's: their folder has to go as well, their file libcurl leaves out by itself.
        fanfare_easy_set_string(easy, CURLOPT_CAPATH, material?.authorities == nil ? defaultAuthoritiesPath : nil)
        fanfare_easy_set_string(easy, CURLOPT_PINNEDPUBLICKEY, material?.pins)
        setBlob(easy, CURLOPT_SSLCERT_BLOB, material?.certificate)
        setBlob(easy, CURLOPT_SSLKEY_BLOB, material?.key)
    }

    private static func setBlob(_ easy: UnsafeMutableRawPointer, _ option: CURLoption, _ bytes: UnsafeRawBufferPointer?) {
        fanfare_easy_set_blob(easy, option, bytes?.baseAddress, bytes?.count ?? 0)
    }
}

extension Slot {
    /// Sets the handle to an endpoint's material, or back.
    mutating func use(_ material: TLSMaterial?, defaultAuthoritiesPath: String?) {
        guard tls !== material else { return }
        TLSMaterial.set(material, on: easy, defaultAuthoritiesPath: defaultAuthoritiesPath)
        // Last: what it was set to before lives until here.
        tls = material
    }
}
