package import DeliveryCore
package import Egress
package import EventFormats
package import EventModel
import HTTPTransport
import Manifests
import Transforms

/// One event that is marked as a test, sent to a subscription's endpoint in the same way as a delivery: whether the endpoint can
/// be reached, and takes what it would get.
///
/// By itself, in a loop of its own on the caller's thread: nothing is read from Kafka or written to it, no cursor moves, and neither
/// circuit nor limits have to do with it. It waits for the answer.
package enum TestDelivery {
    package struct Outcome {
        /// Nil when none could be made.
        package var request: Explanation.Request?
        /// 0 without an answer.
        package var status = 0
        /// Nil when the endpoint answered.
        package var failure: FailureKind?
        /// One line for people, without secrets; empty when the endpoint accepted the event.
        package var message = ""
        /// 10, 11 or 20; 0 without an answer.
        package var httpVersion = 0
        package var duration = TimeSpan.zero
        /// What would become of a delivery that ends like this.
        package fileprivate(set) var verdict = Verdict.giveUp(.egressDenied)

        package var isAccepted: Bool { failure == nil && (200..<300).contains(status) }
    }

    /// Of the request; receivers may tell by it that nothing has happened.
    package static let header = "fanfare-test"

    /// - Throws: `EgressRuleError`, `EndpointError`, `EventLoopError`.
    package static func run(
        _ record: GivenRecord, to policy: Subscription, of manifest: TopicManifest, egress: BridgeConfiguration.Egress,
        ownListeners: OwnListeners = OwnListeners(), schemas: (any SchemaSource)? = nil
    ) throws -> Outcome {
        let test = try Attempt(policy, manifest, egress, ownListeners, schemas)
        test.deliver(record, topic: manifest.topic)
        test.outlet.close(test.transport)
        var outcome = test.outcome
        outcome.verdict = Verdict(AttemptOutcome(failure: outcome.failure, status: outcome.status), policy: policy.retry)
        return outcome
    }
}

private final class Attempt {
    private let requests: LoneRequests
    let outlet: Outlet
    var transport: ChoosingTransport { requests.transport }
    private(set) var outcome = TestDelivery.Outcome()

    init(
        _ policy: Subscription, _ manifest: TopicManifest, _ egress: BridgeConfiguration.Egress, _ ownListeners: OwnListeners,
        _ schemas: (any SchemaSource)?
    ) throws {
        requests = try LoneRequests(egress, ownListeners)
        let route = TopicRoute(
            manifest, subscriptions: [(slot: 0, policy: policy)], errors: SubscriptionCounts(\.filterErrors), schemas: schemas)
        outlet = Outlet(policy: policy, route: route, transport: requests.transport)
    }

    func deliver(_ record: GivenRecord, topic: String) {
        guard let endpoint = outlet.endpoint, outlet.problem.isEmpty else { return fail(.egressDenied, outlet.problem) }
        guard hasToken(), hasConsent() else { return }
        let slot = RequestSlot()
        record.withView(topic: topic) { view in
            do throws(PoisonReason) {
                var traceIDs = TraceIDs(seed: .random(in: 1...(.max)))
                let body = try outlet.writer.writeFirstAttempt(view, outlet.policy, at: Clock.moment().wall, &traceIDs, into: slot)
                slot.headers.append("\(TestDelivery.header): true\0")
                outcome.request = Explanation.Request(slot, body: body, outlet)
                let token = outlet.tokens?.usable(at: Clock.moment().instant)
                if let token { slot.headers.append("authorization: Bearer \(token)\0") }
                try send(slot.headers.bytes, body, to: endpoint)
            } catch {
                fail(.poison, "no request can be made of the event: \(error.message)")
            }
        }
    }

    private func send(_ headers: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer, to endpoint: EndpointID) throws(PoisonReason) {
        if let url = outlet.writer.templates?.lastURL {
            do throws(EndpointError) {
                try transport.send(endpoint: endpoint, to: url, token: 0, headers: headers, body: body)
            } catch {
                return fail(.egressDenied, error.description)
            }
        } else {
            transport.send(endpoint: endpoint, token: 0, headers: headers, body: body)
        }
        requests.wait { [self] result in
            outcome.status = result.status
            outcome.httpVersion = result.httpVersion
            outcome.duration = TimeSpan(nanoseconds: result.duration)
            outcome.failure = FailureKind(result.failure)
            if !outcome.isAccepted { outcome.message = outcome.failure == nil ? "the endpoint answered \(result.status)" : result.message }
        }
    }

    // MARK: What has to be there first

    private func hasToken() -> Bool {
        guard let tokens = outlet.tokens else { return true }
        guard let endpoint = tokens.endpoint else { return failed(.egressDenied, "no access token: \(tokens.problem)") }
        while true {
            let question = tokens.question()
            transport.send(endpoint: endpoint, token: 0, headers: question.headers, body: question.body)
            var answer = AccessTokens.Answer.askAgain
            requests.wait { answer = tokens.take($0, at: Clock.moment().instant) }
            switch answer {
            case .token: return true
            case .askAgain: continue
            case .failed(let kind, let message): return failed(kind, message)
            }
        }
    }

    private func hasConsent() -> Bool {
        guard let consent = outlet.consent else { return true }
        guard let endpoint = consent.endpoint else { return failed(.egressDenied, "no consent: \(consent.problem)") }
        let headers = consent.question(token: outlet.tokens?.usable(at: Clock.moment().instant))
        transport.send(endpoint: endpoint, token: 0, headers: headers, body: UnsafeRawBufferPointer(start: nil, count: 0))
        var answer = EndpointConsent.Answer.given(nil)
        requests.wait { answer = consent.take($0, at: Clock.moment().instant) }
        switch answer {
        case .given: return true
        case .refused(let message): return failed(.network, message)
        case .failed(let kind, let message): return failed(kind, message)
        }
    }

    private func failed(_ kind: FailureKind, _ message: String) -> Bool {
        fail(kind, message)
        return false
    }

    private func fail(_ kind: FailureKind, _ message: String) {
        outcome.failure = kind
        outcome.message = message
    }
}
