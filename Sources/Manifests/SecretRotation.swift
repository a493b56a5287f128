public import EventModel

/// Signing secrets and keys whose files hold others now, and which sign on for the policy's `rotationOverlap`, so that
/// receivers may take their time.
///
/// Only what is *replaced* signs on: a file that held a secret holds another one. What is taken out of a file or a manifest
/// without a successor has been withdrawn, and ends at once; so does everything where the overlap is set to zero. All this
/// is known to the process alone: after a restart, what the files hold signs.
public struct SecretRotation: Sendable {
    /// What happened, for the log; never a secret.
    public enum Event: Sendable, Equatable {
        /// The old one signs on for so long.
        case replaced(subscription: String, source: String, overlap: TimeSpan)
        case ended(subscription: String, source: String)
    }

    private struct Retired: Sendable {
        var secret: SigningSecret
        var since: Instant
    }

    private struct Entry: Sendable {
        /// As the files say.
        var method: SigningMethod
        var secrets: [Retired] = []
        var keys: [Retired] = []
    }

    /// A signature header has an end; the oldest give way.
    private static let most = 10

    private var topics: [TopicManifest]
    private var entries: [String: Entry] = [:]

    /// - Parameter topics: as they were loaded at the start.
    public init(_ topics: [TopicManifest]) {
        self.topics = topics
        for case (let name, .signed(let method)) in topics.flatMap(\.subscriptions).map({ ($0.name, $0.signing) }) {
            entries[name] = Entry(method: method)
        }
    }

    /// The topics with everything that is to sign.
    public var current: [TopicManifest] {
        guard entries.values.contains(where: { !$0.secrets.isEmpty || !$0.keys.isEmpty }) else { return topics }
        var topics = topics
        for topic in topics.indices {
            for index in topics[topic].subscriptions.indices {
                guard let entry = entries[topics[topic].subscriptions[index].name] else { continue }
                var method = entry.method
                method.secrets += entry.secrets.map(\.secret)
                method.keys += entry.keys.map(\.secret)
                topics[topic].subscriptions[index].signing = .signed(method)
            }
        }
        return topics
    }

    /// Takes what was loaded anew.
    public mutating func take(_ loaded: [TopicManifest], at now: Instant) -> [Event] {
        topics = loaded
        let before = entries
        entries = [:]
        var events: [Event] = []
        for case (let name, .signed(let method)) in loaded.flatMap(\.subscriptions).map({ ($0.name, $0.signing) }) {
            var entry = Entry(method: method)
            if let old = before[name], old.method.scheme == method.scheme {
                let sources = Set((old.method.secrets + old.method.keys).compactMap(\.source))
                entry.secrets = Self.retired(old.secrets, replaced: old.method.secrets, by: method.secrets, at: now)
                entry.keys = Self.retired(old.keys, replaced: old.method.keys, by: method.keys, at: now)
                for source in sources.sorted() {
                    guard (entry.secrets + entry.keys).contains(where: { $0.since == now && $0.secret.source == source }),
                        method.rotationOverlap > .zero
                    else { continue }
                    events.append(.replaced(subscription: name, source: source, overlap: method.rotationOverlap))
                }
            }
            entries[name] = entry
        }
        return events + expire(at: now)
    }

    /// Ends what has signed on for long enough.
    public mutating func expire(at now: Instant) -> [Event] {
        var events: [Event] = []
        for (name, entry) in entries.sorted(by: { $0.key < $1.key }) where !entry.secrets.isEmpty || !entry.keys.isEmpty {
            let isOver: (Retired) -> Bool = { now - $0.since >= entry.method.rotationOverlap }
            let ended = (entry.secrets + entry.keys).filter(isOver)
            guard !ended.isEmpty else { continue }
            entries[name]!.secrets.removeAll(where: isOver)
            entries[name]!.keys.removeAll(where: isOver)
            for source in Set(ended.compactMap(\.secret.source)).sorted() { events.append(.ended(subscription: name, source: source)) }
        }
        return events
    }

    private static func retired(
        _ known: [Retired], replaced old: [SigningSecret], by new: [SigningSecret], at now: Instant
    ) -> [Retired] {
        var retired = known
        for source in Set(old.compactMap(\.source)).sorted() {
            let isSuccessor: (SigningSecret) -> Bool = { $0.source == source && !old.contains($0) }
            guard new.contains(where: isSuccessor) else { continue }
            retired += old.filter { $0.source == source }.map { Retired(secret: $0, since: now) }
        }
        let sources = Set(new.compactMap(\.source))
        var texts = Set(new.map(\.text))
        retired = retired.filter { sources.contains($0.secret.source ?? "") && texts.insert($0.secret.text).inserted }
        return Array(retired.suffix(most))
    }
}
