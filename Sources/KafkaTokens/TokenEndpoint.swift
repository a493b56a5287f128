import EventFormats
import EventModel
import HTTPTransport
import KafkaClient

/// The token endpoint of an identity provider, asked with client credentials (RFC 6749, section 4.4).
struct TokenEndpoint: TokenGiver {
    let name = "the token endpoint (kafka.oauth.tokenURL)"
    private let policy: AuthPolicy.OAuth2
    private let http: BlockingRequest
    private var authentication = ClientAuthentication()

    init(_ policy: BridgeConfiguration.OAuth) {
        self.policy = policy.client
        var http = BlockingRequest()
        http.headers = ["Content-Type: application/x-www-form-urlencoded", "Accept: application/json", "User-Agent: fanfare/\(fanfareVersion)"]
        http.caFile = policy.ca
        http.timeoutMilliseconds = Int(policy.timeout.millisecondsRoundedUp)
        http.maximumBody = 64 << 10
        self.http = http
    }

    mutating func ask() throws(BearerTokenFailure) -> GivenToken {
        while true {
            let response = try response(to: AccessTokenQuestion(policy, authentication))
            let answer = response.body.withUnsafeBytes { AccessTokenAnswer($0, isSuccess: (200..<300).contains(response.status)) }
            switch answer {
            case .token(let token, let lifetime):
                authentication.accepted()
                return GivenToken(token, lifetime: lifetime)
            case .refused(let code):
                if authentication.refused(status: response.status) { continue }
                let hint = (400..<500).contains(response.status) ? ": are tokenURL, clientID, clientSecret, scopes and audience right?" : ""
                throw BearerTokenFailure("\(name) answered \(response.status)\(code.map { " (\($0))" } ?? "")\(hint)")
            case .unusable(let reason):
                throw BearerTokenFailure("what \(name) answered \(reason)")
            }
        }
    }

    private func response(to question: AccessTokenQuestion) throws(BearerTokenFailure) -> BlockingRequest.Response {
        var http = http
        if let authorization = question.authorization { http.headers.append("Authorization: \(authorization)") }
        do throws(BlockingRequest.Failure) {
            return try http.response(of: policy.tokenURL, body: Array(question.form.utf8))
        } catch {
            throw BearerTokenFailure("\(name) does not answer: \(error)")
        }
    }
}
