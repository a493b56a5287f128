import ArgumentParser
import EventModel
import HTTPTransport
import Manifests

struct Ready: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Asks a replica whether it is ready, and if it is not, why.",
        discussion: """
            Asks /readyz of the bridge on this machine, where the configuration has ops.listen, or of --url. It needs neither Kafka nor a
            token, nor another program than this one: for containers without a shell, scripts and health checks.
            Exit status 0 when it is ready; 1 when it is not, or does not answer.
            """)

    @Flag(help: "Ask /livez instead: whether its threads still turn. Only if they do not is a restart of any use.")
    var live = false

    @Option(help: ArgumentHelp("The replica; default: FANFARE_URL, then ops.listen of the configuration.", valueName: "http://host:port"))
    var url: String?

    @Option(help: ArgumentHelp("How long to go on asking until it is ready.", valueName: "duration"), transform: ChangeOptions.span)
    var wait: TimeSpan = .zero

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let url = try OpsOptions.url(url) ?? ownURL()
        let deadline = ContinuousClock.now + .seconds(wait.seconds)
        var reasons = reasons(url)
        while !reasons.isEmpty, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(250))
            reasons = self.reasons(url)
        }
        let word = live ? "live" : "ready"
        switch output.output {
        case .text: print(reasons.isEmpty ? word : "not \(word)\n\(reasons.map { "- \($0)" }.joined(separator: "\n"))")
        case .json: print("{\"\(word)\":\(reasons.isEmpty),\"reasons\":[\(reasons.map(JSONText.quoted).joined(separator: ","))]}")
        }
        if !reasons.isEmpty { throw ExitCode.findings }
    }

    /// Why it is not; none when it is.
    private func reasons(_ url: String) -> [String] {
        let shown = Redaction.withoutCredentials(url)
        var http = BlockingRequest()
        http.headers = ["User-Agent: fanfare/\(fanfareVersion)"]
        let answer: BlockingRequest.Response
        do throws(BlockingRequest.Failure) {
            answer = try http.response(of: url + (live ? "/livez" : "/readyz"))
        } catch {
            return ["\(shown) does not answer: \(error)"]
        }
        switch answer.status {
        case 200: return []
        case 503:
            // As OpsServer writes it: a headline, then a line for each reason.
            let lines = String(decoding: answer.body, as: UTF8.self).split(separator: "\n")
            return lines.filter { $0 != "not ready" }.map { String($0.hasPrefix("- ") ? $0.dropFirst(2) : $0) }
        default: return ["\(shown) answers \(answer.status): is --url right?"]
        }
    }

    /// Of the bridge that has this configuration.
    private func ownURL() throws -> String {
        let text = try options.usableConfiguration().configuration.ops.listen
        guard var listen = try? ListenAddress(text), listen.port != 0 else {
            throw Failed("ops.listen is \(text), which does not say the port: name the replica with --url")
        }
        // Where it listens on all interfaces it does on this one.
        if listen.host == "0.0.0.0" { listen.host = "127.0.0.1" }
        if listen.host == "::" { listen.host = "::1" }
        return "http://\(listen)"
    }
}
