/// What a JSON Web Token (RFC 7519) says about itself, read and not verified: for its bearer, who wants to know when the next one is
/// due. Whether it can be trusted is the business of those who are shown it.
public struct JWTClaims: Sendable, Equatable {
    /// `sub`.
    public var subject: String?
    /// `exp`, in milliseconds since 1970.
    public var expires: Int64?

    /// Nil for what is not a signed token in its compact form, or does not hold an object.
    public init?(_ token: String) {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let header = String(parts[0]).base64URLDecoded, let payload = String(parts[1]).base64URLDecoded,
            parts[2].utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), Self.object(header, { _ in true }) == true,
            let claims = Self.object(payload, Self.init(members:))
        else { return nil }
        self = claims
    }

    private init(members: JSONValue) {
        subject = members.member("sub")?.unescaped
        guard let value = members.member("exp"), value.kind == .number,
            let seconds = Double(String(decoding: value.raw, as: UTF8.self)), seconds.isFinite
        else { return }
        expires = Int64(min(max(0, seconds), 1e12) * 1000)
    }

    private static func object<Result>(_ text: [UInt8], _ read: (JSONValue) -> Result) -> Result? {
        text.withUnsafeBytes { text in
            guard let value = try? JSONScanner.scan(text), value.kind == .object else { return nil }
            return read(value)
        }
    }
}
