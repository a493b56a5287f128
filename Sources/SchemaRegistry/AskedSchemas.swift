public import EventFormats
public import EventModel

/// Schemas for commands, which can wait: asked for when they are needed, each once.
public final class AskedSchemas: SchemaSource {
    private let client: RegistryClient
    private var known: [ConfluentFrame.SchemaID: SchemaAnswer] = [:]
    /// Why the registry could not be asked; then nothing is known of what was asked for.
    public private(set) var failure: String?

    /// Nil without a registry.
    public convenience init?(_ configuration: BridgeConfiguration.SchemaRegistry?) {
        guard let configuration else { return nil }
        self.init(configuration)
    }

    public init(_ configuration: BridgeConfiguration.SchemaRegistry) { client = RegistryClient(configuration) }

    public func schema(_ id: ConfluentFrame.SchemaID) -> SchemaAnswer? {
        if let answer = known[id] { return answer }
        // A list of records is not held up by each of them.
        guard failure == nil else { return nil }
        switch client.ask(id) {
        case .found(let answer): known[id] = answer
        case .unknown(let reason): known[id] = .refused(reason)
        case .failed(let reason): failure = reason
        }
        return known[id]
    }
}
