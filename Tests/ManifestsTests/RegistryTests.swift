import EventModel
import Manifests
import Testing

private let manifest = """
    topic: shop.orders
    subscriptions:
      billing: { endpoint: "https://billing.example/hook", signing: none }

    """

private let folder = ["/tenants/acme": goodSecret, "/tenants/sub/token": "t0ken", "/etc/shadow": "root"]

private func registry(perTenant: Int? = nil, folder: String? = "/tenants/", files: [String: String] = folder) -> SubscriptionRegistry {
    var configuration = BridgeConfiguration()
    configuration.ops.subscriptions.folder = folder
    configuration.ops.subscriptions.perTenant = perTenant
    return SubscriptionRegistry(configuration, defaults: SubscriptionDefaults(), environment: environment(files, ["HOME": "/root"]))
}

private let files = load(manifest).topics

/// What is wrong with a definition whose other keys are right, each with its place.
private func problems(_ keys: String, _ registry: SubscriptionRegistry = registry()) -> [String] {
    let text = #"{"topic":"shop.orders","endpoint":"https://acme.example/hook",\#(keys)}"#
    do throws(SubscriptionRegistry.Refusal) {
        _ = try registry.plan("acme", Array(text.utf8), files)
        return []
    } catch {
        guard case .invalid(let problems) = error else { return ["\(error)"] }
        return problems.map { "\($0.pointer): \($0.detail)" }
    }
}

private func definition(_ more: String = "") -> String {
    #"{"topic":"shop.orders","endpoint":"https://acme.example/hook","signing":"none"\#(more)}"#
}

@Suite struct `A subscription of the API` {
    @Test(arguments: [
        (#""signing":"none","retry":{"schedule":[]}"#, "/retry/schedule: must not be empty"),
        (#""signing":"none","retry":{"schedule":["5s",7]}"#, "/retry/schedule/1: must be a duration"),
        (#""signing":"none","delivery":{"maxInFlight":"5"}"#, "/delivery/maxInFlight: must be a whole number, without quotes"),
        (#""signing":"none","filters":[{"exact":{"a b":"x"}}]"#, "/filters/0/exact"),
        (#""signing":"none","headers":{"a/b~":"x"}"#, "/headers/a~1b~0: "),
        (#""signing":"none","owner":"a","owner":"b""#, "/owner: stands there twice"),
        (#""signing":"none","window":{"type":"tumbling","size":"1m","scope":"topic","groupBy":[]}"#, "/window/scope: topic needs a topic of its own"),
    ])
    func `is told of mistakes as manifests are, by pointers`(keys: String, expected: String) {
        let found = problems(keys)
        #expect(found.count == 1 && found[0].hasPrefix(expected), "\(found)")
    }

    @Test func `finds its files also in a folder with a relative path`() {
        let relative = registry(folder: "./tenants", files: ["tenants/acme": goodSecret])
        #expect(problems(#""signing":{"secrets":["${file:acme}"]}"#, relative) == [])
    }

    @Test func `needs a topic that has a manifest`() {
        for (text, expected) in [
            (#"{"topic":"shop.order","endpoint":"https://a.example"}"#, #"/topic: this topic has no manifest here, which says what its records are: give it one in the folder of manifests first; did you mean "shop.orders"?"#),
            (#"{"endpoint":"https://a.example"}"#, #": the key topic is missing; write "topic": "NAME""#), ("[]", ": must be a JSON object"), ("{", ": is not JSON"),
            (#"{"topic":7}"#, "/topic: must be the name of a topic, not text"), (#"{"topic":"shop.orders","signing":"none"}"#, ": the key endpoint is missing"),
        ] {
            do throws(SubscriptionRegistry.Refusal) {
                _ = try registry().plan("acme", Array(text.utf8), files)
                Issue.record("\(text) is taken")
            } catch {
                #expect(error.description.hasPrefix(expected), "\(error)")
            }
        }
    }

    @Test(arguments: [
        (#""signing":{"secrets":["${file:acme}"]}"#, nil), (#""signing":"none","headers":{"Authorization":"Bearer ${file:sub/token}"}"#, nil),
        (#""signing":{"secrets":["whsec_cHVibGljLWRlbW8tc2VjcmV0LW5ldmVyLXVzZS1pdCE="]}"#, "/signing/secrets/0: a secret must not stand here in clear"),
        (#""signing":"none","auth":{"bearer":{"token":"t0ken"}}"#, "/auth/bearer/token: a secret must not stand here in clear"),
        (#""signing":"none","auth":{"bearer":{"token":7}}"#, "/auth/bearer/token: a secret must not stand here in clear"),
        (#""signing":"none","headers":{"Authorization":"Bearer x"}"#, "/headers/Authorization: a secret must not stand here in clear"),
        (#""signing":"none","headers":{"X-A":"${HOME}"}"#, "/headers/X-A: only ${file:NAME} can be referred to here"),
        (#""signing":"none","headers":{"X-A":"$${HOME}"}"#, nil),
        (#""signing":"none","headers":{"X-A":"${file:/etc/shadow}"}"#, "/headers/X-A: must be the name of a file in ops.subscriptions.folder"),
        (#""signing":"none","headers":{"X-A":"${file:../etc/shadow}"}"#, "/headers/X-A: must be the name of a file in ops.subscriptions.folder"),
        (#""signing":"none","headers":{"X-A":"${file:a/../../etc/shadow}"}"#, "/headers/X-A: must be the name of a file in ops.subscriptions.folder"),
        (#""signing":"none","headers":{"X-A":"${file:nobody}"}"#, "/headers/X-A: cannot read /tenants/nobody: No such file or directory"),
        (#""signing":"none","description":"${file:acme}""#, "/description: a file can be referred to in signing, auth and headers, and not here"),
        (#""signing":"none","tls":{"ca":"/etc/shadow"}"#, "/tls/ca: must be the name of a file in ops.subscriptions.folder"),
        (#""signing":"none","auth":{"mtls":{"certificate":"../x","key":"/k"}}"#, "/auth/mtls/certificate: must be the name of a file"),
    ] as [(String, String?)])
    func `refers to files of one folder, and to nothing else`(keys: String, expected: String?) {
        let found = problems(keys)
        #expect(expected.map { found.first?.hasPrefix($0) ?? false } ?? found.isEmpty, "\(found)")
        let without = problems(#""signing":{"secrets":["${file:acme}"]}"#, registry(folder: nil))
        #expect(without.first == "/signing/secrets/0: files cannot be referred to: ops.subscriptions.folder of fanfare.yaml names no folder")
    }

    @Test func `is new, changed, or the same whatever its spaces`() throws {
        var known = registry()
        let first = try known.plan("acme", Array(definition().utf8), files)
        #expect(first.outcome == .created && first.isNewInTopic)
        let merged = known.install(files, ["acme": first.definition])
        #expect(merged[0].subscriptions.map(\.name) == ["billing", "acme"])
        let same = #"{ "signing":"none", "endpoint" : "https:\/\/acme.example/hook",  "topic":"shop.orders" }"#
        #expect(try known.plan("acme", Array(same.utf8), files).outcome == .unchanged)
        let other = try known.plan("acme", Array(definition(#","owner":"x""#).utf8), files)
        #expect(other.outcome == .replaced && !other.isNewInTopic)
    }

    @Test func `keeps its name, and a file has to give way that takes it`() throws {
        var known = registry()
        #expect(throws: SubscriptionRegistry.Refusal.self) { _ = try known.plan("billing", Array(definition().utf8), files) }
        let merged = known.install(files, ["billing": definition(#","owner":"api""#)])
        #expect(merged[0].subscriptions.map(\.owner) == ["api"])
        #expect(known.conflicts == ["billing": "topics/t.yaml"] && known.refusedCount == 1)
        #expect(try known.plan("billing", Array(definition().utf8), files).outcome == .replaced)
        #expect(known.install(files, [:])[0].subscriptions.map(\.endpoint) == ["https://billing.example/hook"])
    }

    @Test func `goes on as it was when its definition cannot be used any more`() throws {
        var known = registry()
        _ = known.install(files, ["acme": definition(#","owner":"old""#)])
        let merged = known.install(files, ["acme": definition(#","owner":"new","nonsense":1"#)])
        #expect(merged[0].subscriptions.last?.owner == "old")
        #expect(known.definitions(files)["acme"]?.problem.hasPrefix("/nonsense: unknown key; known here: endpoint, ") == true)
        // Without its topic there is nothing to deliver.
        #expect(known.install([], ["acme": definition()]).isEmpty)
        #expect(known.definitions([])["acme"]?.isInForce == false)
    }

    @Test func `is found by topic, owner and labels also while it is refused`() {
        var known = registry()
        let written = #"{"topic":"shop.orders","endpoint":"https://a.example","owner":"team-acme","labels":{"tenant":"acme","plan":7},"headers":{"X-A":"${file:gone}"}}"#
        _ = known.install(files, ["acme": written, "odd": #"{"topic":7,"owner":["x"],"labels":"none"}"#])
        let (acme, odd) = (known.definitions(files)["acme"], known.definitions(files)["odd"])
        #expect(acme?.isInForce == false && acme?.problem.hasPrefix("/") == true)
        #expect(acme?.topic == "shop.orders" && acme?.owner == "team-acme" && acme?.labels == [HeaderField(name: "tenant", value: "acme")])
        #expect(odd?.isInForce == false && odd?.topic == "" && odd?.owner == "" && odd?.labels == [])
    }

    @Test func `counts for its tenant`() throws {
        var known = registry(perTenant: 1)
        let acme = definition(#","labels":{"tenant":"acme"}"#)
        _ = known.install(files, ["a": try known.plan("a", Array(acme.utf8), files).definition])
        #expect(try known.plan("a", Array(acme.utf8), files).outcome == .unchanged)
        #expect(try known.plan("b", Array(definition(#","labels":{"tenant":"other"}"#).utf8), files).outcome == .created)
        do throws(SubscriptionRegistry.Refusal) {
            _ = try known.plan("b", Array(acme.utf8), files)
            Issue.record("a second one is taken")
        } catch {
            #expect(error.description == "the tenant acme may have 1 (ops.subscriptions.perTenant): delete one, or raise the limit")
        }
    }

    @Test func `is shown without secrets`() throws {
        var known = registry()
        let text = #"{"topic":"shop.orders","endpoint":"https://acme.example/hook/capability?x=1","headers":{"X-Secret-Thing":"s3cret"},"signing":{"secrets":["${file:acme}"]}}"#
        _ = known.install(files, ["acme": text])
        let shown = known.definitions(files)["acme"]?.shown?.compact
        #expect(shown == #"{"endpoint":"https://acme.example/***","headers":{"X-Secret-Thing":"***"},"signing":{"secrets":["${file:acme}"]},"topic":"shop.orders"}"#)
    }
}
