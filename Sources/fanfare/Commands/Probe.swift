import ArgumentParser
import BridgeRuntime
import EventModel
import HTTPTransport
import Signing

/// How events stand in requests.
enum ProbeFormat: String, ExpressibleByArgument, CaseIterable {
    case structured, binary, raw, batch
}

struct Probe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tries a receiver under development with deliveries that are good, repeated, forged, old or too large.",
        discussion: """
            For each it says what the receiver answered, and what it should have; docs/RECEIVERS.md says why. Nothing is needed but its
            URL and its secret: no Kafka, no configuration. Requests go to the URL that is given, also by http and to private addresses,
            with the header fanfare-test: true, by which a receiver can tell that nothing has happened. Exit status 0 when the receiver
            does all that it must (there may be warnings), 1 when it does not.
            """)

    @Argument(help: "The receiver's URL.")
    var url: String

    @OptionGroup var secrets: SecretOptions

    @Option(help: "How events stand in requests.")
    var format: ProbeFormat = .structured

    @Option(help: ArgumentHelp("The type of the events.", valueName: "name"))
    var type = "fanfare.test"

    @Option(
        help: ArgumentHelp("The events' data, JSON, where the receiver looks at it; - is standard input.", valueName: "file"),
        completion: .file())
    var data: String?

    @Option(help: ArgumentHelp("A header of every request; may be repeated.", valueName: "name=value"))
    var header: [String] = []

    @Option(help: ArgumentHelp("How far a timestamp may be from the receiver's clock, in seconds.", valueName: "seconds"))
    var tolerance: Int64 = 300

    @Option(help: ArgumentHelp("Size of the body that is too large; 0 leaves it out.", valueName: "bytes"))
    var oversized = 20 << 20

    @Option(
        help: ArgumentHelp("How long an answer may take; default 15s, as deliveries have.", valueName: "duration"),
        transform: TimeSpan.argument)
    var timeout: TimeSpan = .seconds(15)

    @Option(help: ArgumentHelp("Certificate authorities to trust instead of the system's, PEM.", valueName: "file"), completion: .file())
    var caFile: String?

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard !secrets.isEmpty else { throw ValidationError("--secret is missing; or give --secret-file") }
        _ = try EventInput.headers(header)
        guard (0...1_000_000_000).contains(tolerance) else { throw ValidationError("--tolerance must be between 0 and 1000000000") }
        guard (0...1 << 30).contains(oversized) else { throw ValidationError("--oversized must be between 0 and \(1 << 30)") }
        guard timeout > .zero else { throw ValidationError("--timeout must be more than 0") }
    }

    func run() async throws {
        let (sender, workshop) = try prepared()
        var report = ProbeReport(url: url, format: format, scheme: secrets.scheme, output: output.output)
        for trial in ProbeCatalog.trials(workshop, format) {
            let request = try trial.request(workshop)
            report.add(trial, request, sender.send(request))
            // Who does not answer a good delivery answers no other.
            if report.isSilent { break }
        }
        report.print()
        if report.failures > 0 { throw ExitCode.findings }
    }

    private func prepared() throws -> (sender: ProbeSender, workshop: ProbeWorkshop) {
        let texts = try secrets.texts().map { SigningSecret($0) }
        let isKey = { (secret: SigningSecret) in KeyFile.Kind(of: secret.text) == .ed25519 }
        let method = SigningMethod(scheme: secrets.scheme, secrets: texts.filter { !isKey($0) }, keys: texts.filter(isKey))
        let text = try data.map { file in
            var input = try Input(file)
            return try input.readAll()
        }
        do {
            let sender = try ProbeSender(to: try policy(), egress: Self.egress)
            return (sender, try ProbeWorkshop(sender, method, tolerance: tolerance, type: type, data: text, oversized: oversized))
        } catch let error as StandardWebhooks.SecretError {
            throw ValidationError("--secret: \(error)")
        } catch let error as EndpointError {
            throw ValidationError("\(url): \(error)")
        }
    }

    private func policy() throws -> Subscription {
        var policy = Subscription(name: "probe", topic: "fanfare.probe", endpoint: url)
        if format == .batch {
            policy.batch = BatchPolicy()
        } else {
            policy.payload = PayloadFormat(rawValue: format.rawValue) ?? .structured
        }
        policy.headers = try EventInput.headers(header).map { HeaderField(name: $0.name, value: $0.value) }
        policy.delivery.timeout = timeout
        policy.delivery.connectTimeout = min(timeout, policy.delivery.connectTimeout)
        if let caFile {
            var input = try Input(caFile)
            policy.certificateAuthorities = PEMFile(path: caFile, bytes: try input.readAll())
        }
        return policy
    }

    /// Whoever calls this says where requests go.
    private static var egress: BridgeConfiguration.Egress {
        var egress = BridgeConfiguration().egress
        egress.allowHTTP = true
        egress.allowPrivate = true
        egress.allowPorts = Array(1..<1024)
        return egress
    }
}
