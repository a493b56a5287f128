import ArgumentParser
import Dispatch
import EventModel
import Glibc
import Receiver
import Signing
import TerminalViews

struct Listen: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "A webhook receiver for trying things out: prints, verifies, misbehaves on demand.",
        discussion: """
            Takes POST on every path and prints a line for each request. Ends with ctrl-C or SIGTERM, and a summary.
            Exit status 1 if it cannot listen.
            """)

    @Option(help: "0 takes a free one.")
    var port: UInt16 = 9080

    @Option(help: "Address to listen on; 0.0.0.0 takes requests from other machines.")
    var host = "127.0.0.1"

    @OptionGroup(title: "Verification")
    var verification: VerificationOptions

    @Option(help: ArgumentHelp("Share of the requests that fail with 503: 0.1 or 10%.", valueName: "rate"), transform: Self.rate)
    var fail: Double = 0

    @Option(help: ArgumentHelp("How long every answer takes: 250ms, 5s.", valueName: "duration"), transform: TimeSpan.argument)
    var delay: TimeSpan = .zero

    @Option(help: ArgumentHelp("Answers everything with this status instead of 200.", valueName: "status"))
    var status: Int?

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let status, !(200...599).contains(status) { throw ValidationError("--status \(status): a status is a number from 200 to 599") }
    }

    func run() async throws {
        var options = ReceiverOptions()
        options.host = host
        options.port = Int(port)
        options.keys = try verification.keys()
        let checks = !options.keys.isEmpty
        options.behaviour = Behaviour(failRate: fail, delay: .nanoseconds(delay.nanoseconds), status: status)
        let format = output.output
        let style = Terminal.mode(of: STDOUT_FILENO).style
        let receiver: WebhookReceiver
        do {
            receiver = try WebhookReceiver(options: options) { delivery in
                switch format {
                case .text: Terminal.write(DeliveryLine.render(delivery, colour: style.colour, unicode: style.unicode) + "\n")
                case .json: Terminal.write(DeliveryJSON.line(delivery) + "\n")
                }
            }
        } catch {
            throw ValidationError("\(error)")
        }
        let receiving = Task {
            try await receiver.run { [host] port in
                let url = "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
                switch format {
                case .text: Terminal.write("listening on \(url) (\(behaviour(checks))); ctrl-C ends\n")
                case .json: Terminal.write("{\"listening\":\(JSONText.quoted(url))}\n")
                }
            }
        }
        let signals = Termination.onSignal { receiving.cancel() }
        defer { signals.cancel() }
        do {
            try await receiving.value
        } catch is CancellationError {
        } catch {
            throw Failed("\(error)")
        }
        switch format {
        case .text: Terminal.write(Self.summary(receiver.statistics, style))
        case .json: Terminal.write(DeliveryJSON.line(receiver.statistics) + "\n")
        }
    }

    /// What it does with a request, in words.
    private func behaviour(_ checksSignatures: Bool) -> String {
        var words = [checksSignatures ? "signatures are verified" : "signatures are not checked: no --secret"]
        if fail > 0 { words.append("\((fail * 1000).rounded() / 10) % fail with 503".replacing(".0 %", with: " %")) }
        if delay > .zero { words.append("answers take \(delay)") }
        if let status { words.append("answers \(status)") }
        return words.joined(separator: ", ")
    }

    private static func summary(_ statistics: ReceiverStatistics, _ style: TerminalStyle) -> String {
        guard !statistics.paths.isEmpty else { return "\nnothing was received\n" }
        var table = Table([
            .init("PATH", shrinks: true), .init("REQUESTS", .right), .init("ACCEPTED", .right), .init("EVENTS", .right), .init("DUPLICATES", .right),
            .init("WRONG SIGNATURE", .right), .init("FAILED ON PURPOSE", .right),
        ])
        for (path, figures) in statistics.paths.sorted(by: { $0.key < $1.key }) {
            table.add(
                [path]
                    + [
                        figures.received, figures.accepted, figures.acceptedEvents, figures.duplicates, figures.signatureFailed,
                        figures.failedOnPurpose,
                    ].map { Numbers.grouped($0) })
        }
        return "\n" + table.render(width: Terminal.size(of: STDOUT_FILENO)?.width, style: style)
    }

    private static func rate(_ text: String) throws -> Double {
        let isPercentage = text.hasSuffix("%")
        guard let number = Double(isPercentage ? String(text.dropLast()) : text), case let rate = isPercentage ? number / 100 : number,
            (0...1).contains(rate)
        else { throw ValidationError("\(text) is no rate; write 0.1 or 10%") }
        return rate
    }
}

extension TimeSpan {
    /// For options: a duration as the configuration writes it.
    static func argument(_ text: String) throws -> TimeSpan {
        guard let span = TimeSpan(text) else { throw ValidationError("\(text) is no duration; write 250ms, 5s, 2m, 1h or 3d") }
        return span
    }
}

/// What the receiver saw as JSON, one object a line.
enum DeliveryJSON {
    static func line(_ delivery: Delivery) -> String {
        var fields = [
            "\"time\":\(delivery.receivedAt)", "\"path\":\(JSONText.quoted(delivery.path))", "\"status\":\(delivery.status)",
            "\"signature\":\"\(word(delivery.signature))\"", "\"events\":\(delivery.events)", "\"duplicates\":\(delivery.repeatedEvents)",
            "\"failedOnPurpose\":\(delivery.failedOnPurpose)", "\"bytes\":\(delivery.bodySize)",
        ]
        for (name, text) in [("id", delivery.webhookID), ("subscription", delivery.subscription), ("type", delivery.eventType)] {
            if let text { fields.append("\"\(name)\":\(JSONText.quoted(text))") }
        }
        if let attempt = delivery.attempt { fields.append("\"attempt\":\(attempt)") }
        if case .failed(let reason) = delivery.signature { fields.append("\"reason\":\(JSONText.quoted(reason))") }
        return "{\(fields.joined(separator: ","))}"
    }

    static func line(_ statistics: ReceiverStatistics) -> String {
        let paths = statistics.paths.sorted { $0.key < $1.key }.map { path, figures in
            "{\"path\":\(JSONText.quoted(path)),\"requests\":\(figures.received),\"accepted\":\(figures.accepted),"
                + "\"events\":\(figures.acceptedEvents),\"duplicates\":\(figures.duplicates),"
                + "\"signatureFailed\":\(figures.signatureFailed),\"failedOnPurpose\":\(figures.failedOnPurpose)}"
        }
        return "{\"summary\":[\(paths.joined(separator: ","))]}"
    }

    private static func word(_ signature: Delivery.Signature) -> String {
        switch signature {
        case .verified: "verified"
        case .failed: "failed"
        case .unsigned: "none"
        case .unchecked: "unchecked"
        }
    }
}
