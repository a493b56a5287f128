public import EventModel

/// The bridge's configuration from `fanfare.yaml`, the environment and flags.
///
/// A flag wins over the environment, the environment over the file, the file over the default. Each source is applied
/// over the one before, key by key; a value that is wrong is a problem even where another source would win over it.
public enum ConfigurationLoader {
    /// Read when no file is named; need not be there.
    public static let defaultFile = "fanfare.yaml"

    /// - Parameters:
    ///   - file: Must be there. Nil: `./fanfare.yaml` if there is one.
    ///   - overrides: From flags, by path: `("limits.maxInFlight", "128")`. Lists are separated by commas; an entry of
    ///     `kafka.properties` has its name in the path: `kafka.properties.security.protocol`.
    public static func load(
        file: String?, environment: Environment, overrides: [(path: String, value: String)] = []
    ) -> LoadedConfiguration {
        var reader = Reader(environment: environment)
        var draft = ConfigurationDraft()
        let root = readFile(file, into: &draft, &reader)
        EnvironmentVariables.apply(to: &draft, &reader)
        for (path, value) in overrides { override(path, value, in: &draft, &reader) }
        ConfigurationChecks.run(draft.bridge, &reader)
        return LoadedConfiguration(
            configuration: draft.bridge,
            defaults: SubscriptionDefaults(draft.defaults, root, reader),
            problems: reader.problems.inReadingOrder(), files: reader.files.entries, tokens: TokenCatalog.source(root, reader))
    }

    private static func readFile(_ named: String?, into draft: inout ConfigurationDraft, _ reader: inout Reader) -> Node? {
        let file = FilePath.tidy(named ?? defaultFile)
        switch reader.read(file) {
        case .failure(let failure):
            if named == nil && failure.isMissing { return nil }
            reader.error(Position(file: file, line: 0, column: 0), "", "cannot read the configuration: \(failure.message)", code: .unreadableFile)
            return nil
        case .success(let bytes):
            // Without keys everything has its default: a file of comments is a good beginning.
            guard let root = reader.document(file, bytes) else { return nil }
            ConfigurationCatalog.root.apply(root, "", to: &draft, &reader)
            return root
        }
    }

    private static func override(_ path: String, _ value: String, in draft: inout ConfigurationDraft, _ reader: inout Reader) {
        let node = Node.outside(value, Position(file: "command line", line: 0, column: 0))
        for leaf in ConfigurationCatalog.root.leaves {
            switch leaf.form {
            case .entries:
                let prefix = leaf.name + "."
                guard path.hasPrefix(prefix), path.utf8.count > prefix.utf8.count else { continue }
                var entry = node
                entry.content = .mapping([Node.Entry(key: String(path.dropFirst(prefix.count)), value: node)])
                leaf.apply(entry, leaf.name, &draft, &reader)
                return
            default:
                guard leaf.name == path else { continue }
                reader.remember(path, node.position)
                leaf.apply(node, path, &draft, &reader)
                return
            }
        }
        reader.unknownKey(path, path, among: ConfigurationCatalog.root.leaves.map(\.name), at: node.position)
    }
}

/// What `ConfigurationLoader` found.
public struct LoadedConfiguration: Sendable {
    /// Complete, also when there are errors; then it must not be used.
    public var configuration: BridgeConfiguration
    /// `defaults:`, for `ManifestLoader`.
    public var defaults: SubscriptionDefaults
    /// Errors and warnings, in the order of the sources.
    public var problems: [Problem]
    /// The configuration file and what `${file:...}` names.
    public var filesRead: [String] { files.map(\.path) }
    let files: [FileLog.Entry]
    /// `ops.tokens` as the file says it, where nothing else has the last word.
    let tokens: Node?

    /// Whether there are no errors.
    public var isUsable: Bool { !problems.contains { $0.severity == .error } }
}

/// The keys under `defaults:`, read and checked once; what every subscription of every manifest begins with.
public struct SubscriptionDefaults: Sendable {
    var prototype: Subscription
    /// So that what is wrong in combination with a subscription can be shown where it stands.
    var positions: [String: Position]
    /// `signing` as the file says it, where nothing else has the last word: the files that it names are read with the
    /// manifests, again and again.
    private var signing: Node?

    /// Nothing but the built-in defaults.
    public init() {
        prototype = SubscriptionCatalog.prototype
        positions = [:]
        signing = nil
    }

    init(_ prototype: Subscription, _ root: Node?, _ reader: Reader) {
        self.prototype = prototype
        self.prototype.confidential = Confidential.texts(reader.substituted[...])
        positions = reader.positions.filter { $0.key.hasPrefix("defaults.") }
        let given = positions.filter { $0.key.hasPrefix("defaults.signing") }.values
        let isBroken = reader.problems.contains { $0.severity == .error && $0.path.hasPrefix("defaults.signing") }
        if given.allSatisfy({ $0.line > 0 }), !isBroken { signing = root?.entry("defaults")?.entry("signing") }
    }

    /// With the secrets that its files hold now.
    func reread(_ reader: inout Reader) -> SubscriptionDefaults {
        guard let signing else { return self }
        var defaults = self
        var fresh = SubscriptionCatalog.prototype
        let (known, substituted) = (reader.problems.count, reader.substituted.count)
        SigningCatalog.key.apply(signing, "defaults.signing", &fresh, &reader)
        // They were told with the configuration.
        reader.dropWarnings(since: known)
        defaults.prototype.signing = fresh.signing
        defaults.prototype.confidential += Confidential.texts(reader.substituted[substituted...])
        return defaults
    }
}
