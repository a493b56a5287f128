/// What is made of an event before it is sent: `payload` of a subscription without its format. As it is by default, an event
/// is sent as the topic carries it.
///
/// Applied in the order of the properties. Pointers lead into the event as structured JSON, as manifests write them.
public struct TransformPolicy: Sendable, Equatable {
    /// The name of one of the topic's versions; nil is the newest.
    public var version: String? = nil
    /// How that version is made, which its topic says.
    public var derivation = VersionDerivation()
    /// Of the payload only these are kept; empty keeps all.
    public var select: [String] = []
    public var drop: [String] = []
    /// A mustache template over the event.
    public var template: String? = nil
    /// Of the template's text; nil is `application/json`.
    public var contentType: String? = nil

    public init() {}

    public static let defaultContentType = "application/json"
}

/// One of a topic's payload versions.
public struct PayloadVersion: Sendable, Equatable {
    public var name: String
    /// From when on it should no longer be used.
    public var deprecated: WallTime? = nil
    /// From when on it may be gone.
    public var sunset: WallTime? = nil
    /// From the next newer version to this one; empty for the newest, which is what the topic carries.
    public var step = VersionStep()

    public init(name: String) { self.name = name }
}

/// How the payload of a version becomes that of the next older one. All pointers lead into the newer one.
public struct VersionStep: Sendable, Equatable {
    public var rename: [Rename] = []
    public var drop: [String] = []

    public struct Rename: Sendable, Equatable {
        public var from: String
        public var to: String
        public init(from: String, to: String) {
            self.from = from
            self.to = to
        }
    }

    public init() {}
}

/// The way from what a topic carries to one of its versions.
public struct VersionDerivation: Sendable, Equatable {
    /// From the newest down.
    public var steps: [VersionStep] = []
    public var deprecated: WallTime? = nil
    public var sunset: WallTime? = nil
    public init() {}

    /// Nil when there is no such version.
    public init?(of name: String, among versions: [PayloadVersion]) {
        guard let index = versions.firstIndex(where: { $0.name == name }) else { return nil }
        steps = versions[..<(index + 1)].dropFirst().map(\.step)
        deprecated = versions[index].deprecated
        sunset = versions[index].sunset
    }
}
