import NIOCore
import Signing

/// Standard Webhooks verification of a whole request.
struct SignatureChecker: Sendable {
    /// Nil without secrets: there is nothing to check with.
    private let verifier: WebhookVerifier?

    init(secrets: [String]) throws(ReceiverError) {
        var parsed: [StandardWebhooks.Secret] = []
        for (index, text) in secrets.enumerated() {
            do throws(StandardWebhooks.SecretError) {
                parsed.append(try StandardWebhooks.Secret(text))
            } catch {
                throw ReceiverError("secret \(index + 1) of the receiver \(error.message)")
            }
        }
        verifier = parsed.isEmpty ? nil : WebhookVerifier(secrets: parsed)
    }

    func check(_ request: IncomingRequest) -> Delivery.Signature {
        guard request.webhookSignature != nil else { return .unsigned }
        guard let verifier else { return .unchecked }
        do throws(WebhookVerifier.Failure) {
            try request.body.withUnsafeReadableBytes { body throws(WebhookVerifier.Failure) in
                try verifier.verify(
                    id: request.webhookID, timestamp: request.webhookTimestamp, signature: request.webhookSignature, body: body,
                    now: request.receivedAt / 1000)
            }
            return .verified
        } catch {
            return .failed(error.description)
        }
    }
}
