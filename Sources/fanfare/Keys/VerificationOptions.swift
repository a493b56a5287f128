import ArgumentParser
import EventModel
import Signing

/// What requests are signed with: the same options for every command that signs or checks.
struct SecretOptions: ParsableArguments {
    @Option(help: "How requests are signed: standard, github or stripe.", transform: Self.scheme)
    var scheme: SignatureScheme = .standard

    @Option(help: ArgumentHelp("A signing secret, whsec_... (with github and stripe any text); may be repeated.", valueName: "secret"))
    var secret: [String] = []

    @Option(help: ArgumentHelp("The same from a file, one per line; - is standard input.", valueName: "file"), completion: .file())
    var secretFile: [String] = []

    var isEmpty: Bool { secret.isEmpty && secretFile.isEmpty }

    /// In their written forms; not looked at yet.
    func texts() throws -> [String] {
        try secret + secretFile.flatMap { try KeyFile.lines(of: $0) }
    }

    private static func scheme(_ text: String) throws -> SignatureScheme {
        guard let scheme = SignatureScheme(rawValue: text) else { throw ValidationError("--scheme \(text): write standard, github or stripe") }
        return scheme
    }
}

/// What signatures are checked with. A signature by any of the secrets or keys is enough.
struct VerificationOptions: ParsableArguments {
    @OptionGroup var secrets: SecretOptions

    @Option(help: ArgumentHelp("A public key, whpk_..., for ed25519 signatures; may be repeated.", valueName: "key"))
    var publicKey: [String] = []

    var isEmpty: Bool { secrets.isEmpty && publicKey.isEmpty }

    /// In their written forms; not looked at yet.
    func keys() throws -> VerificationKeys {
        VerificationKeys(scheme: secrets.scheme, secrets: try secrets.texts(), publicKeys: publicKey)
    }
}
