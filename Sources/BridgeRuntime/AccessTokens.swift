import DeliveryCore
import EventFormats
import EventModel
import HTTPTransport

/// The access token of one subscription on one shard: who needs it, whether it has to be asked for, what became of that.
///
/// - A token is kept until shortly before its end, and replaced from some time before that on while it is still used.
/// - One question at a time; requests without a usable token wait for its answer.
/// - A request that the endpoint answers with 401 is sent once more with a new token. If even that is refused, the token is
///   not to blame, and is not replaced for the next 401 until it has worked, or a minute has passed.
final class AccessTokens {
    private struct Token {
        var text: String
        /// When a new one is asked for while this one goes on.
        var renewed: Instant
        var expires: Instant
    }

    private struct Use {
        /// Of the token that the request was sent with.
        var generation: Int
        var isRepeated: Bool
    }

    let subscription: String
    /// Nil: nobody can be asked, `problem` says why.
    let endpoint: EndpointID?
    let problem: String
    private let policy: AuthPolicy.OAuth2
    private var authentication = ClientAuthentication()

    private var token: Token?
    private var generation = 0
    private var isAsking = false
    /// After a failure, while there is a token that still works.
    private var nextQuestion = Instant(nanoseconds: 0)
    var waiting = WaitingRequests()
    /// Of requests in flight, by delivery index.
    private var uses: [Int: Use] = [:]
    private var replacedAfterRefusal: Instant?

    /// Valid while a question is under way.
    private let form = ByteWriter(capacity: 256)
    private let headers = ByteWriter(capacity: 256)

    private static let pauseAfterFailure: TimeSpan = .seconds(10)
    private static let pauseBetweenReplacements: TimeSpan = .minutes(1)
    /// Before its end a token is not used any more: it has to arrive.
    private static let margin: TimeSpan = .seconds(2)

    init(_ policy: AuthPolicy.OAuth2, subscription: Subscription, transport: any HTTPTransport) {
        self.policy = policy
        self.subscription = subscription.name
        var endpoint: EndpointID?
        var problem = ""
        do throws(EndpointError) {
            endpoint = try transport.open(
                EndpointConfiguration(
                    url: policy.tokenURL, constantHeaders: [("accept", "application/json"), ("user-agent", "fanfare/\(fanfareVersion)")],
                    timeoutMilliseconds: Int(subscription.delivery.timeout.millisecondsRoundedUp),
                    connectTimeoutMilliseconds: Int(subscription.delivery.connectTimeout.millisecondsRoundedUp),
                    tls: EndpointConfiguration.TLS(authorities: subscription.certificateAuthorities?.bytes), maxConnections: 1,
                    keptBody: 32 << 10))
        } catch {
            problem = error.description
        }
        self.endpoint = endpoint
        self.problem = problem
    }

    // MARK: Requests

    /// The token to send a request with, if there is one.
    func usable(at now: Instant) -> String? { token.flatMap { now < $0.expires ? $0.text : nil } }

    /// Whether to ask for a token now.
    func isDue(at now: Instant) -> Bool {
        if isAsking { return false }
        guard let token, now < token.expires else { return true }
        return token.renewed <= now && nextQuestion <= now
    }

    func use(for id: DeliveryID) { uses[id.index] = Use(generation: generation, isRepeated: uses[id.index]?.isRepeated ?? false) }

    /// Whether the delivery was waiting; it is not any more.
    func cancel(_ id: DeliveryID) -> Bool {
        guard waiting.cancel(id) else { return false }
        uses[id.index] = nil
        return true
    }

    func ended(_ id: DeliveryID, isAccepted: Bool) {
        guard let use = uses.removeValue(forKey: id.index) else { return }
        if isAccepted, use.generation == generation { replacedAfterRefusal = nil }
    }

    /// The endpoint answered 401. Whether the request is to be sent once more, with another token.
    func isRefused(_ id: DeliveryID, at now: Instant) -> Bool {
        guard let use = uses[id.index], !use.isRepeated else { return false }
        if use.generation == generation, token != nil {
            if let last = replacedAfterRefusal, now - last < Self.pauseBetweenReplacements { return false }
            replacedAfterRefusal = now
            token = nil
        }
        uses[id.index]?.isRepeated = true
        return true
    }

    // MARK: Questions

    /// The parts of the request, valid until its answer has been taken.
    func question() -> (headers: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer) {
        isAsking = true
        let question = AccessTokenQuestion(policy, authentication)
        headers.removeAll()
        headers.append("content-type: application/x-www-form-urlencoded\0" as StaticString)
        if let authorization = question.authorization { headers.append("authorization: \(authorization)\0") }
        form.removeAll()
        form.append(question.form)
        return (headers.bytes, form.bytes)
    }

    enum Answer: Equatable {
        case token
        /// The client's name and secret are to be given in the other way.
        case askAgain
        case failed(FailureKind, String)
    }

    func take(_ result: borrowing HTTPResult, at now: Instant) -> Answer {
        isAsking = false
        guard result.failure == .none else {
            return failed(at: now, FailureKind(result.failure) ?? .network, "no access token: \(result.message)")
        }
        switch AccessTokenAnswer(result.body, isSuccess: (200..<300).contains(result.status)) {
        case .token(let text, let lifetime):
            authentication.accepted()
            keep(text, lifetime, at: now)
            return .token
        case .refused(let code):
            if authentication.refused(status: result.status) { return .askAgain }
            return failed(at: now, .network, "no access token: the token endpoint answered \(result.status)\(code.map { " (\($0))" } ?? "")")
        case .unusable(let reason):
            return failed(at: now, .network, "no access token: the token endpoint's answer \(reason)")
        }
    }

    private func failed(at now: Instant, _ kind: FailureKind, _ message: String) -> Answer {
        nextQuestion = now + Self.pauseAfterFailure
        return .failed(kind, message)
    }

    private func keep(_ text: String, _ lifetime: Double?, at now: Instant) {
        generation += 1
        nextQuestion = now
        guard let lifetime else {
            token = Token(text: text, renewed: .distantFuture, expires: .distantFuture)
            return
        }
        let span = TimeSpan.milliseconds(Int64(lifetime * 1000))
        // A fifth of its life is time enough to get the next one, and of a long one a minute.
        let early = min(span * 0.2, .minutes(1))
        token = Token(text: text, renewed: now + (span - early), expires: now + (span - min(early * 0.5, Self.margin)))
    }
}
