import EventFormats
import Testing

@Suite struct PartialResultsTests {
    private static func read(_ body: String) -> PartialResults? {
        Array(body.utf8).withUnsafeBytes { PartialResults($0) }
    }

    private static func retry(_ id: String, in body: String) -> Bool? {
        read(body).flatMap { answer in Array(id.utf8).withUnsafeBytes { answer.retry(of: $0) } }
    }

    @Test(arguments: [
        (#"{"failed": [{"id": "a", "retry": true}, {"id": "b"}]}"#, true), (#"{"failed": [{"id": "a"}]}"#, true),
        (#"{"failed": [{"id": "a", "retry": false, "reason": {"code": 7}}], "more": [1]}"#, false), (#"{"failed": [{"id": "b"}]}"#, nil),
        (#" {"failed":[{"retry":false,"id":"\u0061"}]} "#, false), (#"{"failed": [{"id": "a", "retry": false}, {"id": "a"}]}"#, true),
        (#"{"failed": [{"id": "a"}, {"id": "a", "retry": false}]}"#, true), (#"{"failed": []}"#, nil),
    ] as [(String, Bool?)])
    func `an answer names those that failed, and whether they are to be tried again`(body: String, retry: Bool?) {
        #expect(Self.read(body) != nil)
        #expect(Self.retry("a", in: body) == retry)
    }

    @Test(arguments: [
        "", "OK", "{", "[]", "7", "null", #""failed""#, "{}", #"{"failed": null}"#, #"{"failed": {"id": "a"}}"#, #"{"failed": ["a"]}"#,
        #"{"failed": [{}]}"#, #"{"failed": [{"id": 1}]}"#, #"{"failed": [{"id": "a", "retry": null}]}"#, #"{"failed": [{"id": "a", "retry": "no"}]}"#,
        #"{"failed": [{"id": "a"}, 7]}"#, #"{"failed": [{"id": "\ud800"}]}"#, #"{"failed": [{"id": "a"}]"#, #"{"failed": [{"id": "a"}]} {}"#,
    ])
    func `an answer of any other shape is not understood`(body: String) { #expect(Self.read(body) == nil) }
}
