import EventModel
import Manifests
import Testing

@Suite("A secret that is replaced")
struct RotationTests {
    private func topics(_ secrets: [SigningSecret], keys: [SigningSecret] = [], overlap: TimeSpan = .hours(1), scheme: SignatureScheme = .standard) -> [TopicManifest] {
        var method = SigningMethod(scheme: scheme, secrets: secrets, keys: keys)
        method.rotationOverlap = overlap
        var manifest = TopicManifest(topic: "t")
        var subscription = Subscription(name: "s", topic: "t", endpoint: "https://example.com")
        subscription.signing = .signed(method)
        manifest.subscriptions = [subscription]
        return [manifest]
    }

    private func file(_ texts: String..., named name: String = "f") -> [SigningSecret] {
        texts.map { SigningSecret($0, source: "${file:\(name)}") }
    }

    private func signing(_ rotation: SecretRotation) -> [String] {
        guard case .signed(let method)? = rotation.current.first?.subscriptions.first?.signing else { return [] }
        return (method.secrets + method.keys).map(\.text)
    }

    private func at(_ minutes: Int64) -> Instant { Instant(nanoseconds: 0) + .minutes(minutes) }
    private let replaced = SecretRotation.Event.replaced(subscription: "s", source: "${file:f}", overlap: .hours(1))
    private let ended = SecretRotation.Event.ended(subscription: "s", source: "${file:f}")

    @Test("signs behind the new one for the overlap, to the moment")
    func overlap() {
        var rotation = SecretRotation(topics(file("old")))
        #expect(rotation.take(topics(file("new")), at: at(0)) == [replaced])
        #expect(signing(rotation) == ["new", "old"])
        #expect(rotation.expire(at: at(59)) == [] && signing(rotation) == ["new", "old"])
        #expect(rotation.expire(at: at(60)) == [ended] && signing(rotation) == ["new"])
        #expect(rotation.expire(at: at(61)) == [])
    }

    @Test("signs for its own overlap, also when its successor is replaced or something else is reloaded")
    func again() {
        var rotation = SecretRotation(topics(file("a")))
        #expect(rotation.take(topics(file("b")), at: at(0)) == [replaced])
        #expect(rotation.take(topics(file("b")), at: at(10)) == [])
        #expect(rotation.take(topics(file("c")), at: at(30)) == [replaced])
        #expect(signing(rotation) == ["c", "a", "b"])
        #expect(rotation.take(topics(file("c")), at: at(70)) == [ended])
        #expect(signing(rotation) == ["c", "b"])
    }

    @Test("and put back is replaced no more")
    func back() {
        var rotation = SecretRotation(topics(file("a")))
        #expect(rotation.take(topics(file("b")), at: at(0)) == [replaced])
        #expect(rotation.take(topics(file("a")), at: at(1)) == [replaced])
        #expect(signing(rotation) == ["a", "b"])
    }

    @Test("ends at once where it was withdrawn instead", arguments: [
        "no successor", "another file", "no overlap", "the overlap is taken away later", "another scheme", "signing: none", "in clear",
    ])
    func withdrawn(how: String) {
        var rotation = SecretRotation(topics(how == "in clear" ? [SigningSecret("old")] : file("new", "old")))
        switch how {
        case "no successor": #expect(rotation.take(topics(file("new")), at: at(0)) == [])
        case "another file": #expect(rotation.take(topics(file("new", named: "g")), at: at(0)) == [])
        case "no overlap": #expect(rotation.take(topics(file("newest", "new"), overlap: .zero), at: at(0)) == [ended])
        case "the overlap is taken away later":
            #expect(rotation.take(topics(file("newest", "new")), at: at(0)) == [replaced])
            #expect(signing(rotation) == ["newest", "new", "old"])
            #expect(rotation.take(topics(file("newest", "new"), overlap: .zero), at: at(1)) == [ended])
        case "another scheme": #expect(rotation.take(topics(file("newest"), scheme: .stripe), at: at(0)) == [])
        case "in clear": #expect(rotation.take(topics([SigningSecret("new")]), at: at(0)) == [])
        default:
            var topics = topics([])
            topics[0].subscriptions[0].signing = .none
            #expect(rotation.take(topics, at: at(0)) == [])
        }
        #expect(!signing(rotation).contains("old"))
    }

    @Test("may be a private key")
    func keys() {
        var rotation = SecretRotation(topics(file("secret"), keys: file("old key", named: "k")))
        let event = SecretRotation.Event.replaced(subscription: "s", source: "${file:k}", overlap: .hours(1))
        #expect(rotation.take(topics(file("secret"), keys: file("new key", named: "k")), at: at(0)) == [event])
        #expect(signing(rotation) == ["secret", "new key", "old key"])
    }

    @Test("over and over leaves ten of the old ones")
    func bounded() {
        var rotation = SecretRotation(topics(file("0")))
        for number in 1...1000 { _ = rotation.take(topics(file("\(number)")), at: at(0)) }
        #expect(signing(rotation) == ["1000"] + (990...999).map { "\($0)" })
    }
}
