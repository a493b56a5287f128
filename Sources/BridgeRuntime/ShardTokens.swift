import DeliveryCore
import EventFormats
import EventModel
import HTTPTransport
import Logging

// Requests that need an access token (`auth.oauth2`): they wait for one, in flight, while everything else goes on.
extension Shard {
    /// False when a token has to be asked for first; the request is started again then, or ended.
    func hasToken(_ id: DeliveryID, _ outlet: Outlet) -> Bool {
        guard let tokens = outlet.tokens else { return true }
        guard tokens.endpoint != nil else {
            withhold(id, .egressDenied, "no access token: \(tokens.problem)")
            return false
        }
        if tokens.isDue(at: moment.instant) { ask(tokens) }
        if tokens.usable(at: moment.instant) != nil { return true }
        tokens.waiting.append(id)
        return false
    }

    /// The request's last header; `hasToken` was true in the same turn.
    func appendToken(_ id: DeliveryID, _ outlet: Outlet, to headers: ByteWriter) {
        guard let tokens = outlet.tokens, let token = tokens.usable(at: moment.instant) else { return }
        tokens.use(for: id)
        headers.append("authorization: Bearer \(token)\0")
    }

    private func ask(_ tokens: AccessTokens) {
        guard let endpoint = tokens.endpoint else { return }
        let question = tokens.question()
        send(.token(tokens), to: endpoint, headers: question.headers, body: question.body)
    }

    func tokenAnswered(_ tokens: AccessTokens, _ result: borrowing HTTPResult) {
        let answer = tokens.take(result, at: moment.instant)
        (answer == .token ? tokenRequestsSucceeded : tokenRequestsFailed).count(tokens.subscription)
        // Of an outlet that is gone: its requests have gone on with the next one.
        guard outlets.contains(where: { $0?.tokens === tokens }) else { return }
        switch answer {
        case .token:
            for id in tokens.waiting.release() { startRequest(id) }
        case .askAgain:
            ask(tokens)
        case .failed(let kind, let message):
            if tokens.usable(at: moment.instant) != nil {
                log.logger.warning("\(message); the one that there is goes on", metadata: ["subscription": "\(tokens.subscription)"])
            }
            for id in tokens.waiting.release() { withhold(id, kind, message) }
        }
    }

    /// Whether a request that ended is to be sent once more, with another token, before anybody hears of it.
    func isTokenRefused(_ id: DeliveryID, _ outlet: Outlet?, _ result: borrowing HTTPResult) -> Bool {
        guard let tokens = outlet?.tokens else { return false }
        if result.status == 401, tokens.isRefused(id, at: moment.instant) { return true }
        tokens.ended(id, isAccepted: result.status != 0 && result.status != 401)
        return false
    }
}
