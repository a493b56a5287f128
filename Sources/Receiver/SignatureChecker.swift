import EventModel
import HTTPTypes
import NIOCore
import Signing

/// Verification of a whole request.
struct SignatureChecker: Sendable {
    /// Nil without secrets: there is nothing to check with.
    private let verifier: (any RequestVerifier)?

    init(_ keys: VerificationKeys) throws(ReceiverError) {
        do throws(StandardWebhooks.SecretError) {
            verifier = keys.isEmpty ? nil : try keys.verifier()
        } catch {
            throw ReceiverError("a secret or key of the receiver cannot be used: \(error)")
        }
    }

    func check(_ request: IncomingRequest) -> Delivery.Signature {
        guard Self.headers.contains(where: { request.headers[$0] != nil }) else { return .unsigned }
        guard let verifier else { return .unchecked }
        do throws(VerificationFailure) {
            try request.body.withUnsafeReadableBytes { body throws(VerificationFailure) in
                try verifier.verify(
                    header: { HTTPField.Name($0).flatMap { request.headers[$0] } }, body: body, now: request.receivedAt / 1000)
            }
            return .verified
        } catch {
            return .failed(error.description)
        }
    }

    /// Whoever sends one of these has signed.
    private static let headers = ["webhook-signature", "x-hub-signature-256", "stripe-signature"].compactMap { HTTPField.Name($0) }
}
