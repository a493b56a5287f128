/// One request as the receiver saw it, and what it answered.
///
/// Texts are the sender's and may hold anything; `DeliveryLine` makes them safe for a terminal.
public struct Delivery: Sendable, Equatable {
    public enum Signature: Sendable, Equatable {
        case verified
        /// Why, in one line.
        case failed(String)
        /// The request has no signature.
        case unsigned
        /// It has one, but the receiver has no secret to check it with.
        case unchecked
    }

    public var path: String
    /// Header `webhook-id`: the same on every attempt of one event.
    public var webhookID: String?
    /// Header `fanfare-subscription`.
    public var subscription: String?
    /// Header `fanfare-attempt`, 1 for the first.
    public var attempt: Int?
    public var signature: Signature
    /// What it was answered with.
    public var status: Int
    /// Whether that answer is misbehaviour that the options asked for.
    public var failedOnPurpose: Bool
    /// The CloudEvents type; of a batch, its first event's. Nil where the format does not say it.
    public var eventType: String?
    /// How many events the request carried: more than one only in a CloudEvents batch.
    public var events: Int
    /// The ids of these events, as `webhook-id` shows them; what names none is left out.
    public var eventIDs: [String]
    /// How many of those this path had accepted before: duplicates.
    public var repeatedEvents: Int
    /// Whole body, in bytes.
    public var bodySize: Int
    /// The beginning of the body, as far as it is text.
    public var bodyPreview: String
    /// Unix milliseconds.
    public var receivedAt: Int64

    public var succeeded: Bool { (200..<300).contains(status) }
    public var repeated: Bool { repeatedEvents > 0 }

    public init(path: String, signature: Signature, status: Int, receivedAt: Int64) {
        self.path = path
        self.signature = signature
        self.status = status
        self.receivedAt = receivedAt
        failedOnPurpose = false
        events = 1
        eventIDs = []
        repeatedEvents = 0
        bodySize = 0
        bodyPreview = ""
    }
}
