import DeliveryCore
import EventFormats
import EventModel
import HTTPTransport

/// Whether an endpoint agreed to get requests from here (`handshake: true`), for one subscription on one shard.
///
/// The validation request of "HTTP 1.1 Web Hooks for Event Delivery" (CloudEvents 1.0.2), section 4: OPTIONS to the endpoint
/// itself, before the first delivery and once an hour from then on. A consent holds until the endpoint takes it back: that it
/// could not be asked again says nothing.
final class EndpointConsent {
    private static let allowedOrigin = "webhook-allowed-origin"
    private static let allowedRate = "webhook-allowed-rate"
    private static let renewal: TimeSpan = .hours(1)
    private static let pauseAfterFailure: TimeSpan = .minutes(1)

    /// While it has not consented: a request that asks, and not all that there is room for, which would go out together once
    /// it has.
    static let rateBefore: RateLimit = {
        var limit = RateLimit()
        limit.perSecond = 1
        limit.burst = 1
        return limit
    }()

    let subscription: String
    /// Nil: it cannot be asked, `problem` says why.
    let endpoint: EndpointID?
    let problem: String
    var waiting = WaitingRequests()
    private(set) var isGiven = false
    private let origin: String
    private var isAsking = false
    private var nextQuestion = Instant(nanoseconds: 0)
    private let headers = ByteWriter(capacity: 256)

    init(_ policy: Subscription, transport: any HTTPTransport) {
        subscription = policy.name
        origin = policy.origin
        var endpoint: EndpointID?
        var problem = ""
        do throws(EndpointError) {
            endpoint = try transport.open(
                EndpointConfiguration(
                    url: policy.endpoint, method: .options, constantHeaders: Outlet.constantHeaders(of: policy) + Self.requestedRate(policy),
                    timeoutMilliseconds: Int(policy.delivery.timeout.millisecondsRoundedUp),
                    connectTimeoutMilliseconds: Int(policy.delivery.connectTimeout.millisecondsRoundedUp),
                    tls: EndpointConfiguration.TLS(policy), maxConnections: 1, keptBody: 0,
                    keptHeaders: [Self.allowedOrigin, Self.allowedRate]))
        } catch {
            problem = error.description
        }
        self.endpoint = endpoint
        self.problem = problem
    }

    /// Requests per minute, as the specification has them.
    private static func requestedRate(_ policy: Subscription) -> [(name: String, value: String)] {
        guard let limit = policy.rateLimit else { return [] }
        return [(name: "webhook-request-rate", value: String(max(1, Int(limit.perSecond * 60))))]
    }

    /// Whether to ask now.
    func isDue(at now: Instant) -> Bool { !isAsking && (!isGiven || nextQuestion <= now) }

    /// The request's headers beside the constant ones, valid until its answer has been taken.
    ///
    /// - Parameter token: where deliveries have one: some let nobody through without.
    func question(token: String?) -> UnsafeRawBufferPointer {
        isAsking = true
        headers.removeAll()
        if let token { headers.append("authorization: Bearer \(token)\0") }
        return headers.bytes
    }

    enum Answer: Equatable {
        /// With what may be sent at most; nil: any rate.
        case given(RateLimit?)
        case refused(String)
        /// There was none.
        case failed(FailureKind, String)
    }

    func take(_ result: borrowing HTTPResult, at now: Instant) -> Answer {
        isAsking = false
        guard result.failure == .none else {
            nextQuestion = now + Self.pauseAfterFailure
            return .failed(FailureKind(result.failure) ?? .network, "no consent: \(result.message)")
        }
        nextQuestion = now + Self.renewal
        let answer = answer(result.headers, status: result.status)
        if case .given = answer { isGiven = true } else { isGiven = false }
        return answer
    }

    /// The status says nothing: whoever answers OPTIONS for other reasons has not agreed to anything.
    private func answer(_ headers: [String: String], status: Int) -> Answer {
        let remedy = "it consents with WebHook-Allowed-Origin: \(origin) (or *)"
        guard let allowed = headers[Self.allowedOrigin] else {
            return .refused("no consent: the endpoint answered OPTIONS with \(status) and no WebHook-Allowed-Origin; \(remedy)")
        }
        guard allowed == "*" || allowed.lowercased() == origin.lowercased() else {
            return .refused("no consent: the endpoint allows another origin; \(remedy)")
        }
        // It should say so. Who does not has no limit of its own.
        guard let rate = headers[Self.allowedRate], rate != "*" else { return .given(nil) }
        guard let perMinute = Int(rate), perMinute > 0 else {
            return .refused("no consent: the endpoint's WebHook-Allowed-Rate is neither * nor a positive whole number of requests per minute")
        }
        var limit = RateLimit()
        limit.perSecond = Double(perMinute) / 60
        // Any more would let a minute have more.
        limit.burst = 1
        return .given(limit)
    }
}
