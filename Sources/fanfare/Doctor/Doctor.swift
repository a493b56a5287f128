import ArgumentParser
import EventModel
import KafkaClient
import Manifests
import TerminalViews

struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Looks at everything that a bridge depends on here, and says what is wrong and what to do.",
        discussion: """
            Configuration and manifests; whether the cluster answers, and topics are there as they have to be, have leaders and all
            replicas, keep records for long enough, and may be read; the certificates of endpoints, by a TLS handshake without a request;
            whether the schema registry answers; this machine's clock and descriptors. Nothing is changed, no record and no event is sent:
            whether topics may be written to, only writing shows. Exit status 0 without problems (there may be warnings), 1 with problems,
            78 when configuration or manifests are wrong.
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let (loaded, manifests) = try options.usableManifests()
        let kafka = try KafkaConfiguration(loaded.configuration)
        var findings = (loaded.problems + manifests.problems).map { Finding.warning(.configuration, .checkWarning, $0.report, help: nil) }
        if findings.isEmpty {
            let count = manifests.topics.reduce(0) { $0 + $1.subscriptions.count }
            findings.append(.ok(.configuration, "\(Numbers.counted(manifests.topics.count, "topic")), \(Numbers.counted(count, "subscription"))"))
        }
        findings += try ClusterExamination(loaded.configuration, manifests.topics, kafka).findings()
        findings += try EndpointExamination.findings(loaded.configuration, manifests.topics)
        findings += EndpointExamination.registry(loaded.configuration)
        findings += MachineExamination.findings(loaded.configuration)
        report(findings)
        if findings.contains(where: { $0.status == .problem }) { throw ExitCode.findings }
    }

    private func report(_ findings: [Finding]) {
        let (problems, warnings) = (findings.count { $0.status == .problem }, findings.count { $0.status == .warning })
        switch output.output {
        case .text:
            let margin = String(repeating: " ", count: Self.status + Self.subject)
            for finding in findings {
                print(Self.padded(finding.status.rawValue, Self.status) + Self.padded(finding.subject.rawValue, Self.subject) + finding.line)
                if let help = finding.help { print(margin + "-> " + help) }
            }
            print("\(Numbers.counted(problems, "problem")), \(Numbers.counted(warnings, "warning"))")
        case .json:
            print("{\"problems\":\(problems),\"warnings\":\(warnings),\"findings\":[\(findings.map(\.json).joined(separator: ","))]}")
        }
    }

    private static let status = 9
    private static let subject = (Finding.Subject.allCases.map(\.rawValue.count).max() ?? 0) + 2

    private static func padded(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(1, width - text.count)) }
}
