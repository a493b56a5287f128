import DeliveryCore
import EventFormats
package import EventModel
import HTTPTransport
package import Signing

/// Sends requests that are made as deliveries are, and may be changed before they are sent: to see what a receiver makes of those
/// that it should not trust.
package final class ProbeSender {
    package struct Request {
        /// In the order in which they are sent; those that all requests of the endpoint share are not among them.
        package private(set) var headers: [(name: String, value: String)]
        package var body: [UInt8]

        package subscript(header name: String) -> String? {
            get { headers.first { $0.name.lowercased() == name.lowercased() }?.value }
            set {
                headers.removeAll { $0.name.lowercased() == name.lowercased() }
                if let newValue { headers.append((name, newValue)) }
            }
        }

        /// Signs id, time and body as they are now.
        ///
        /// - Parameter seconds: since 1970.
        package mutating func sign(with signer: any RequestSigner, at seconds: Int64) {
            self[header: "webhook-timestamp"] = "\(seconds)"
            let header = ByteWriter(capacity: signer.longest + 1)
            Array((self[header: "webhook-id"] ?? "").utf8).withUnsafeBytes { id in
                body.withUnsafeBytes { body in
                    let content = SignedContent(id: id, timestamp: seconds, body: body)
                    header.append(upTo: signer.longest + 1) { signer.sign(content, into: $0) }
                }
            }
            self[header: "\(signer.header)"] = String(decoding: header.bytes, as: UTF8.self)
        }
    }

    package struct Answer {
        /// 0 without an answer.
        package var status = 0
        /// Nil when the endpoint answered.
        package var failure: FailureKind?
        /// One line for people; empty when the endpoint answered.
        package var message = ""
        package var duration = TimeSpan.zero
        /// `webhook-delivery: disable`.
        package var disables = false
    }

    private let requests: LoneRequests
    private let outlet: Outlet
    private let endpoint: EndpointID

    /// - Parameter policy: what it signs is not signed here.
    /// - Throws: `EgressRuleError`, `EndpointError`, `EventLoopError`.
    package init(to policy: Subscription, egress: BridgeConfiguration.Egress) throws {
        var policy = policy
        policy.signing = .none
        requests = try LoneRequests(egress)
        let route = TopicRoute(
            TopicManifest(topic: policy.topic), subscriptions: [(slot: 0, policy: policy)], errors: SubscriptionCounts(\.filterErrors),
            schemas: nil)
        outlet = Outlet(policy: policy, route: route, transport: requests.transport)
        guard let endpoint = outlet.endpoint, outlet.problem.isEmpty else { throw EndpointError(outlet.problem) }
        self.endpoint = endpoint
    }

    /// Unsigned, and marked as a test.
    ///
    /// - Throws: `PoisonReason`.
    package func request(of record: GivenRecord, at now: WallTime) throws -> Request {
        let slot = RequestSlot()
        let body = try record.withView(topic: outlet.policy.topic) { view in
            var traceIDs = TraceIDs(seed: .random(in: 1...(.max)))
            return Array(try outlet.writer.writeFirstAttempt(view, outlet.policy, at: now, &traceIDs, into: slot))
        }
        return Request(headers: slot.fields + [(TestDelivery.header, "true")], body: body)
    }

    /// Waits for the answer.
    package func send(_ request: Request) -> Answer {
        var answer = Answer()
        let headers = request.headers.map { "\($0.name): \($0.value)\0" }.joined()
        Array(headers.utf8).withUnsafeBytes { headers in
            request.body.withUnsafeBytes { body in
                requests.transport.send(endpoint: endpoint, token: 0, headers: headers, body: body)
                requests.wait { result in
                    answer.status = result.status
                    answer.failure = FailureKind(result.failure)
                    if answer.failure != nil { answer.message = result.message }
                    answer.duration = TimeSpan(nanoseconds: result.duration)
                    answer.disables = result.directive == .disable
                }
            }
        }
        return answer
    }
}
