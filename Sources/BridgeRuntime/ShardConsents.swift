import DeliveryCore
import EventModel
import HTTPTransport
import Logging

// Requests to endpoints that are asked for their consent first (`handshake: true`): they wait for it, in flight, while
// everything else goes on.
extension Shard {
    /// False when the endpoint has to be asked first; the request is started again then, or ended.
    func hasConsent(_ id: DeliveryID, _ outlet: Outlet) -> Bool {
        guard let consent = outlet.consent else { return true }
        guard consent.endpoint != nil else {
            withhold(id, .egressDenied, "no consent: \(consent.problem)")
            return false
        }
        if consent.isDue(at: moment.instant) { ask(consent, outlet) }
        if consent.isGiven { return true }
        consent.waiting.append(id)
        return false
    }

    private func ask(_ consent: EndpointConsent, _ outlet: Outlet) {
        guard let endpoint = consent.endpoint else { return }
        let headers = consent.question(token: outlet.tokens?.usable(at: moment.instant))
        send(.consent(consent), to: endpoint, headers: headers, body: UnsafeRawBufferPointer(start: nil, count: 0))
    }

    func consentAnswered(_ consent: EndpointConsent, _ result: borrowing HTTPResult) {
        let answer = consent.take(result, at: moment.instant)
        // Of an outlet that is gone: its requests have gone on with the next one.
        guard let index = outlets.firstIndex(where: { $0?.consent === consent }) else { return }
        switch answer {
        case .given(let limit):
            consentsGiven.count(consent.subscription)
            step(.allowedRate(SubscriptionID(index: index), limit))
            for id in consent.waiting.release() { startRequest(id) }
        case .refused(let message):
            consentsRefused.count(consent.subscription)
            log.logger.warning("\(message)", metadata: ["subscription": "\(consent.subscription)"])
            step(.allowedRate(SubscriptionID(index: index), EndpointConsent.rateBefore))
            for id in consent.waiting.release() { withhold(id, .network, message) }
        case .failed(let kind, let message):
            consentsRefused.count(consent.subscription)
            for id in consent.waiting.release() { withhold(id, kind, message) }
        }
    }
}
