import EventModel
import Glibc
import Manifests
import Signing

/// The manifests that the demo runs: from a folder, with endpoints that lead to the demo's own receiver.
struct DemoManifests {
    var folder: String
    var loaded: LoadedManifests
    var environment: Environment
    /// Subscriptions left out because their endpoints are somewhere else.
    var leftOut: [String] = []

    /// The folder named, or the nearest of `./topics` and `share/fanfare/topics` beside an installed program.
    static func folder(_ named: String?) throws -> String {
        if let named { return named }
        let candidates = ["topics"] + (programFolder.map { ["\($0)/../share/fanfare/topics"] } ?? [])
        let environment = Environment.process()
        if let found = candidates.first(where: { environment.stamp("\($0)/orders.yaml") != nil }) { return found }
        throw Failed(
            """
            the demo's topic manifests are in none of: \(candidates.joined(separator: ", ")).
            Run it in a checkout of Fanfare, or name a folder: fanfare demo --topics FOLDER. \
            Endpoints in it must begin with ${DEMO_RECEIVER}, as in ${DEMO_RECEIVER}/billing.
            """)
    }

    private static var programFolder: String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        guard count > 0 else { return nil }
        let path = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
        return path.lastIndex(of: "/").map { String(path[..<$0]) }
    }

    /// - Throws: an exit status, after printing what is wrong.
    init(folder: String, _ configuration: BridgeConfiguration, receiver: String, down: String) throws {
        self.folder = folder
        var environment = Environment.process()
        environment.variables["DEMO_RECEIVER"] = receiver
        environment.variables["DEMO_DOWN"] = down
        // Nothing changes while the demo runs: its balance is drawn up with the filters that it began with.
        environment.stamp = { _ in nil }
        self.environment = environment
        loaded = ManifestLoader.load(folder: folder, configuration: configuration, environment: environment)
        guard loaded.isUsable else { throw WrongConfiguration(loaded.problems) }
        for index in loaded.topics.indices {
            // Somebody's own manifests may name real endpoints: a demo sends them nothing.
            let (ours, others) = loaded.topics[index].subscriptions.partitioned { $0.endpoint.hasPrefix(receiver + "/") || $0.endpoint.hasPrefix(down + "/") }
            loaded.topics[index].subscriptions = ours.filter(\.enabled)
            leftOut += others.map(\.name)
            // With the default ids, `<topic>-<partition>-<offset>`, an event is recognized everywhere.
            loaded.topics[index].mapping.id = nil
        }
        loaded.topics.removeAll { $0.subscriptions.isEmpty }
        guard !loaded.topics.isEmpty else {
            throw Failed("\(folder) has no subscription for the demo: endpoints must begin with ${DEMO_RECEIVER}, as in ${DEMO_RECEIVER}/billing")
        }
    }

    var subscriptions: [Subscription] { loaded.topics.flatMap(\.subscriptions) }

    /// Of all subscriptions, for the receiver to verify with.
    var keys: VerificationKeys {
        var keys = VerificationKeys()
        for case .signed(let method) in subscriptions.map(\.signing) where method.scheme == .standard {
            for secret in method.secrets.map(\.text) where !keys.secrets.contains(secret) { keys.secrets.append(secret) }
            keys.publicKeys += method.keys.compactMap { try? StandardWebhooks.PrivateKey($0.text).publicKey.text }
        }
        return keys
    }
}

extension Array {
    fileprivate func partitioned(_ isFirst: (Element) -> Bool) -> ([Element], [Element]) {
        (filter(isFirst), filter { !isFirst($0) })
    }
}
