import BridgeRuntime
import EventModel
import Signing

/// One delivery that a receiver is tried with, and what it should answer.
struct ProbeTrial: Sendable {
    enum Expectation: String {
        case accepted = "2xx"
        case refused = "4xx"
        /// Anything but an answer that asks for the same again.
        case settled = "2xx or 4xx"
        /// Read to its end or not, and said so.
        case limited = "413 or another 4xx"
    }

    enum Verdict: String { case ok, warning, failed }

    let name: String
    /// What was sent, in words.
    let sent: String
    let expectation: Expectation
    /// Whether anything else fails the receiver; otherwise it is warned of.
    let isMust: Bool
    /// What it means when it is answered otherwise, and what to do.
    let help: String
    let request: @Sendable (ProbeWorkshop) throws -> ProbeSender.Request

    init(
        _ name: String, _ sent: String, _ expectation: Expectation, isMust: Bool = true, help: String,
        request: @escaping @Sendable (ProbeWorkshop) throws -> ProbeSender.Request
    ) {
        self.name = name
        self.sent = sent
        self.expectation = expectation
        self.isMust = isMust
        self.help = help
        self.request = request
    }

    func verdict(on answer: ProbeSender.Answer) -> Verdict {
        let wrong: Verdict = isMust ? .failed : .warning
        if answer.failure == .timeout { return .failed }
        let isAccepted = (200..<300).contains(answer.status)
        let isRefused = (400..<500).contains(answer.status)
        switch expectation {
        // Who asks for no more deliveries, or is gone (410), gets none.
        case .accepted: return isAccepted && !answer.disables ? .ok : wrong
        // What else it says, it does not take it.
        case .refused: return isRefused ? .ok : isAccepted ? wrong : .warning
        case .settled: return isAccepted || isRefused ? .ok : wrong
        // Taken: a limit may lie beyond it. Cut off: protected, although the sender cannot know why.
        case .limited: return isRefused ? .ok : isAccepted || answer.failure == .network ? .warning : wrong
        }
    }
}
