import EventFormats
import EventModel
import Testing

@Suite("Tokens that are read by their bearer")
struct JWTTests {
    /// `{"alg":"HS256"}`
    private static let header = "eyJhbGciOiJIUzI1NiJ9"

    @Test("A JWT says who and until when", arguments: [
        // {"sub":"fanfare","exp":4000000000}
        ("eyJzdWIiOiJmYW5mYXJlIiwiZXhwIjo0MDAwMDAwMDAwfQ", "fanfare", 4_000_000_000_000 as Int64?),
        // {"exp":1.5,"sub":1}
        ("eyJleHAiOjEuNSwic3ViIjoxfQ", nil, 1500),
        // {"exp":"soon"}
        ("eyJleHAiOiJzb29uIn0", nil, nil),
        // {"exp":1e999}
        ("eyJleHAiOjFlOTk5fQ", nil, nil),
        // {}
        ("e30", nil, nil),
        // {"sub":"a>?"}, where the two alphabets differ
        ("eyJzdWIiOiJhPj8ifQ", "a>?", nil),
    ] as [(String, String?, Int64?)])
    func claims(_ payload: String, _ subject: String?, _ expires: Int64?) {
        let claims = JWTClaims("\(Self.header).\(payload).c2ln")
        #expect(claims != nil)
        #expect(claims?.subject == subject)
        #expect(claims?.expires == expires)
    }

    @Test("Nothing else is one", arguments: [
        "", "..", "a.b", "\(header).e30", "\(header).e30.a.b", "\(header).e30.a b", "\(header).e30=.a", "\(header).W10.a", "W10.e30.a", "x.e30.a",
        "\(header)\n.e30.a", "<html>.e30.</html>",
    ])
    func others(_ text: String) { #expect(JWTClaims(text) == nil) }

    @Test("A client says who it is in a header, or in the form if that is refused")
    func clientAuthentication() {
        var policy = AuthPolicy.OAuth2()
        policy.clientID = "fan fare"
        policy.clientSecret = "s:+ß"
        policy.scopes = ["a", "b:c"]
        policy.audience = "https://x/"
        var authentication = ClientAuthentication()
        var question = AccessTokenQuestion(policy, authentication)
        #expect(question.form == "grant_type=client_credentials&scope=a%20b%3Ac&audience=https%3A%2F%2Fx%2F")
        // fan%20fare:s%3A%2B%C3%9F
        #expect(question.authorization == "Basic ZmFuJTIwZmFyZTpzJTNBJTJCJUMzJTlG")

        func asksAgain(_ status: Int) -> Bool { authentication.refused(status: status) }
        #expect(!asksAgain(503))
        #expect(asksAgain(401))
        question = AccessTokenQuestion(policy, authentication)
        #expect(question.authorization == nil)
        #expect(question.form.hasSuffix("&client_id=fan%20fare&client_secret=s%3A%2B%C3%9F"))
        // Neither way: the next question begins anew, with no third try.
        #expect(!asksAgain(401))
        #expect(authentication.place == .header)
        #expect(!asksAgain(401))
    }
}
