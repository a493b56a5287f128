import EventModel
import Foundation
import KafkaClient
import KafkaTokens
import Synchronization
import Testing

/// Gives the answers that a test lays out, and counts its questions.
private final class Giver: Sendable {
    struct State {
        var answers: [Result<GivenToken, BearerTokenFailure>] = []
        var questions = 0
        var now = WallTime(milliseconds: 1_000_000_000_000)
    }

    let state = Mutex(State())
    /// Set: each question takes its time.
    let isSlow = Mutex(false)

    struct Front: TokenGiver {
        let giver: Giver
        var name: String { "somebody" }
        mutating func ask() throws(BearerTokenFailure) -> GivenToken {
            if giver.isSlow.withLock({ $0 }) { usleep(50_000) }
            let answer = giver.state.withLock { state in
                state.questions += 1
                return state.answers.count > 1 ? state.answers.removeFirst() : state.answers[0]
            }
            return try answer.get()
        }
    }

    func tokens(_ policy: BridgeConfiguration.OAuth = .init()) -> SharedTokens {
        SharedTokens(policy, Front(giver: self)) { self.state.withLock { $0.now } }
    }

    func gives(_ tokens: GivenToken...) { state.withLock { $0.answers = tokens.map { .success($0) } } }
    func fails(_ reason: String) { state.withLock { $0.answers = [.failure(BearerTokenFailure(reason))] } }
    func passes(_ span: TimeSpan) { state.withLock { $0.now = $0.now + span } }
    var questions: Int { state.withLock { $0.questions } }
}

@Suite("One token for all clients")
struct SharedTokensTests {
    private let giver = Giver()

    private func failure(_ tokens: SharedTokens, after previous: String? = nil) -> String? {
        do throws(BearerTokenFailure) {
            _ = try tokens.token(after: previous)
            return nil
        } catch {
            return error.description
        }
    }

    @Test("serves until it is due, which is before librdkafka asks")
    func renewal() throws {
        let tokens = giver.tokens()
        giver.gives(GivenToken("a", lifetime: 100), GivenToken("b", lifetime: 100))
        #expect(try tokens.token(after: nil).text == "a")
        giver.passes(.seconds(74))
        #expect(try tokens.token(after: nil).text == "a")
        #expect(giver.questions == 1)
        giver.passes(.seconds(2))
        #expect(try tokens.token(after: "a").text == "b")
        #expect(try tokens.token(after: "a").text == "b")
        #expect(giver.questions == 2)
    }

    @Test("ends when it says or when its giver says, whichever is earlier; else it is taken to last five minutes")
    func expiry() throws {
        // {"sub":"fanfare","exp":1000000060}
        let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJmYW5mYXJlIiwiZXhwIjoxMDAwMDAwMDYwfQ.x"
        for (given, seconds) in [
            (GivenToken("a", lifetime: 100), 100), (GivenToken(jwt), 60), (GivenToken(jwt, lifetime: 100), 60), (GivenToken(jwt, lifetime: 30), 30), (GivenToken("a"), 300),
        ] as [(GivenToken, Int64)] {
            giver.gives(given)
            #expect(try giver.tokens().token(after: nil).expires == 1_000_000_000_000 + seconds * 1000)
        }
        giver.passes(.seconds(61))
        giver.gives(GivenToken(jwt))
        #expect(failure(giver.tokens()) == "somebody gives a token that has expired already: is the clock of this machine right?")
    }

    @Test("is called after whoever is given, or stands in it, or asked for it")
    func principal() throws {
        let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJmYW5mYXJlIiwiZXhwIjoxMDAwMDAwMDYwfQ.x"
        var policy = BridgeConfiguration.OAuth()
        giver.gives(GivenToken("a"), GivenToken("a"), GivenToken(jwt), GivenToken(jwt))
        #expect(try giver.tokens(policy).token(after: nil).principal == "fanfare")
        policy.client.clientID = "client"
        #expect(try giver.tokens(policy).token(after: nil).principal == "client")
        #expect(try giver.tokens(policy).token(after: nil).principal == "fanfare")
        policy.principal = "me"
        #expect(try giver.tokens(policy).token(after: nil).principal == "me")
    }

    @Test("that cannot be renewed serves those who have none until its end")
    func failedRenewal() throws {
        let tokens = giver.tokens()
        giver.gives(GivenToken("a", lifetime: 100))
        _ = try tokens.token(after: nil)
        giver.passes(.seconds(80))
        giver.fails("no luck")
        #expect(failure(tokens, after: "a") == "no luck")
        #expect(try tokens.token(after: nil).text == "a")
        giver.passes(.seconds(20))
        #expect(failure(tokens) == "no luck")
        giver.gives(GivenToken("b", lifetime: 100))
        #expect(try tokens.token(after: "a").text == "b")
    }

    @Test("may be given again by those who keep it for a while themselves, unless it was refused")
    func sameAgain() throws {
        let tokens = giver.tokens()
        giver.gives(GivenToken("a", lifetime: 100), GivenToken("a", lifetime: 24))
        _ = try tokens.token(after: nil)
        giver.passes(.seconds(76))
        #expect(try tokens.token(after: "a").expires == 1_000_000_100_000)
        #expect(giver.questions == 2)
        tokens.wasRefused("a")
        #expect(failure(tokens, after: "a") == "somebody gives a token again that a broker refused")
    }

    @Test("is asked for once, however many want it at a time, and so is one that there is not", arguments: [true, false])
    func together(isGiven: Bool) async {
        let tokens = giver.tokens()
        if isGiven { giver.gives(GivenToken("a", lifetime: 100)) } else { giver.fails("no luck") }
        giver.isSlow.withLock { $0 = true }
        let done = Atomic<Int>(0)
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            for _ in 0..<8 {
                Thread.detachNewThread {
                    #expect(failure(tokens) == (isGiven ? nil : "no luck"))
                    if done.add(1, ordering: .sequentiallyConsistent).newValue == 8 { continuation.resume() }
                }
            }
        }
        // A thread that begins only after the first answer rightly asks again.
        #expect(isGiven ? giver.questions == 1 : giver.questions < 8)
    }

    @Test("that a broker refused is replaced, but not more than once a minute")
    func refusal() throws {
        let tokens = giver.tokens()
        giver.gives(GivenToken("a", lifetime: 1000), GivenToken("b", lifetime: 1000), GivenToken("c", lifetime: 1000))
        _ = try tokens.token(after: nil)
        tokens.wasRefused("a")
        #expect(try tokens.token(after: "a").text == "b")
        // Those who still have the first one say so too.
        tokens.wasRefused("a")
        tokens.wasRefused("b")
        #expect(try tokens.token(after: "b").text == "b")
        giver.passes(.seconds(61))
        tokens.wasRefused("b")
        #expect(try tokens.token(after: "b").text == "c")
    }
}
