import ArgumentParser
import Signing

struct Keys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes and rotates signing secrets and ed25519 keys.",
        subcommands: [KeysNew.self, KeysPublic.self, KeysRotate.self])
}

struct KeysNew: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Makes a signing secret (whsec_...), or an ed25519 key (whsk_...).",
        discussion: "Prints it, or with --out writes it into a file that only its owner can read, and of a key prints the public one.")

    @Option(help: "secret: sender and receiver share it; ed25519: the receiver gets the public key only.")
    var kind: KeyFile.Kind = .secret

    @Option(help: ArgumentHelp("A file that is not there yet.", valueName: "file"), completion: .file())
    var out: String?

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let text = kind.random()
        let publicKey = kind == .ed25519 ? try? StandardWebhooks.PrivateKey(text).publicKey.text : nil
        if let out { try KeyFile.create(out, [text]) }
        switch output.output {
        case .text:
            if let out {
                print(publicKey ?? "a secret for both sides is in \(out)")
            } else {
                print(text)
                if let publicKey { printError("public key: \(publicKey)") }
            }
        case .json:
            var members = [("kind", kind.rawValue)]
            members.append(out.map { ("file", $0) } ?? ("secret", text))
            if let publicKey { members.append(("publicKey", publicKey)) }
            print("{" + members.map { "\(JSONText.quoted($0)):\(JSONText.quoted($1))" }.joined(separator: ",") + "}")
        }
    }
}

struct KeysPublic: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "public", abstract: "Prints the public keys (whpk_...) of the ed25519 keys in a file, for receivers.")

    @OptionGroup var output: OutputOptions

    @Argument(help: "A file of private keys; - is standard input.", completion: .file())
    var file: String

    func run() async throws {
        let keys = try KeyFile.lines(of: file)
        guard !keys.isEmpty else { throw Failed("\(file) holds no key; make one with: fanfare keys new --kind ed25519") }
        let publicKeys: [String]
        do throws(StandardWebhooks.SecretError) {
            publicKeys = try keys.map { key throws(StandardWebhooks.SecretError) in try StandardWebhooks.PrivateKey(key).publicKey.text }
        } catch {
            throw Failed("\(file): \(error)")
        }
        switch output.output {
        case .text: for key in publicKeys { print(key) }
        case .json: print("{\"publicKeys\":[\(publicKeys.map(JSONText.quoted).joined(separator: ","))]}")
        }
    }
}

struct KeysRotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Adds a new secret or key to a file that a manifest names, or removes the old ones.",
        discussion: """
            The new one stands first and signs along with the old ones. When every receiver knows it, --finish removes
            the others. A running bridge takes up each change within seconds.
            """)

    @Flag(help: "Keep only the newest.")
    var finish = false

    @OptionGroup var output: OutputOptions

    @Argument(help: "The file; what it holds says which kind the new one is.", completion: .file())
    var file: String

    func run() async throws {
        var keys = try KeyFile(file)
        let before = keys.keys.count
        if finish { try keys.removeOld() } else { try keys.add() }
        switch output.output {
        case .text:
            if finish {
                print("\(file): \(before - 1) old removed, the newest signs")
            } else {
                print("\(file): a new one signs along with \(before) old; when receivers know it: fanfare keys rotate --finish \(file)")
            }
            if let newest = keys.publicKeys.first { print(newest) }
        case .json:
            let publicKeys = keys.publicKeys.map(JSONText.quoted).joined(separator: ",")
            print("{\"file\":\(JSONText.quoted(file)),\"kind\":\"\(keys.kind.rawValue)\",\"count\":\(keys.keys.count),\"publicKeys\":[\(publicKeys)]}")
        }
    }
}
