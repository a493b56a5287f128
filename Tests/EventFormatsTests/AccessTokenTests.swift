import EventFormats
import Testing

@Suite struct AccessTokenTests {
    private func answer(_ body: String, isSuccess: Bool = true) -> AccessTokenAnswer {
        Array(body.utf8).withUnsafeBytes { AccessTokenAnswer($0, isSuccess: isSuccess) }
    }

    @Test(arguments: [
        (#"{"access_token":"a.b-c_d~e+/=","token_type":"Bearer","expires_in":3600}"#, 3600), (#"{"access_token":"a.b-c_d~e+/=","expires_in":"60"}"#, 60),
        (#" {"x":[],"access_token":"a.b-c_d~e\u002b/=","token_type":"bearer"} "#, nil), (#"{"access_token":"a.b-c_d~e+/=","expires_in":null}"#, nil),
        (#"{"access_token":"a.b-c_d~e+/=","expires_in":1e300}"#, 1e9), (#"{"access_token":"old","access_token":"a.b-c_d~e+/=","expires_in":"soon"}"#, nil),
    ] as [(String, Double?)])
    func aTokenIsReadWithItsLifetime(body: String, lifetime: Double?) {
        #expect(answer(body) == .token("a.b-c_d~e+/=", lifetime: lifetime))
    }

    @Test(arguments: [
        "", "{", "[]", "null", #""token""#, "{}", #"{"access_token":""}"#, #"{"access_token":5}"#, #"{"access_token":"a b"}"#, #"{"access_token":"a\r\nX: y"}"#,
        #"{"access_token":"\ud800"}"#, #"{"access_token":"é"}"#, #"{"access_token":"a","token_type":"mac"}"#, #"{"access_token":"a","expires_in":0}"#,
        #"{"access_token":"a","expires_in":-5}"#, #"{"access_token":"\#(String(repeating: "a", count: 20_000))"}"#,
    ])
    func whatIsNoTokenIsNotTakenForOne(body: String) {
        if case .unusable = answer(body) { return }
        Issue.record("\(answer(body))")
    }

    @Test func onlyAnErrorsCodeIsTold() {
        #expect(answer(#"{"error":"invalid_client","error_description":"the secret is x"}"#, isSuccess: false) == .refused(code: "invalid_client"))
        for body in ["", "<html>", #"{"error":{"message":"x"}}"#, #"{"error":"the secret is x"}"#, #"{"error":""}"#] {
            #expect(answer(body, isSuccess: false) == .refused(code: nil))
        }
    }
}
