internal import Certificates
internal import EventModel

/// `tls:` of a subscription.
enum TLSCatalog {
    static let section = Section<Subscription>(SubscriptionCatalog.prototype, [
        .undefaulted("ca", \.certificateAuthorities, .optional(authorities),
            "PEM file of certificate authorities to trust instead of the system's; relative to this file, and read again when it changes."),
        .value("pins", \.publicKeyPins, .list("a list such as [\"sha256//...\"]", of: pin, count: 0...20),
            "Public keys, one of which the endpoint must have: sha256// and the base64 of its digest."),
    ])

    private static let authorities = Shape<PEMFile>(schema: Shape.pemFile.schema, form: .text) { node, path, reader in
        guard let file = Shape.pemFile.read(node, path, &reader) else { return nil }
        do throws(PEMError) {
            let certificates = try CertificateList(pem: file.bytes)
            if WallTime(milliseconds: certificates.lastExpiry * 1000) < reader.environment.now() {
                reader.warn(node.position, path, "every certificate in \(file.path) has expired: nothing is trusted", code: .endingCertificate)
            }
        } catch {
            reader.error(node.position, path, "\(file.path) \(error)")
            return nil
        }
        return file
    } show: { _ in .null }

    /// As libcurl takes it: 32 bytes in base64.
    private static let pin = Shape<String>.text("a pin such as sha256//YhKJKSzoTt2b5FP18fvpHo7fJYqQCjAa3HWY3tvRMwE=", pattern: "sha256//[A-Za-z0-9+/]{43}=") { pin in
        let digest = pin.utf8.dropFirst("sha256//".utf8.count)
        let isBase64 = digest.dropLast().allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == 0x2B || $0 == 0x2F }
        return pin.hasPrefix("sha256//") && digest.count == 44 && digest.last == 0x3D && isBase64 ? .value(()) : .unexpected
    }
}
