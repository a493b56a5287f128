import EventLoop
public import EventModel
public import KafkaClient
import Synchronization

/// One token for all Kafka clients of a process. One question at a time; those who want a token meanwhile wait for its answer.
public final class SharedTokens: BearerTokenSource {
    private struct Held {
        var token: BearerToken
        /// When another one is asked for.
        var due: WallTime
    }

    private struct State {
        var giver: any TokenGiver
        var held: Held?
        /// What the last question came to, if it was nothing.
        var failure: BearerTokenFailure?
    }

    private struct Refusal {
        var token: String
        var at: WallTime
    }

    /// Held while a question is asked.
    private let state: Mutex<State>
    /// The last one that counted. With a lock of its own: those who tell of it do not wait.
    private let refusal = Mutex<Refusal?>(nil)
    private let policy: BridgeConfiguration.OAuth
    private let now: @Sendable () -> WallTime
    /// How many questions have been answered; read by those who begin to wait.
    private let answered = Atomic<Int>(0)

    /// Of a token that does not say how long it lasts.
    static let assumedLifetime = TimeSpan.minutes(5)
    /// If a new token is refused too, it is not to blame.
    private static let pauseBetweenReplacements = TimeSpan.minutes(1)

    public convenience init(_ policy: BridgeConfiguration.OAuth) {
        let giver: any TokenGiver = policy.command.isEmpty ? TokenEndpoint(policy) : TokenCommand(policy)
        self.init(policy, giver) { WallTime(milliseconds: EventLoop.wallMilliseconds()) }
    }

    package init(_ policy: BridgeConfiguration.OAuth, _ giver: any TokenGiver, now: @escaping @Sendable () -> WallTime) {
        self.policy = policy
        self.now = now
        state = Mutex(State(giver: giver))
    }

    public func token(after previous: String?) throws(BearerTokenFailure) -> BearerToken {
        let known = answered.load(ordering: .sequentiallyConsistent)
        return try state.withLock { state throws(BearerTokenFailure) in
            if let held = state.held, now() < held.due, !isRefused(held.token) { return held.token }
            let isJustAnswered = answered.load(ordering: .sequentiallyConsistent) != known
            if !isJustAnswered {
                do throws(BearerTokenFailure) {
                    state.failure = nil
                    state.held = try ask(&state.giver)
                } catch {
                    state.failure = error
                }
                answered.add(1, ordering: .sequentiallyConsistent)
            }
            guard let held = state.held, now().milliseconds < held.token.expires, !isRefused(held.token) else {
                throw state.failure ?? BearerTokenFailure("\(state.giver.name) gives a token again that a broker refused")
            }
            // Until its end the last one serves those who have none.
            if let failure = state.failure, held.token.text == previous { throw failure }
            return held.token
        }
    }

    public func wasRefused(_ token: String) {
        refusal.withLock { last in
            if let last, now() - last.at < Self.pauseBetweenReplacements { return }
            last = Refusal(token: token, at: now())
        }
    }

    private func isRefused(_ token: BearerToken) -> Bool { refusal.withLock { $0?.token == token.text } }

    private func ask(_ giver: inout any TokenGiver) throws(BearerTokenFailure) -> Held {
        let asked = now()
        let given = try giver.ask()
        let end = given.expires(ifAskedAt: asked) ?? asked + Self.assumedLifetime
        let received = now()
        guard received < end else {
            throw BearerTokenFailure("\(giver.name) gives a token that has expired already: is the clock of this machine right?")
        }
        let client = policy.client.clientID
        let token = BearerToken(
            text: given.token, principal: policy.principal ?? given.subject ?? (client.isEmpty ? "fanfare" : client),
            expires: end.milliseconds, extensions: policy.extensions.map { (name: $0.name, value: $0.value) })
        // Before librdkafka wants to know, at four fifths.
        return Held(token: token, due: received + (end - received) * 0.75)
    }
}
