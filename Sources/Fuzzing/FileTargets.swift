import EventModel
import Manifests

// What users write.
extension FuzzTarget {
    static let files: [FuzzTarget] = [
        FuzzTarget(
            "manifest",
            seeds: [
                """
                topic: shop.orders
                kafka: { partitions: 12, config: { retention.ms: 604800000 } }
                event: { id: { header: event-id }, type: { pointer: /type }, framing: auto }
                subscriptions:
                  billing: &b
                    endpoint: https://billing.example.com/hooks?a=b
                    filters: [ { any: [ { exact: { type: a } }, { sql: "id = '1'" } ] }, { pattern: { data: { a: [ { numeric: [ ">=", 1 ] } ] } } } ]
                    headers: { X-A: "${A:-b}" }
                    retry: { schedule: [5s, 1m], giveUpAfter: 3d, on: [network, 404, 5xx] }
                    batch: { maxEvents: 10, maxBytes: 1MiB, maxWait: 1s }
                    signing: none
                  windows:
                    endpoint: https://[::1]:8443/
                    window: { type: session, gap: 30s, max: 1h, groupBy: [key], aggregates: { n: { count: true }, s: { sum: /data/a } } }
                """,
            ],
            words: ["<<: *b", "- ", ": ", "{", "}", "[", "!!", "|\n", "${", "}", "\u{FEFF}", "\t", "&a", "*a", "? ", "1MiB", "5s", "null"]
        ) { input in
            let bytes = Array(input)
            let loaded = ManifestLoader.load(
                folder: "topics", configuration: BridgeConfiguration(), defaults: SubscriptionDefaults(), environment: environment(["topics/t.yaml": bytes]))
            check(loaded.problems)
            require(loaded.isUsable == !loaded.problems.contains { $0.severity == .error }, "usable with errors, or not without")
        },
        FuzzTarget(
            "configuration",
            seeds: [
                """
                group: g
                kafka: { bootstrapServers: "a:1, SSL://b:2", properties: { security.protocol: SSL } }
                retryTopic: { name: "{group}.again", lanes: [1s, 1m] }
                schemaRegistry: { url: "https://registry.example.com", basic: { username: u, password: "${P}" } }
                limits: { recordMemory: 1GiB, shards: auto }
                egress: { allow: ["*.example.com", 10.0.0.0/8] }
                ops: { listen: "[::1]:0" }
                defaults: { delivery: { timeout: 3s } }
                """,
            ],
            words: ["{group}", "10.0.0.0/33", "[::", ":0", "1KiB", "${file:x}", "auto"]
        ) { input in
            let loaded = ConfigurationLoader.load(file: nil, environment: environment(["fanfare.yaml": Array(input)]))
            check(loaded.problems)
        },
    ]

    private static func environment(_ files: [String: [UInt8]]) -> Environment {
        Environment(
            variables: ["P": "p"],
            readFile: { path in files[path].map { .success($0) } ?? .failure(FileError(isMissing: true, message: "No such file or directory")) },
            listFolder: { folder in .success(files.keys.filter { $0.hasPrefix(folder + "/") }.map { String($0.dropFirst(folder.count + 1)) }) },
            stamp: { path in files[path].map { FileStamp(device: 1, inode: 1, size: Int64($0.count), modified: 0) } }, isExecutable: { files[$0] != nil },
            now: { WallTime(milliseconds: 0) })
    }

    private static func check(_ problems: [Problem]) {
        for problem in problems { require(!problem.message.isEmpty && !problem.message.contains("\n"), "a problem that is not one line") }
    }
}
