package import EventModel
package import KafkaClient

/// How long a topic keeps its records, by its settings.
package struct TopicRetention: Equatable {
    /// `retention.ms`; nil: for ever.
    package var time: TimeSpan?
    /// `retention.bytes` is set: what that means in time depends on how fast the topic is written.
    package var isBoundInSize: Bool

    package init(time: TimeSpan?, isBoundInSize: Bool) {
        self.time = time
        self.isBoundInSize = isBoundInSize
    }

    package init(_ settings: [ClusterAdmin.ConfigurationEntry]) {
        func number(_ name: String) -> Int64? {
            settings.first { $0.name == name }?.value.flatMap { Int64($0) }.flatMap { $0 >= 0 ? $0 : nil }
        }
        let deletes = settings.first { $0.name == "cleanup.policy" }?.value?.contains("delete") ?? true
        // Centuries do not fit into a span, and mean the same as none.
        let milliseconds = number("retention.ms").flatMap { $0 < Self.centuryInMilliseconds ? $0 : nil }
        time = deletes ? milliseconds.map { .milliseconds($0) } : nil
        isBoundInSize = deletes && number("retention.bytes") != nil
    }

    private static let centuryInMilliseconds: Int64 = 100 * 365 * 86_400_000

    /// How long a record of a partition is kept, as long as the topic is written as fast as it was. Nil: for ever.
    ///
    /// A log that has lost its beginning is as long as its size allows: a record lives as long as the oldest one has lived.
    ///
    /// - Parameter logStart: when the oldest record that exists was written; nil where nothing was deleted yet.
    package func span(logStart: WallTime?, at now: WallTime) -> TimeSpan? {
        let bySize = isBoundInSize ? logStart.map { max(.zero, now - $0) } : nil
        guard let time else { return bySize }
        return bySize.map { min($0, time) } ?? time
    }
}
