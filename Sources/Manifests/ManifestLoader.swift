public import EventModel

/// A folder of topic manifests to validated topics, or all that is wrong with them.
public enum ManifestLoader {
    /// Reads every `*.yaml` and `*.yml` of the folder in the order of their names. Subfolders and files whose name
    /// begins with a dot are left alone.
    public static func load(
        folder: String, configuration: BridgeConfiguration, defaults: SubscriptionDefaults = SubscriptionDefaults(),
        environment: Environment
    ) -> LoadedManifests {
        let folder = FilePath.tidy(folder)
        let place = Position(file: folder, line: 0, column: 0)
        var reader = Reader(environment: environment)
        let defaults = defaults.reread(&reader)
        var read: [ManifestReader.Result] = []
        switch reader.list(folder) {
        case .failure(let failure):
            reader.error(place, "", "cannot read the folder of topic manifests: \(failure.message)", code: .unreadableFile)
        case .success(let names):
            let manifests = names.filter(isManifest)
            if manifests.isEmpty { reader.warn(place, "", "no topic manifests (*.yaml) in this folder; nothing is delivered", code: .nothingDelivered) }
            for name in manifests {
                guard let result = ManifestReader.read(FilePath.join(folder, name), configuration, defaults, &reader) else { continue }
                read.append(result)
            }
        }
        ManifestChecks.run(read, &reader)
        return LoadedManifests(topics: read.map(\.manifest), problems: reader.problems.inReadingOrder(),
            fingerprint: reader.files.digest.text, files: reader.files.entries)
    }

    /// Whether a file of this name is one; others in the folder are left alone.
    static func isManifest(_ name: String) -> Bool { !name.hasPrefix(".") && (name.hasSuffix(".yaml") || name.hasSuffix(".yml")) }
}

/// What `ManifestLoader` found.
public struct LoadedManifests: Sendable {
    /// In the order of the files' names. Not to be used unless `isUsable`.
    public var topics: [TopicManifest]
    /// Of all files, each file's in the order of its lines.
    public var problems: [Problem]
    /// Manifests, and the files that they name: secrets, schemas, examples, certificate authorities. Also missing ones.
    public var filesRead: [String] { files.map(\.path) }
    /// Digest of all that was read: equal for equal names and contents.
    public var fingerprint: String
    /// Whether there are no errors.
    public var isUsable: Bool { !problems.contains { $0.severity == .error } }

    let files: [FileLog.Entry]
}

extension [Problem] {
    /// By file, in the order in which the files first appear, then by place; what stands at one place stays in order.
    func inReadingOrder() -> [Problem] {
        var order: [String: Int] = [:]
        for problem in self where order[problem.file] == nil { order[problem.file] = order.count }
        return enumerated().sorted { a, b in
            let (x, y) = (a.element, b.element)
            return (order[x.file] ?? 0, x.line, x.column, a.offset) < (order[y.file] ?? 0, y.line, y.column, b.offset)
        }.map(\.element)
    }
}
