import BridgeRuntime
import EventModel
import TerminalViews

/// What came of a probe.
struct ProbeReport {
    private struct Line {
        var trial: ProbeTrial
        var id: String?
        var answer: ProbeSender.Answer
        var verdict: ProbeTrial.Verdict
    }

    private let url: String
    private let format: ProbeFormat
    private let scheme: SignatureScheme
    private let output: OutputFormat
    private var lines: [Line] = []

    init(url: String, format: ProbeFormat, scheme: SignatureScheme, output: OutputFormat) {
        self.url = url
        self.format = format
        self.scheme = scheme
        self.output = output
    }

    mutating func add(_ trial: ProbeTrial, _ request: ProbeSender.Request, _ answer: ProbeSender.Answer) {
        lines.append(Line(trial: trial, id: request[header: "webhook-id"], answer: answer, verdict: trial.verdict(on: answer)))
    }

    var failures: Int { lines.count { $0.verdict == .failed } }
    private var warnings: Int { lines.count { $0.verdict == .warning } }
    /// Nothing has answered so far.
    var isSilent: Bool { lines.allSatisfy { $0.answer.failure != nil } }

    func print() {
        switch output {
        case .text: printText()
        case .json: Terminal.write(json + "\n")
        }
    }

    private func printText() {
        var table = Table([.init(""), .init("TRIAL"), .init("SENT", shrinks: true), .init("ANSWER"), .init("EXPECTED")])
        for line in lines {
            table.add([line.verdict.rawValue, line.trial.name, line.trial.sent, Self.answer(line.answer), line.trial.expectation.rawValue])
        }
        Terminal.write(Terminal.render(table) + "\n")
        for line in lines where line.verdict != .ok {
            Terminal.write("\(line.verdict.rawValue): \(line.trial.name): \(Self.said(line.answer))\n  -> \(line.trial.help)\n")
        }
        if isSilent {
            Terminal.write("the receiver answers nothing: nothing else was sent\n")
        } else if lines.first?.verdict == .failed {
            Terminal.write("as it does not take what is good, it proves nothing that it refuses the rest\n")
        } else if let id = repeatedID {
            Terminal.write("to be seen only at the receiver: that \(id) was processed once, although it came twice\n")
        }
        Terminal.write("\(lines.count) tried, \(failures) failed, \(Numbers.counted(warnings, "warning"))\n")
    }

    private var repeatedID: String? { lines.first { $0.trial.name == "repeated" }?.id }

    private static func answer(_ answer: ProbeSender.Answer) -> String {
        if let failure = answer.failure { return failure.rawValue }
        return "\(answer.status)" + (answer.disables ? ", disable" : "") + " after \(milliseconds(answer)) ms"
    }

    private static func said(_ answer: ProbeSender.Answer) -> String {
        answer.failure == nil ? "answered \(answer.status)" + (answer.disables ? " with webhook-delivery: disable" : "") : answer.message
    }

    private static func milliseconds(_ answer: ProbeSender.Answer) -> Int64 { answer.duration.nanoseconds / 1_000_000 }

    private var json: String {
        let trials = lines.map { line in
            JSONText.object([
                ("trial", JSONText.quoted(line.trial.name)), ("verdict", JSONText.quoted(line.verdict.rawValue)),
                ("sent", JSONText.quoted(line.trial.sent)), ("expected", JSONText.quoted(line.trial.expectation.rawValue)),
                ("must", "\(line.trial.isMust)"), ("status", line.answer.status == 0 ? "null" : "\(line.answer.status)"),
                ("failure", JSONText.text(line.answer.failure?.rawValue)),
                ("message", line.answer.message.isEmpty ? "null" : JSONText.quoted(line.answer.message)),
                ("milliseconds", "\(Self.milliseconds(line.answer))"), ("id", JSONText.text(line.id)),
                ("help", line.verdict == .ok ? "null" : JSONText.quoted(line.trial.help)),
            ])
        }
        return JSONText.object([
            ("url", JSONText.quoted(url)), ("format", JSONText.quoted(format.rawValue)), ("scheme", JSONText.quoted(scheme.rawValue)),
            ("failed", "\(failures)"), ("warnings", "\(warnings)"), ("trials", JSONText.array(trials)),
        ])
    }
}
