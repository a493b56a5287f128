import EventModel
import Foundation
import Manifests
import Testing

/// The manifests of the repository, which the demo runs and people copy.
@Suite struct ExampleTests {
    private let folder = packageRoot.appendingPathComponent("topics").path
    private var configuration: BridgeConfiguration {
        var configuration = BridgeConfiguration()
        configuration.egress.allowHTTP = true
        configuration.egress.allowPrivate = true
        return configuration
    }

    @Test func theExamplesHaveNoProblems() {
        let loaded = ManifestLoader.load(folder: folder, configuration: configuration, environment: .fileSystem(variables: [:]))
        #expect(loaded.problems.lines == [])
        #expect(loaded.topics.map(\.topic) == ["shop.orders", "shop.payments"])
        let subscriptions = loaded.topics.flatMap(\.subscriptions)
        #expect(subscriptions.map(\.name) == ["billing", "search-index", "flaky-partner", "audit", "ledger", "legacy-down"])
        #expect(subscriptions.map(\.endpoint) == [
            "http://127.0.0.1:9080/billing", "http://127.0.0.1:9080/search", "http://127.0.0.1:9080/flaky",
            "http://127.0.0.1:9080/audit", "http://127.0.0.1:9080/ledger", "http://127.0.0.1:9081/down",
        ])
        #expect(subscriptions.allSatisfy { if case .signed = $0.signing { true } else { false } })
    }

    @Test func theExamplesFollowTheDemosVariables() {
        let variables = ["DEMO_RECEIVER": "http://127.0.0.1:1234", "DEMO_DOWN": "http://127.0.0.1:4321"]
        let loaded = ManifestLoader.load(folder: folder, configuration: configuration, environment: .fileSystem(variables: variables))
        #expect(loaded.topics.first?.subscriptions.first?.endpoint == "http://127.0.0.1:1234/billing")
        #expect(loaded.topics.last?.subscriptions.last?.endpoint == "http://127.0.0.1:4321/down")
    }

    @Test func everyExampleNamesItsSchemaForEditors() throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.hasSuffix(".yaml") {
            let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
            #expect(text.hasPrefix("# yaml-language-server: $schema=schema.json\n"))
        }
    }
}
