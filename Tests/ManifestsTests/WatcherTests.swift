import EventModel
import Foundation
import Manifests
import Testing

@Suite struct WatcherTests {
    /// A folder of its own that is gone after the test.
    final class Folder {
        let path: String

        init() throws {
            path = FileManager.default.temporaryDirectory.appendingPathComponent("fanfare-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func write(_ name: String, _ text: String) throws {
            let file = URL(fileURLWithPath: "\(path)/\(name)")
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }

        func link(_ name: String, to target: String) throws {
            let temporary = "\(path)/\(name).new"
            try FileManager.default.createSymbolicLink(atPath: temporary, withDestinationPath: target)
            // Over an existing link at once, as the kubelet does.
            #expect(rename(temporary, "\(path)/\(name)") == 0)
        }

        func load(defaults: SubscriptionDefaults = SubscriptionDefaults()) -> LoadedManifests {
            ManifestLoader.load(
                folder: path, configuration: BridgeConfiguration(), defaults: defaults, environment: .fileSystem(variables: [:]))
        }

        func watch(since loaded: LoadedManifests, defaults: SubscriptionDefaults = SubscriptionDefaults()) -> TopicsWatcher {
            TopicsWatcher(
                since: loaded, folder: path, configuration: BridgeConfiguration(), defaults: defaults, environment: .fileSystem(variables: [:]))
        }
    }

    private let signed = "topic: t\nsubscriptions: { s: { endpoint: https://example.com, signing: { secrets: [\"${file:secret}\"] } } }\n"
    private let other = "whsec_" + Data(repeating: 7, count: 32).base64EncodedString()

    @Test func twoLoadsOfAnUnchangedFolderHaveEqualFingerprints() throws {
        let folder = try Folder()
        try folder.write("a.yaml", "topic: a\nsubscriptions: {}\n")
        let first = folder.load()
        #expect(folder.load().fingerprint == first.fingerprint)
        try folder.write("a.yaml", "topic: b\nsubscriptions: {}\n")
        #expect(folder.load().fingerprint != first.fingerprint)
    }

    @Test func contentThatMovesToAnotherFileChangesTheFingerprint() {
        let one = load("", files: ["topics/a.yaml": "topic: a\n", "topics/b.yaml": ""])
        let two = load("", files: ["topics/a.yaml": "", "topics/b.yaml": "topic: a\n"])
        #expect(one.fingerprint != two.fingerprint)
    }

    @Test func theWatcherReturnsAChangeOnce() throws {
        let folder = try Folder()
        try folder.write("a.yaml", "topic: a\nsubscriptions: {}\n")
        var watcher = folder.watch(since: folder.load())
        #expect(watcher.reloadIfChanged() == nil)
        try folder.write("a.yaml", "topic: abc\nsubscriptions: {}\n")
        #expect(watcher.reloadIfChanged()?.topics.map(\.topic) == ["abc"])
        #expect(watcher.reloadIfChanged() == nil)
        try folder.write("b.yaml", "topic: b\nsubscriptions: {}\n")
        #expect(watcher.reloadIfChanged()?.topics.map(\.topic) == ["abc", "b"])
        try FileManager.default.removeItem(atPath: "\(folder.path)/a.yaml")
        #expect(watcher.reloadIfChanged()?.topics.map(\.topic) == ["b"])
        #expect(watcher.reloadIfChanged() == nil)
    }

    @Test func aChangeThatChangesNothingIsNoChange() throws {
        let folder = try Folder()
        try folder.write("a.yaml", "topic: a\nsubscriptions: {}\n")
        var watcher = folder.watch(since: folder.load())
        try folder.write("notes.txt", "not a manifest")
        try folder.write("a.yaml", "topic: a\nsubscriptions: {}\n")
        #expect(watcher.reloadIfChanged() == nil)
    }

    @Test func aBrokenManifestIsReturnedWithItsProblemsAndTheRepairToo() throws {
        let folder = try Folder()
        try folder.write("a.yaml", "topic: a\nsubscriptions: {}\n")
        var watcher = folder.watch(since: folder.load())
        try folder.write("a.yaml", "topic: [\n")
        #expect(watcher.reloadIfChanged()?.isUsable == false)
        try folder.write("a.yaml", "topic: repaired\nsubscriptions: {}\n")
        #expect(watcher.reloadIfChanged()?.isUsable == true)
    }

    @Test func aRotatedSecretIsAChange() throws {
        let folder = try Folder()
        try folder.write("a.yaml", signed)
        try folder.write("secret", goodSecret)
        let loaded = folder.load()
        #expect(loaded.problems.lines == [])
        var watcher = folder.watch(since: loaded)
        try folder.write("secret", other + "\n")
        #expect(watcher.reloadIfChanged()?.topics.first?.subscriptions.first?.signing == .signed(SigningMethod(secrets: [SigningSecret(other, source: "${file:secret}")])))
    }

    @Test func aRotatedSecretOfTheDefaultsIsAChange() throws {
        let folder = try Folder()
        try folder.write("a.yaml", "topic: t\nsubscriptions: { s: { endpoint: https://example.com } }\n")
        try folder.write("secret", goodSecret)
        try folder.write("configuration/fanfare.yaml", "defaults: { signing: { secrets: [\"${file:../secret}\", \(other)] } }\n")
        let file = "\(folder.path)/configuration/fanfare.yaml"
        let configuration = ConfigurationLoader.load(file: file, environment: .fileSystem(variables: [:]))
        #expect(configuration.problems.count == 1)
        let loaded = folder.load(defaults: configuration.defaults)
        #expect(loaded.problems.lines == [])
        var watcher = folder.watch(since: loaded, defaults: configuration.defaults)
        try folder.write("secret", "not a secret")
        #expect(watcher.reloadIfChanged()?.problems.errors == [
            "\(file):1:34: error: defaults.signing.secrets[0]: the secret is not base64 behind whsec_",
        ])
        try folder.write("secret", other)
        guard case .signed(let method)? = watcher.reloadIfChanged()?.topics.first?.subscriptions.first?.signing else {
            Issue.record("not signed")
            return
        }
        #expect(method.secrets.map(\.text) == [other, other])
    }

    @Test func aSecretThatAppearsLaterIsAChange() throws {
        let folder = try Folder()
        try folder.write("a.yaml", signed)
        let loaded = folder.load()
        #expect(!loaded.isUsable)
        var watcher = folder.watch(since: loaded)
        try folder.write("secret", goodSecret)
        #expect(watcher.reloadIfChanged()?.isUsable == true)
    }

    @Test func theSwapOfAKubernetesVolumesLinkIsAChange() throws {
        let folder = try Folder()
        try folder.write("..v1/orders.yaml", "topic: one\nsubscriptions: {}\n")
        try folder.write("..v2/orders.yaml", "topic: two\nsubscriptions: {}\n")
        try folder.link("..data", to: "..v1")
        try folder.link("orders.yaml", to: "..data/orders.yaml")
        let loaded = folder.load()
        #expect(loaded.topics.map(\.topic) == ["one"])
        var watcher = folder.watch(since: loaded)
        #expect(watcher.reloadIfChanged() == nil)
        try folder.link("..data", to: "..v2")
        #expect(watcher.reloadIfChanged()?.topics.map(\.topic) == ["two"])
    }
}
