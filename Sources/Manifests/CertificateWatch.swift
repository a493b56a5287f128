internal import Certificates
public import EventModel

/// When client certificates (`auth.mtls`) end, and which of them people must be told of because time has passed. What is to be
/// said of one when it is loaded, loading says.
public struct CertificateWatch: Sendable {
    /// What has come since, for the log.
    public struct Event: Sendable, Equatable {
        public var subscription: String
        public var file: String
        public var end: WallTime
        /// Else it ends within `notice`.
        public var hasEnded: Bool
    }

    private enum Stage: Sendable { case valid, endsSoon, ended }

    private struct Entry: Sendable {
        var file: String
        var end: WallTime
        var stage: Stage
    }

    /// How long before a certificate's end people are told.
    static let notice: TimeSpan = .days(14)

    private var entries: [String: Entry] = [:]

    /// - Parameter topics: usable ones, as they were loaded.
    public init(_ topics: [TopicManifest], at now: WallTime) {
        for subscription in topics.flatMap(\.subscriptions) {
            guard let certificate = subscription.auth.mtls?.certificate, let list = try? CertificateList(pem: certificate.bytes) else { continue }
            let end = list.end
            entries[subscription.name] = Entry(file: certificate.path, end: end, stage: Self.stage(end, now))
        }
    }

    /// When the first certificate of a subscription's chain ends; nil where the subscription shows none.
    public func end(of subscription: String) -> WallTime? { entries[subscription]?.end }

    /// What is to be said by now, once each.
    public mutating func look(at now: WallTime) -> [Event] {
        var events: [Event] = []
        for (name, entry) in entries {
            let stage = Self.stage(entry.end, now)
            guard stage != entry.stage else { continue }
            entries[name]?.stage = stage
            // A clock that was set back is no news.
            guard stage != .valid, entry.stage != .ended else { continue }
            events.append(Event(subscription: name, file: entry.file, end: entry.end, hasEnded: stage == .ended))
        }
        return events.sorted { $0.subscription < $1.subscription }
    }

    private static func stage(_ end: WallTime, _ now: WallTime) -> Stage {
        if end <= now { return .ended }
        return end - now < notice ? .endsSoon : .valid
    }
}

extension CertificateList {
    /// When the first of them ends.
    var end: WallTime { WallTime(milliseconds: firstExpiry * 1000) }
}
