import EventModel
import Foundation
import KafkaClient
import KafkaTokens
import Testing

@Suite("A command that prints a token")
struct TokenCommandTests {
    // {"sub":"fanfare","exp":4000000000}
    private static let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJmYW5mYXJlIiwiZXhwIjo0MDAwMDAwMDAwfQ.x"

    private func answer(_ words: [String], timeout: TimeSpan = .seconds(30)) -> Result<GivenToken, BearerTokenFailure> {
        var policy = BridgeConfiguration.OAuth()
        policy.command = words
        policy.timeout = timeout
        return Result { () throws(BearerTokenFailure) in try TokenCommand(policy).ask() }
    }

    private func shell(_ script: String, timeout: TimeSpan = .seconds(30)) -> Result<GivenToken, BearerTokenFailure> {
        answer(["/bin/sh", "-c", script], timeout: timeout)
    }

    @Test("may print a JWT alone, or what a token endpoint answers")
    func outputs() {
        #expect(shell("echo; echo ' \(Self.jwt)'") == .success(GivenToken(Self.jwt)))
        #expect(shell(#"echo '{"access_token": "opaque", "expires_in": 60}'"#) == .success(GivenToken("opaque", lifetime: 60)))
    }

    @Test("gets its words as they are, the environment, nothing to read and no descriptors", arguments: [
        #"[ "$0" = 'a b; $HOME' ]"#, #"[ -n "$PATH" ]"#, #"[ -z "$(cat)" ]"#,
        "[ ! -e /proc/$$/fd/200 ]",
        // Whatever the thread that starts it blocks, and the process ignores. 32 and 33 are the C library's own.
        #"[ "$(grep -cE '^Sig(Blk|Ign):.(0000000000000000|0000000180000000)$' /proc/self/status)" = 2 ]"#,
    ])
    func surroundings(_ condition: String) {
        let descriptor = dup2(STDERR_FILENO, 200)
        defer { close(descriptor) }
        var signals = sigset_t()
        sigfillset(&signals)
        var before = sigset_t()
        pthread_sigmask(SIG_SETMASK, &signals, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        #expect(answer(["/bin/sh", "-c", "\(condition) && echo \(Self.jwt)", "a b; $HOME"]) == .success(GivenToken(Self.jwt)))
    }

    @Test("is named with what is wrong, never with what it printed", arguments: [
        ("exit 3", "failed with status 3"), ("kill -9 $$", "was ended by signal 9"), ("true", "prints nothing"),
        ("echo \(jwt) s3cret", "prints neither a JSON object with access_token nor a JWT"), (#"echo '{"error": "s3cret"}'"#, "prints what has no access_token"),
        ("echo '{s3cret'", "prints what is not a JSON object, or a very long one"), ("echo \(jwt); echo s3cret >&2; exit 1", "failed with status 1"),
        ("yes", "prints more than 65536 bytes"),
    ])
    func failures(_ script: String, _ reason: String) {
        #expect(shell(script) == .failure(BearerTokenFailure("the command /bin/sh \(reason); run it as this user to see what is wrong")))
    }

    @Test("has to come to an end, whether it goes on to print or not", arguments: ["sleep 600", "exec >&-; sleep 600", "sleep 600 & echo x", "trap '' TERM; while :; do sleep 1; done"])
    func endless(_ script: String) {
        let expected = BearerTokenFailure("the command /bin/sh does not end within 300ms; run it as this user to see what is wrong")
        #expect(shell(script, timeout: .milliseconds(300)) == .failure(expected))
    }

    @Test("must be there")
    func missing() {
        #expect(answer(["/no/such/program"]) == .failure(BearerTokenFailure("the command /no/such/program cannot be run: No such file or directory; run it as this user to see what is wrong")))
    }
}
