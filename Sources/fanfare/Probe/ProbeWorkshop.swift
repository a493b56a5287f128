import BridgeRuntime
import EventLoop
import EventModel
import Signing

/// Makes the requests of a probe: as deliveries are, with what is asked for changed.
struct ProbeWorkshop {
    /// What deliveries are signed with.
    let method: SigningMethod
    /// How far a timestamp may be from the receiver's clock, in seconds.
    let tolerance: Int64
    let type: String
    /// Nil: a sentence.
    let data: [UInt8]?
    /// Bytes of the data that is too much.
    let oversized: Int
    private let sender: ProbeSender
    private let signer: any RequestSigner
    /// Of the delivery that comes twice.
    private let repeatedID = TestEvent.newID()

    /// - Throws: what is wrong with the first secret or key that cannot be used.
    init(_ sender: ProbeSender, _ method: SigningMethod, tolerance: Int64, type: String, data: [UInt8]?, oversized: Int)
        throws(StandardWebhooks.SecretError)
    {
        signer = try method.signer()
        self.sender = sender
        self.method = method
        self.tolerance = tolerance
        self.type = type
        self.data = data
        self.oversized = oversized
    }

    var now: Int64 { EventLoop.wallMilliseconds() / 1000 }
    /// So far from now that the receiver must not take it, also if its clock is a minute off.
    var distance: Int64 { 2 * tolerance + 60 }

    // MARK: As deliveries are

    func unsigned(type: String? = nil, data: [UInt8]? = nil, id: String = TestEvent.newID()) throws -> ProbeSender.Request {
        let now = WallTime(milliseconds: EventLoop.wallMilliseconds())
        return try sender.request(of: TestEvent(type: type ?? self.type, data: data ?? self.data).record(at: now, id: id), at: now)
    }

    func good(type: String? = nil, data: [UInt8]? = nil) throws -> ProbeSender.Request {
        var request = try unsigned(type: type, data: data)
        request.sign(with: signer, at: now)
        return request
    }

    /// The same event, on its first attempt and on those after it.
    func sameEvent(attempt: Int) throws -> ProbeSender.Request {
        var request = try unsigned(id: repeatedID)
        request[header: "fanfare-attempt"] = "\(attempt)"
        request.sign(with: signer, at: now)
        return request
    }

    /// JSON that a parser would write in another way.
    func spaced() throws -> ProbeSender.Request {
        var request = try unsigned()
        // Whatever the data is: there is room behind the first brace of an object, and the first bracket of an array.
        if let first = request.body.first, first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
            request.body.insert(contentsOf: [0x20, 0x20], at: 1)
        }
        request.sign(with: signer, at: now)
        return request
    }

    func cut() throws -> ProbeSender.Request {
        var request = try unsigned()
        request.body = Array("{\"cut\": ".utf8)
        request.sign(with: signer, at: now)
        return request
    }

    func large() throws -> ProbeSender.Request {
        let padding = [UInt8](repeating: UInt8(ascii: "x"), count: oversized)
        return try good(data: Array("{\"padding\":\"".utf8) + padding + Array("\"}".utf8))
    }

    // MARK: Signed otherwise

    func signed(at seconds: Int64) throws -> ProbeSender.Request {
        var request = try unsigned()
        request.sign(with: signer, at: seconds)
        return request
    }

    /// With a secret that the receiver does not know.
    func signedByAnother() throws -> ProbeSender.Request { try signed(with: another) }

    /// With one that the receiver does not know, and those that it knows behind it.
    func signedInRotation() throws -> ProbeSender.Request {
        var both = another
        both.secrets += method.secrets
        both.keys += method.keys
        return try signed(with: both)
    }

    /// With the kind of signature that the receiver does not expect beside the one that it does.
    func signedInBothKinds() throws -> ProbeSender.Request {
        var both = method
        if both.secrets.isEmpty { both.secrets = [Self.secret()] } else if both.keys.isEmpty { both.keys = [Self.key()] }
        return try signed(with: both)
    }

    private func signed(with method: SigningMethod) throws -> ProbeSender.Request {
        var request = try unsigned()
        request.sign(with: try method.signer(), at: now)
        return request
    }

    private var another: SigningMethod {
        SigningMethod(
            scheme: method.scheme, secrets: method.secrets.isEmpty ? [] : [Self.secret()], keys: method.keys.isEmpty ? [] : [Self.key()])
    }

    private static func secret() -> SigningSecret { SigningSecret(StandardWebhooks.Secret.random().revealed()) }
    private static func key() -> SigningSecret { SigningSecret(StandardWebhooks.PrivateKey.random().text) }

    // MARK: Changed after it was signed

    func tamperedBody() throws -> ProbeSender.Request {
        var request = try good()
        // Whoever parses it finds nothing wrong.
        request.body.append(UInt8(ascii: " "))
        return request
    }

    func tampered(_ header: String, _ value: String?) throws -> ProbeSender.Request {
        var request = try good()
        request[header: header] = value
        return request
    }

    /// An old delivery whose timestamp was made new.
    func refreshed() throws -> ProbeSender.Request {
        let (old, now) = (self.now - distance, self.now)
        var request = try signed(at: old)
        if let stripe = request[header: "stripe-signature"] {
            request[header: "stripe-signature"] = stripe.replacing("t=\(old)", with: "t=\(now)", maxReplacements: 1)
        }
        request[header: "webhook-timestamp"] = "\(now)"
        return request
    }

    var signatureHeader: String { "\(signer.header)" }

    /// A signature that is none.
    var garbled: String {
        switch method.scheme {
        case .standard: "v1,not-base64 v1 ,,"
        case .github: "sha256=zz"
        case .stripe: "t=\(now),v1=zz"
        }
    }
}
