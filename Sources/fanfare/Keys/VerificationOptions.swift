import ArgumentParser
import EventModel
import Signing

/// What signatures are checked with: the same options for every command that checks some.
struct VerificationOptions: ParsableArguments {
    @Option(help: "How requests are signed: standard, github or stripe.", transform: Self.scheme)
    var scheme: SignatureScheme = .standard

    @Option(help: ArgumentHelp("A signing secret, whsec_... (with github and stripe any text); may be repeated, and one must fit.", valueName: "secret"))
    var secret: [String] = []

    @Option(help: ArgumentHelp("The same from a file, one per line; - is standard input.", valueName: "file"), completion: .file())
    var secretFile: [String] = []

    @Option(help: ArgumentHelp("A public key, whpk_..., for ed25519 signatures; may be repeated.", valueName: "key"))
    var publicKey: [String] = []

    /// In their written forms; not looked at yet.
    func keys() throws -> VerificationKeys {
        var secrets = secret
        for file in secretFile { secrets += try KeyFile.lines(of: file) }
        return VerificationKeys(scheme: scheme, secrets: secrets, publicKeys: publicKey)
    }

    private static func scheme(_ text: String) throws -> SignatureScheme {
        guard let scheme = SignatureScheme(rawValue: text) else { throw ValidationError("--scheme \(text): write standard, github or stripe") }
        return scheme
    }
}
