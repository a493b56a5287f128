import BridgeRuntime
import Certificates
import EventLoop
import EventModel
import HTTPTransport
import SchemaRegistry

/// Looks at whom deliveries go to, without sending one, and at the schema registry.
enum EndpointExamination {
    /// Certificates that end sooner are warned of; those that are renewed by machine mostly are 30 days before.
    private static let margin: Int64 = 21 * day
    private static let day: Int64 = 86_400

    /// - Throws: `EgressRuleError`, `EndpointError`.
    static func findings(_ configuration: BridgeConfiguration, _ manifests: [TopicManifest]) throws -> [Finding] {
        let looked = try EndpointHandshakes(configuration.egress).findings(manifests.flatMap(\.subscriptions))
        let now = EventLoop.wallMilliseconds() / 1000
        let findings = looked.compactMap { finding($0, now) }
        let right = looked.count - findings.count
        guard right > 0 else { return findings }
        return findings + [.ok(.endpoints, "\(right) of \(looked.count) hosts show certificates that are trusted, for \(margin / day) days at least")]
    }

    /// Nil where all is well.
    private static func finding(_ looked: EndpointHandshakes.Finding, _ now: Int64) -> Finding? {
        let whose = looked.subscriptions[0] + (looked.subscriptions.count > 1 ? " and \(looked.subscriptions.count - 1) more" : "")
        switch looked.outcome {
        case .trusted(let certificates):
            guard let list = try? CertificateList(pem: certificates) else {
                return .unknown(.endpoints, .certificateUnseen, "\(whose): the endpoint's certificate cannot be read")
            }
            let left = list.firstExpiry - now
            guard left < margin else { return nil }
            return .warning(
                .endpoints, .certificateEnding,
                "\(whose): the endpoint's certificate ends at \(WallTime(milliseconds: list.firstExpiry * 1000).rfc3339), in \(left / day) days",
                help: "whoever runs the endpoint renews it; from then on every delivery fails")
        case .failed(.tls, let message):
            return .problem(
                .endpoints, .certificateRefused, "\(whose): \(message)",
                help: "whoever runs the endpoint mends its certificate; or tls.ca, tls.pins and auth.mtls say whom to trust and what to show")
        case .failed(.egressDenied, let message):
            return .problem(.endpoints, .endpointDenied, "\(whose): \(message)", help: "egress of the configuration says where deliveries may go")
        case .failed(_, let message):
            return .warning(
                .endpoints, .endpointUnreachable, "\(whose): \(message)",
                help: "see whether the endpoint is up, and can be reached from here; its events wait in Kafka")
        }
    }

    static func registry(_ configuration: BridgeConfiguration) -> [Finding] {
        guard let registry = configuration.schemaRegistry else { return [] }
        guard let obstacle = RegistryClient(registry).obstacle() else {
            return [.ok(.registry, "the schema registry answers at \(registry.url)")]
        }
        return [
            .problem(
                .registry, .registryUnreachable, "no schemas: \(obstacle)",
                help: "schemaRegistry.url says where it is; topics whose values need a schema wait until it answers")
        ]
    }
}
