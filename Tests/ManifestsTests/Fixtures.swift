import EventModel
import Manifests

/// Files and variables that exist only in the test.
func environment(_ files: [String: String] = [:], _ variables: [String: String] = [:]) -> Environment {
    environment(bytes: files.mapValues { Array($0.utf8) }, variables)
}

func environment(bytes files: [String: [UInt8]], _ variables: [String: String] = [:]) -> Environment {
    Environment(
        variables: variables,
        readFile: { path in
            files[path].map { .success($0) } ?? .failure(FileError(isMissing: true, message: "No such file or directory"))
        },
        listFolder: { folder in
            let names = files.keys.filter { $0.hasPrefix(folder + "/") }.map { String($0.dropFirst(folder.count + 1)) }
            return .success(names.filter { !$0.contains("/") })
        },
        stamp: { path in
            files[path].map { FileStamp(device: 1, inode: 1, size: Int64($0.count), modified: Int64($0.reduce(0) { $0 &* 31 &+ Int($1) })) }
        },
        isExecutable: { files[$0]?.starts(with: Array("#!".utf8)) ?? false },
        now: { WallTime(rfc3339: "2027-01-01T00:00:00Z")! })
}

/// Loads one manifest, `topics/t.yaml`.
func load(
    _ manifest: String, files: [String: String] = [:], variables: [String: String] = [:],
    configuration: BridgeConfiguration = BridgeConfiguration(), defaults: SubscriptionDefaults = SubscriptionDefaults()
) -> LoadedManifests {
    ManifestLoader.load(
        folder: "topics", configuration: configuration, defaults: defaults,
        environment: environment(files.merging(["topics/t.yaml": manifest]) { _, new in new }, variables))
}

/// Loads `fanfare.yaml`.
func configure(
    _ text: String, files: [String: String] = [:], variables: [String: String] = [:], overrides: [(path: String, value: String)] = []
) -> LoadedConfiguration {
    ConfigurationLoader.load(
        file: nil, environment: environment(files.merging(["fanfare.yaml": text]) { _, new in new }, variables),
        overrides: overrides)
}

extension [Problem] {
    var lines: [String] { map(\.description) }
    var errors: [String] { filter { $0.severity == .error }.map(\.description) }
    var warnings: [String] { filter { $0.severity == .warning }.map(\.description) }
}

/// 32 bytes.
let goodSecret = "whsec_cHVibGljLWRlbW8tc2VjcmV0LW5ldmVyLXVzZS1pdCE="

/// A manifest whose only subscription has these keys too; they begin in line 6, column 5.
func subscription(_ keys: String) -> String {
    """
    topic: t
    subscriptions:
      s:
        endpoint: https://example.com/hook
        signing: none

    """ + keys.split(separator: "\n", omittingEmptySubsequences: false).map { "    \($0)\n" }.joined()
}
