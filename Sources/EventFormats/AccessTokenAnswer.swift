/// The body of a token endpoint's answer (RFC 6749, sections 5.1 and 5.2).
public enum AccessTokenAnswer: Sendable, Equatable {
    /// - lifetime: in seconds; nil where it is not said.
    case token(String, lifetime: Double?)
    /// The code that names the error, if it looks like one.
    case refused(code: String?)
    /// Neither; a clause that says why, without a word of the body.
    case unusable(String)

    private static let longestToken = 16 << 10

    /// - Parameter isSuccess: the status was 2xx.
    public init(_ body: UnsafeRawBufferPointer, isSuccess: Bool) {
        guard let answer = try? JSONScanner.scan(body), answer.kind == .object else {
            self = isSuccess ? .unusable("is not a JSON object, or a very long one") : .refused(code: nil)
            return
        }
        guard isSuccess else {
            let code = answer.member("error")?.unescaped
            let isCode = code.map { (1...40).contains($0.utf8.count) && $0.utf8.allSatisfy(Self.isCodeCharacter) } ?? false
            self = .refused(code: isCode ? code : nil)
            return
        }
        guard let token = answer.member("access_token")?.unescaped, !token.isEmpty else {
            self = .unusable("has no access_token")
            return
        }
        guard Self.fitsHeader(token) else {
            self = .unusable("has an access_token that no header can hold")
            return
        }
        if let type = answer.member("token_type")?.unescaped, type.lowercased() != "bearer" {
            self = .unusable("has a token_type other than Bearer")
            return
        }
        let lifetime = Self.lifetime(answer.member("expires_in"))
        self = lifetime ?? 1 < 1 ? .unusable("is a token that has expired already (expires_in)") : .token(token, lifetime: lifetime)
    }

    static func fitsHeader(_ token: String) -> Bool {
        token.utf8.count <= longestToken && token.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    /// Some send the number as text.
    private static func lifetime(_ value: JSONValue?) -> Double? {
        guard let value else { return nil }
        let text = value.kind == .number ? String(decoding: value.raw, as: UTF8.self) : value.unescaped
        guard let seconds = text.flatMap({ Double($0) }), seconds.isFinite else { return nil }
        return min(max(0, seconds), 1e9)
    }

    private static func isCodeCharacter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "_")
    }
}
