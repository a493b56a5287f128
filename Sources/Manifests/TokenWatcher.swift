public import EventModel

/// Notices that the files which `ops.tokens` names hold others, by looking at them now and then.
///
/// Only the files: which ones they are, and the rest of the configuration, is read at the start.
public struct TokenWatcher: Sendable {
    /// What a look came to.
    public enum Change: Sendable {
        case tokens(BridgeConfiguration.Ops.Tokens)
        /// What is wrong with what the files hold now; the tokens known before stay in force.
        case refused([Problem])
    }

    private let source: Node?
    private let environment: Environment
    private var current: BridgeConfiguration.Ops.Tokens
    private var files: [FileLog.Entry]

    /// Watches for changes since `loaded`.
    public init(since loaded: LoadedConfiguration, environment: Environment) {
        source = loaded.tokens
        self.environment = environment
        current = loaded.configuration.ops.tokens
        files = loaded.files
    }

    /// Nil while nothing changed; what is returned once is not returned again.
    public mutating func reloadIfChanged() -> Change? {
        guard let source, files.contains(where: { environment.stamp($0.path) != $0.stamp }) else { return nil }
        var reader = Reader(environment: environment)
        var tokens = BridgeConfiguration.Ops.Tokens()
        TokenCatalog.section.apply(source, "ops.tokens", to: &tokens, &reader)
        ConfigurationChecks.check(tokens, &reader)
        files = reader.files.entries
        let errors = reader.problems.filter { $0.severity == .error }
        guard errors.isEmpty else { return .refused(errors) }
        guard tokens != current else { return nil }
        current = tokens
        return .tokens(tokens)
    }
}
