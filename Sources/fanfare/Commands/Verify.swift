import ArgumentParser
import Glibc
import Signing

struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks a signature by hand.",
        discussion: """
            The body is read from FILE or standard input and must be, byte for byte, what was received: `printf`, unlike `echo`,
            adds no line break. Exit status 0 when the signature is right, 1 when it is not.
            """)

    @Option(help: ArgumentHelp("A signing secret, whsec_...; repeat it for several, of which one must match.", valueName: "secret"))
    var secret: [String]

    @Option(help: ArgumentHelp("The request's webhook-id.", valueName: "id"))
    var id: String

    @Option(help: ArgumentHelp("The request's webhook-timestamp.", valueName: "seconds"))
    var timestamp: String

    @Option(help: ArgumentHelp("The request's webhook-signature, all of it.", valueName: "signature"))
    var signature: String

    @Option(help: ArgumentHelp("How far the timestamp may be from now, in seconds.", valueName: "seconds"))
    var tolerance: Int64 = 300

    @Flag(help: "Accept any timestamp, for requests out of a log.")
    var ignoreAge = false

    @OptionGroup var output: OutputOptions

    @Argument(help: "The body; - is standard input.", completion: .file())
    var file: String?

    func validate() throws {
        guard !secret.isEmpty else { throw ValidationError("--secret is missing") }
        _ = try secrets()
        guard tolerance >= 0 else { throw ValidationError("--tolerance must not be negative") }
    }

    func run() async throws {
        let secrets = try secrets()
        var input = try Input(file)
        let body = try input.readAll()
        let failure = body.withUnsafeBytes { self.failure($0, secrets) }
        var reason = failure?.description ?? ""
        if failure == .noMatchingSignature, body.last == UInt8(ascii: "\n"),
            body.withUnsafeBytes({ self.failure(UnsafeRawBufferPointer(rebasing: $0.dropLast()), secrets) }) == nil {
            reason = "the body ends with a line break that was not signed; without it the signature matches"
        }
        switch output.output {
        case .text: print(failure == nil ? "ok" : "not ok: \(reason)")
        case .json: print(failure == nil ? #"{"ok":true}"# : "{\"ok\":false,\"reason\":\(JSONText.quoted(reason))}")
        }
        if failure != nil { throw ExitCode.findings }
    }

    private func secrets() throws -> [StandardWebhooks.Secret] {
        do {
            return try secret.map { try StandardWebhooks.Secret($0) }
        } catch {
            throw ValidationError("--secret: \(error)")
        }
    }

    private func failure(_ body: UnsafeRawBufferPointer, _ secrets: [StandardWebhooks.Secret]) -> WebhookVerifier.Failure? {
        let now = ignoreAge ? Int64(timestamp) ?? 0 : Int64(time(nil))
        do throws(WebhookVerifier.Failure) {
            try WebhookVerifier(secrets: secrets, tolerance: tolerance).verify(
                id: id, timestamp: timestamp, signature: signature, body: body, now: now)
            return nil
        } catch {
            return error
        }
    }
}
