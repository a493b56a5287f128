import DeliveryCore
import EventModel
import HTTPTransport

// What a shard asks for itself before it can deliver.

/// Whose request it is, of those that deliver nothing.
enum Question {
    case token(AccessTokens)
    case consent(EndpointConsent)
}

extension Shard {
    func send(_ question: Question, to endpoint: EndpointID, headers: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer) {
        // Deliveries have the numbers from 0 on.
        lastQuestion -= 1
        questions[lastQuestion] = question
        transport.send(endpoint: endpoint, token: lastQuestion, headers: headers, body: body)
    }

    func questionAnswered(_ number: Int, _ result: borrowing HTTPResult) {
        guard let question = questions.removeValue(forKey: number) else { preconditionFailure("nobody asked this") }
        takeTime()
        switch question {
        case .token(let tokens): tokenAnswered(tokens, result)
        case .consent(let consent): consentAnswered(consent, result)
        }
    }

    /// Ends an attempt that lacks what it would have needed first.
    func withhold(_ id: DeliveryID, _ kind: FailureKind, _ message: String) {
        outlets[core.delivery(id).subscription.index]?.tokens?.ended(id, isAccepted: false)
        if !references.isEmpty { endReferences(id.index) }
        endAttempt(id, .withheld(kind, message), duration: .zero)
    }

    /// Whether the delivery was waiting for an answer; it is not any more.
    func cancelWaiting(_ id: DeliveryID) -> Bool {
        guard let outlet = outlets[core.delivery(id).subscription.index] else { return false }
        return outlet.tokens?.cancel(id) ?? false || outlet.consent?.waiting.cancel(id) ?? false
    }
}
