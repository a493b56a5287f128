import Egress
package import EventModel
package import HTTPTransport
import Manifests
import Synchronization
import Transforms

/// What the endpoints of subscriptions show in a TLS handshake, a few at once.
package struct EndpointHandshakes: Sendable {
    /// Endpoints of one host, with the same trust: one handshake tells of all.
    package struct Finding: Sendable {
        /// At least one.
        package var subscriptions: [String]
        package var outcome: HandshakeCheck.Outcome
    }

    private let check: HandshakeCheck
    private static let atOnce = 16

    /// - Throws: `EgressRuleError`, `EndpointError`.
    package init(_ egress: BridgeConfiguration.Egress) throws {
        check = HandshakeCheck(rules: try EgressRules(egress), proxy: try egress.proxy.map { try Proxy($0) })
    }

    /// Of those with `https` whose host does not depend on the event.
    package func findings(_ subscriptions: [Subscription]) -> [Finding] {
        let asked = Mutex(Self.questions(subscriptions)[...])
        let found = Mutex<[(number: Int, finding: Finding)]>([])
        let total = asked.withLock(\.count)
        let threads = (0..<min(Self.atOnce, total)).map { number in
            WorkerThread(name: "handshake-\(number)") {
                while let question = asked.withLock({ $0.popFirst() }) {
                    let outcome = look(question.configuration)
                    found.withLock { $0.append((question.number, Finding(subscriptions: question.subscriptions, outcome: outcome))) }
                }
            }
        }
        threads.forEach { $0.join() }
        return found.withLock { $0.sorted { $0.number < $1.number }.map(\.finding) }
    }

    private func look(_ configuration: EndpointConfiguration) -> HandshakeCheck.Outcome {
        do throws(EndpointError) {
            return try check.look(at: configuration)
        } catch {
            return .failed(.egressDenied, message: error.description)
        }
    }

    private struct Question: Sendable {
        var number: Int
        var subscriptions: [String]
        var configuration: EndpointConfiguration
    }

    private static func questions(_ subscriptions: [Subscription]) -> [Question] {
        var questions: [Question] = []
        for policy in subscriptions where policy.enabled && policy.endpoint.lowercased().hasPrefix("https://") {
            let authority = policy.endpoint.dropFirst("https://".count).prefix { $0 != "/" && $0 != "?" }
            if Template.hasTags(authority) { continue }
            let configuration = EndpointConfiguration(
                url: "https://\(authority)/", connectTimeoutMilliseconds: Int(policy.delivery.connectTimeout.millisecondsRoundedUp),
                tls: EndpointConfiguration.TLS(policy))
            // Few of many: hosts are shared, and so are the files that say whom to trust.
            if let known = questions.firstIndex(where: { $0.configuration == configuration }) {
                questions[known].subscriptions.append(policy.name)
            } else {
                questions.append(Question(number: questions.count, subscriptions: [policy.name], configuration: configuration))
            }
        }
        return questions
    }
}
