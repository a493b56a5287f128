import DeliveryCore
import EventFormats
import EventModel
import HTTPTransport
import Signing
import Transforms

/// What a shard needs to send one subscription's requests, made once per manifest.
final class Outlet {
    let policy: Subscription
    let route: TopicRoute
    let writer: RequestWriter
    /// Nil with `problem` saying why.
    let endpoint: EndpointID?
    let problem: String
    /// Nil without `auth.oauth2`.
    let tokens: AccessTokens?
    /// Nil without `handshake`.
    let consent: EndpointConsent?
    /// Instead of an endpoint.
    let repartition: RepartitionWriter?
    /// Since when the payload's version should no longer be used.
    let deprecated: WallTime?
    /// What receipts of its attempts say.
    let receiptOrigin: ReceiptOrigin

    init(policy: Subscription, route: TopicRoute, transport: any HTTPTransport) {
        self.policy = policy
        self.route = route
        receiptOrigin = ReceiptOrigin(policy)
        deprecated = policy.transform.derivation.deprecated
        repartition = RepartitionWriter(policy, decoder: route.decoder)
        var problem = ""
        var signer: (any RequestSigner)?
        do throws(StandardWebhooks.SecretError) {
            signer = try policy.signing.signer()
        } catch {
            // `check` and the loading of manifests refuse bad secrets; unsigned is not what was asked for.
            problem = "a signing secret cannot be used: \(error)"
        }
        var templates: RequestTemplates?
        do throws(TemplateError) {
            templates = try RequestTemplates(policy)
        } catch {
            // As above; what was asked for is not sent without it.
            problem = "a template cannot be used: \(error.message)"
        }
        writer = RequestWriter(decoder: route.decoder, format: policy.payload, templates: templates, signer: signer)
        let version: EndpointConfiguration.HTTPVersion =
            switch policy.delivery.http {
            case .auto, .libcurl: .auto
            case .http1: .http1
            case .http2: .http2
            }
        tokens = repartition == nil ? policy.auth.oauth2.map { AccessTokens($0, subscription: policy, transport: transport) } : nil
        consent = repartition == nil && policy.handshake ? EndpointConsent(policy, transport: transport) : nil
        if repartition != nil {
            endpoint = nil
            self.problem = problem
            return
        }
        do throws(EndpointError) {
            var configuration = EndpointConfiguration(
                url: templates?.sampleURL ?? policy.endpoint, constantHeaders: Self.constantHeaders(of: policy),
                timeoutMilliseconds: Int(policy.delivery.timeout.millisecondsRoundedUp),
                connectTimeoutMilliseconds: Int(policy.delivery.connectTimeout.millisecondsRoundedUp),
                httpVersion: version, tls: EndpointConfiguration.TLS(policy),
                maxConnections: policy.delivery.maxInFlight,
                // What endpoints say beside their status is not looked at otherwise.
                keptBody: policy.readsPartialResults ? PartialResults.longestBody : 0)
            configuration.prefersLibcurl = policy.delivery.http == .libcurl
            endpoint = try transport.open(configuration)
        } catch {
            endpoint = nil
            problem = error.description
        }
        self.problem = problem
    }

    /// Sent with every request, after the request's own.
    static func constantHeaders(of policy: Subscription) -> [(name: String, value: String)] {
        var headers = policy.headers.map { (name: $0.name, value: $0.value) }
        headers.append((name: "fanfare-subscription", value: policy.name))
        if let credentials = policy.auth.constantHeader { headers.append(credentials) }
        if policy.handshake { headers.append((name: "webhook-request-origin", value: policy.origin)) }
        let derivation = policy.transform.derivation
        // RFC 9745 and RFC 8594.
        if let deprecated = derivation.deprecated { headers.append((name: "deprecation", value: "@\(deprecated.milliseconds / 1000)")) }
        if let sunset = derivation.sunset { headers.append((name: "sunset", value: sunset.httpDate)) }
        if !headers.contains(where: { $0.name.lowercased() == "user-agent" }) {
            headers.append((name: "user-agent", value: "fanfare/\(fanfareVersion)"))
        }
        return headers
    }

    /// The same with what a reload makes anew for all, and perhaps with other secrets: connections stay.
    ///
    /// Nil if more than that is different.
    init?(_ same: Outlet, policy: Subscription, route: TopicRoute) {
        var resigned = same.policy
        resigned.signing = policy.signing
        resigned.confidential = policy.confidential
        guard resigned == policy, same.problem.isEmpty else { return nil }
        self.policy = policy
        self.route = route
        var signer = same.writer.signer
        if policy.signing != same.policy.signing {
            do throws(StandardWebhooks.SecretError) {
                signer = try policy.signing.signer()
            } catch {
                return nil
            }
        }
        writer = RequestWriter(decoder: route.decoder, format: same.writer.format, templates: same.writer.templates, signer: signer)
        endpoint = same.endpoint
        tokens = same.tokens
        consent = same.consent
        problem = same.problem
        deprecated = same.deprecated
        receiptOrigin = same.receiptOrigin
        repartition = RepartitionWriter(policy, decoder: route.decoder)
        // What it knows of its sources is true of the log, whatever decodes it.
        if let known = same.repartition { repartition?.progress = known.progress }
    }

    /// - Returns: the requests that waited for an answer.
    @discardableResult
    func close(_ transport: any HTTPTransport) -> [DeliveryID] {
        for endpoint in [endpoint, tokens?.endpoint, consent?.endpoint] { if let endpoint { transport.close(endpoint) } }
        return (tokens?.waiting.release() ?? []) + (consent?.waiting.release() ?? [])
    }
}
