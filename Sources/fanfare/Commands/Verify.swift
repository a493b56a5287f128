import ArgumentParser
import EventModel
import Glibc
import Signing

struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Checks a signature by hand.",
        discussion: """
            The body is read from FILE or standard input and must be, byte for byte, what was received: `printf`, unlike `echo`,
            adds no line break. Exit status 0 when the signature is right, 1 when it is not.
            """)

    @OptionGroup var verification: VerificationOptions

    @Option(help: ArgumentHelp("The request's webhook-id; with the scheme standard.", valueName: "id"))
    var id: String?

    @Option(help: ArgumentHelp("The request's webhook-timestamp; with the scheme standard.", valueName: "seconds"))
    var timestamp: String?

    @Option(help: ArgumentHelp("The request's webhook-signature, X-Hub-Signature-256 or Stripe-Signature, all of it.", valueName: "signature"))
    var signature: String

    @Option(help: ArgumentHelp("How far the timestamp may be from now, in seconds.", valueName: "seconds"))
    var tolerance: Int64 = 300

    @Flag(help: "Accept any timestamp, for requests out of a log.")
    var ignoreAge = false

    @OptionGroup var output: OutputOptions

    @Argument(help: "The body; - is standard input.", completion: .file())
    var file: String?

    func validate() throws {
        guard !verification.isEmpty else {
            throw ValidationError("--secret is missing; or give --secret-file or --public-key")
        }
        guard !verification.secrets.secretFile.contains("-") || file != nil && file != "-" else {
            throw ValidationError("standard input cannot be both the secret and the body; name a file for one of them")
        }
        if verification.secrets.scheme == .standard {
            if id == nil { throw ValidationError("--id is missing: the request's webhook-id") }
            if timestamp == nil { throw ValidationError("--timestamp is missing: the request's webhook-timestamp") }
        }
        guard tolerance >= 0 else { throw ValidationError("--tolerance must not be negative") }
    }

    func run() async throws {
        let verifier = try verifier()
        var input = try Input(file)
        let body = try input.readAll()
        let failure = body.withUnsafeBytes { self.failure($0, verifier) }
        var reason = failure?.description ?? ""
        if failure == .noMatchingSignature, body.last == UInt8(ascii: "\n"),
            body.withUnsafeBytes({ self.failure(UnsafeRawBufferPointer(rebasing: $0.dropLast()), verifier) }) == nil {
            reason = "the body ends with a line break that was not signed; without it the signature matches"
        }
        switch output.output {
        case .text: print(failure == nil ? "ok" : "not ok: \(reason)")
        case .json: print(failure == nil ? #"{"ok":true}"# : "{\"ok\":false,\"reason\":\(JSONText.quoted(reason))}")
        }
        if failure != nil { throw ExitCode.findings }
    }

    private func verifier() throws -> any RequestVerifier {
        // Of a time that is in no header of its own nothing is known here.
        let tolerance = ignoreAge ? Int64.max / 4 : tolerance
        let keys = try verification.keys()
        do throws(StandardWebhooks.SecretError) {
            return try keys.verifier(tolerance: tolerance)
        } catch {
            throw ValidationError("--secret, --public-key: \(error)")
        }
    }

    private func failure(_ body: UnsafeRawBufferPointer, _ verifier: any RequestVerifier) -> VerificationFailure? {
        let headers = [
            "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature, "x-hub-signature-256": signature,
            "stripe-signature": signature,
        ]
        do throws(VerificationFailure) {
            try verifier.verify(header: { headers[$0] ?? nil }, body: body, now: Int64(time(nil)))
            return nil
        } catch {
            return error
        }
    }
}
