import EventModel
import Manifests
import Testing

@Suite struct InterpolationTests {
    private func description(_ text: String, files: [String: String] = [:], variables: [String: String] = [:]) -> (String?, [String]) {
        let loaded = load("topic: t\ndescription: \(text)\nsubscriptions: { s: { endpoint: https://example.com, signing: none } }\n", files: files, variables: variables)
        return (loaded.topics.first?.description, loaded.problems.lines)
    }

    @Test func variablesDefaultsAndFilesAreReplaced() {
        let (text, problems) = description(
            "a${A}b${B:-dflt}c${C:-x:-y}d${file:/f}e${EMPTY:-full}${EMPTY}", files: ["/f": "line1\nline2\r\n"],
            variables: ["A": "1", "EMPTY": ""])
        #expect(text == "a1bdfltcx:-ydline1\nline2efull")
        #expect(problems == [])
    }

    @Test func twoDollarsStandForThemselvesAndAloneADollarMeansNothing() {
        let (text, problems) = description("$${A} costs $5 {A} $A $")
        #expect(text == "${A} costs $5 {A} $A $")
        #expect(problems == [])
    }

    @Test func whatWasPutInIsNotLookedAtAgain() {
        #expect(description("${A}", variables: ["A": "${B}"]).0 == "${B}")
    }

    @Test(arguments: [
        ("${NOPE}", "the environment variable NOPE is not set; set it or write ${NOPE:-default}"),
        ("${A", "${ without }; write $${ for the two characters themselves"),
        ("${A:-${B}}", "${...} cannot stand inside another one"),
        ("${a b}", "${a b} is not understood; write ${VAR}, ${VAR:-default} or ${file:/path}"),
        ("${}", "${} is not understood; write ${VAR}, ${VAR:-default} or ${file:/path}"),
        ("${file:}", "${file:} names no file; write ${file:/path}"),
        ("${file:/none}", "cannot read /none: No such file or directory"),
        ("${file:near}", "cannot read topics/near: No such file or directory"),
    ])
    func whatCannotBeReplacedIsSaid(_ text: String, _ message: String) {
        #expect(description(text).1 == ["topics/t.yaml:2:1: error: description: \(message)"])
    }

    @Test func numbersAndDurationsMayComeFromVariables() throws {
        let loaded = load(
            subscription("delivery: { maxInFlight: \"${N}\", timeout: \"${T}s\" }\nenabled: ${E:-false}"), variables: ["N": "5", "T": "20"])
        #expect(loaded.problems.lines == [])
        let billing = try #require(loaded.topics.first?.subscriptions.first)
        #expect(billing.delivery.maxInFlight == 5)
        #expect(billing.delivery.timeout == .seconds(20))
        #expect(!billing.enabled)
    }

    @Test func aProblemQuotesWhatTheFileSaysNotWhatWasPutIn() {
        let loaded = load(subscription("delivery: { maxInFlight: \"${N}\" }\nstart: ${N}"), variables: ["N": "hunter2"])
        #expect(
            loaded.problems.lines == [
                "topics/t.yaml:6:17: error: subscriptions.s.delivery.maxInFlight: must be a whole number, not \"${N}\"",
                "topics/t.yaml:7:5: error: subscriptions.s.start: must be latest, earliest or an RFC 3339 time such as 2026-05-01T00:00:00Z, not \"${N}\"",
            ])
    }

    @Test func aSecretFromAFileIsNotAWarning() {
        let text = "topic: t\nsubscriptions:\n  s:\n    endpoint: https://example.com\n    signing: { secrets: [\"${file:/s}\"] }\n"
        let loaded = load(text, files: ["/s": goodSecret + "\n"])
        #expect(loaded.problems.lines == [])
        #expect(loaded.topics.first?.subscriptions.first?.signing == .signed(SigningMethod(secrets: [SigningSecret(goodSecret, source: "${file:/s}")])))
    }
}
