public import EventModel

/// Notices changes of a folder of manifests by looking at it now and then.
///
/// A look costs one `stat` per file: no events of the file system are needed, which containers and network volumes do
/// not deliver. The folder, the manifests and every file they name are looked at, through links, so that Kubernetes'
/// swap of a volume's link shows.
public struct TopicsWatcher: Sendable {
    private let folder: String
    private let configuration: BridgeConfiguration
    private let defaults: SubscriptionDefaults
    private let environment: Environment
    private var files: [FileLog.Entry]
    private var fingerprint: String

    /// Watches for changes since `loaded`, which must have been loaded with the same arguments.
    public init(
        since loaded: LoadedManifests, folder: String, configuration: BridgeConfiguration,
        defaults: SubscriptionDefaults = SubscriptionDefaults(), environment: Environment
    ) {
        self.folder = folder
        self.configuration = configuration
        self.defaults = defaults
        self.environment = environment
        files = loaded.files
        fingerprint = loaded.fingerprint
    }

    /// For the subscriptions of the API, which are read as those of files are.
    public var registry: SubscriptionRegistry { SubscriptionRegistry(configuration, defaults: defaults, environment: environment) }

    /// The manifests anew if their content changed, whether they are usable or not; else nil.
    ///
    /// What is returned once is not returned again: if it is not usable, the caller stays with what it has.
    public mutating func reloadIfChanged() -> LoadedManifests? {
        guard files.contains(where: { environment.stamp($0.path) != $0.stamp }) else { return nil }
        let loaded = ManifestLoader.load(
            folder: folder, configuration: configuration, defaults: defaults, environment: environment)
        files = loaded.files
        guard loaded.fingerprint != fingerprint else { return nil }
        fingerprint = loaded.fingerprint
        return loaded
    }
}
