package import EventModel

/// When the records of one partition were written, as far as a few observations tell.
///
/// A record is not older than any observed one before it, because a log is written in order. Where producers set timestamps
/// of the past this is wrong until the record itself is looked at.
package struct LogTimes {
    package struct Estimate: Equatable {
        /// The record is not older than this.
        package var time: WallTime
        /// The record itself was looked at.
        package var isExact: Bool

        package init(time: WallTime, isExact: Bool) {
            self.time = time
            self.isExact = isExact
        }
    }

    /// By ascending offset.
    private var observations: [(offset: Int64, estimate: Estimate)] = []

    package init() {}

    package var count: Int { observations.count }

    /// The log ended there at that time: what comes later is newer.
    ///
    /// - Parameter spacing: one observation in so long is enough.
    package mutating func logEnded(at end: Int64, _ time: WallTime, spacing: TimeSpan) {
        // A log that became shorter was made anew.
        if let last = observations.last, last.offset > end { observations = [] }
        if let last = observations.last, last.offset == end || time - last.estimate.time < spacing { return }
        observations.append((end, Estimate(time: time, isExact: false)))
    }

    /// The first record at or after that offset is from that time.
    package mutating func sawRecord(at offset: Int64, _ time: WallTime) {
        let index = observations.firstIndex { $0.offset >= offset } ?? observations.count
        if index < observations.count, observations[index].offset == offset { observations.remove(at: index) }
        observations.insert((offset, Estimate(time: time, isExact: true)), at: index)
    }

    /// Nil while nothing is known of what is so old.
    package func estimate(of offset: Int64) -> Estimate? {
        guard let known = observations.last(where: { $0.offset <= offset }) else { return nil }
        return Estimate(time: known.estimate.time, isExact: known.estimate.isExact && known.offset == offset)
    }

    /// Nobody asks for what is before that offset any more.
    package mutating func forget(before offset: Int64) {
        guard let first = observations.lastIndex(where: { $0.offset <= offset }) else { return }
        observations.removeSubrange(..<first)
    }
}
