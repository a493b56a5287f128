import DeliveryCore
import EventModel
import KafkaClient
import Logging
import Synchronization

/// Watches how near the oldest unsettled records come to their topics' retention, and says so before Kafka deletes them.
///
/// The subscriptions that matter are paused, suspended or down, and have nothing in memory that tells an age. So the logs'
/// ends are noted over time, which shows the age of what came since; only for what is older, one record is read where the
/// cursor stands, and remembered while it stands there.
final class RetentionGuard: Sendable {
    private struct Finding {
        var margin: RetentionMargin
        var partition: TopicPartition
        var offset: Int64
        /// Too late.
        var isDeleted: Bool
    }

    private let kafka: KafkaConfiguration
    private let log: Logger
    private let notifier: Notifier?
    private let findings = Mutex<[String: Finding]>([:])

    private static let interval = TimeSpan.seconds(15)
    /// After a round that failed.
    private static let pause = TimeSpan.minutes(1)
    /// Each brings a fetch of up to 256 KiB; what is not looked at in this round is in a later one.
    private static let readsPerRound = 32

    init(_ kafka: KafkaConfiguration, _ log: Logger, _ notifier: Notifier? = nil) {
        self.kafka = kafka
        self.log = log
        self.notifier = notifier
    }

    /// Adds what is known to a snapshot of the whole process.
    func fill(_ snapshot: inout CoreSnapshot) {
        let findings = findings.withLock { $0 }
        for index in snapshot.subscriptions.indices {
            snapshot.subscriptions[index].retention = findings[snapshot.subscriptions[index].name]?.margin
        }
    }

    /// Looks again and again until told to stop; waits for the cluster, so on a thread of its own.
    func run(while isWanted: () -> Bool, snapshot: () -> CoreSnapshot) {
        let round = Round(kafka)
        var levels: [String: RetentionLevel] = [:]
        while isWanted() {
            let shown = snapshot()
            var wait = shown.subscriptions.allSatisfy(\.lags.isEmpty) ? .seconds(1) : Self.interval
            do throws(KafkaError) {
                let found = try round.look(at: shown)
                findings.withLock { $0 = found }
                tell(found, shown, &levels)
            } catch {
                // The cluster is away, which is said elsewhere, or shows no settings, as the embedded one.
                log.debug("the topics' retention cannot be looked at", metadata: ["reason": "\(error)"])
                wait = Self.pause
            }
            let end = Clock.moment().instant + wait
            while isWanted(), Clock.moment().instant < end { Clock.pause(milliseconds: 100) }
        }
    }

    // MARK: Telling

    private func tell(_ found: [String: Finding], _ snapshot: CoreSnapshot, _ levels: inout [String: RetentionLevel]) {
        let now = Clock.moment().wall
        for subscription in snapshot.subscriptions {
            let last = levels[subscription.name] ?? .safe
            guard let finding = found[subscription.name] else {
                levels[subscription.name] = nil
                continue
            }
            let level = RetentionLevel(ratio: finding.margin.ratio(at: now), after: last)
            levels[subscription.name] = level
            if level != last { tell(level, finding, subscription, now) }
        }
    }

    private func tell(_ level: RetentionLevel, _ finding: Finding, _ subscription: SubscriptionSnapshot, _ now: WallTime) {
        var metadata: Logger.Metadata = ["subscription": "\(subscription.name)"]
        guard level > .safe else {
            return log.notice("its oldest undelivered event is far from the topic's retention again", metadata: metadata)
        }
        metadata["partition"] = "\(finding.partition)"
        metadata["offset"] = "\(finding.offset)"
        metadata["left"] = finding.isDeleted ? "none, it is deleted" : "\(finding.margin.remaining(at: now).rounded)"
        metadata["retention"] = "\(finding.margin.retention.rounded)"
        let remedy = "raise retention.ms (and retention.bytes, if set) of \(finding.partition.topic) under kafka.config in its manifest and run `fanfare apply`"
        metadata["help"] = subscription.paused || subscription.suspended
            ? "\(remedy); or let it go on: `fanfare resume \(subscription.name)`" : "\(remedy)"
        let share = level == .urgent ? 5 : 20
        let warning = "Kafka will delete events that are not delivered: less than \(share) % of the retention is left for the oldest one"
        log.log(level: level == .urgent ? .error : .warning, "\(warning)", metadata: metadata)
        notifier?.tell(
            .retentionNear, of: subscription.name, "\(subscription.name): \(warning)", reason: metadata["help"].map { "\($0)" } ?? "", 
            mark: "\(share)/\(now.milliseconds / TimeSpan.hours(1).millisecondsRoundedUp)")
    }

    // MARK: Looking

    /// What one look needs from the one before. One thread's.
    private final class Round {
        private let kafka: KafkaConfiguration
        private var admin: ClusterAdmin?
        private var fetcher: RecordFetcher?
        private var times: [TopicPartition: LogTimes] = [:]
        /// Where cursors stood the last time.
        private var places: Set<Place> = []
        private var readsLeft = 0

        private struct Place: Hashable {
            var partition: TopicPartition
            var offset: Int64
        }

        init(_ kafka: KafkaConfiguration) { self.kafka = kafka }

        func look(at snapshot: CoreSnapshot) throws(KafkaError) -> [String: Finding] {
            let admin = try Bridge.client(kafka, &self.admin, timeoutMilliseconds: 5000)
            var retentions: [String: TopicRetention] = [:]
            for topic in Set(snapshot.subscriptions.filter { !$0.lags.isEmpty }.map(\.topic)).sorted() {
                retentions[topic] = try retention(of: topic, admin)
            }
            let cursors = snapshot.subscriptions.flatMap { subscription in
                subscription.lags.map { (name: subscription.name, place: place(subscription, $0), isSettled: $0.records == 0) }
            }
            // The oldest first: they are in danger, and what is known of them tells about the others too.
            .sorted { $0.place.offset < $1.place.offset }
            let partitions = Set(cursors.map(\.place.partition)).sorted()
            times = times.filter { partitions.contains($0.key) }
            guard !partitions.isEmpty else { return [:] }
            let now = Clock.moment().wall
            let starts = try admin.offsets(at: partitions.map { (partition: $0, time: LogicalOffset.beginning) })
            let ends = try admin.offsets(at: partitions.map { (partition: $0, time: LogicalOffset.end) })
            for (partition, end) in ends {
                let retention = retentions[partition.topic]?.time ?? .days(1)
                times[partition, default: LogTimes()].logEnded(at: end, now, spacing: retention * 0.01)
            }

            readsLeft = RetentionGuard.readsPerRound
            var found: [String: Finding] = [:]
            for (name, place, isSettled) in cursors {
                guard let retention = retentions[place.partition.topic], let start = starts[place.partition] else { continue }
                let logStart = retention.isBoundInSize && start > 0 ? try time(Place(partition: place.partition, offset: start), now) : nil
                guard let span = retention.span(logStart: logStart, at: now) else { continue }
                var margin = RetentionMargin(retention: span)
                if place.offset < start {
                    margin.deletion = now
                } else if !isSettled {
                    // A backfill may have timestamps of the past, so what stands still is looked at in any case.
                    let goodEnough = places.contains(place) ? nil : now + span * -0.05
                    guard let written = try time(place, goodEnough: goodEnough, now) else { continue }
                    margin.deletion = written + span
                }
                let finding = Finding(
                    margin: margin, partition: place.partition, offset: place.offset, isDeleted: place.offset < start)
                if let other = found[name], other.margin.remaining(at: now) <= margin.remaining(at: now) { continue }
                found[name] = finding
            }
            places = Set(cursors.map(\.place))
            for partition in partitions {
                let oldest = cursors.first { $0.place.partition == partition }?.place.offset ?? 0
                times[partition]?.forget(before: min(oldest, starts[partition] ?? 0))
            }
            return found
        }

        /// Nil where we may not know.
        private func retention(of topic: String, _ admin: ClusterAdmin) throws(KafkaError) -> TopicRetention? {
            do throws(KafkaError) {
                return TopicRetention(try admin.configuration(ofTopic: topic))
            } catch {
                if error.isRetriable { throw error }
                return nil
            }
        }

        private func place(_ subscription: SubscriptionSnapshot, _ lag: PartitionLag) -> Place {
            Place(partition: TopicPartition(topic: subscription.topic, partition: lag.partition), offset: lag.offset)
        }

        private func connectedFetcher() throws(KafkaError) -> RecordFetcher {
            if let fetcher { return fetcher }
            let client = try RecordFetcher(kafka)
            fetcher = client
            return client
        }

        /// When the record there was written, or a time that it is not older than; nil while that is not known.
        ///
        /// - Parameter goodEnough: an estimate that is newer than this does; without it only the record itself.
        private func time(_ place: Place, goodEnough: WallTime? = nil, _ now: WallTime) throws(KafkaError) -> WallTime? {
            let estimate = times[place.partition]?.estimate(of: place.offset)
            if let estimate, estimate.isExact { return estimate.time }
            if let estimate, let goodEnough, estimate.time > goodEnough { return estimate.time }
            guard readsLeft > 0 else { return estimate?.time }
            readsLeft -= 1
            guard let record = try connectedFetcher().firstRecord(of: place.partition, from: place.offset) else { return estimate?.time }
            defer { record.destroy() }
            // Kafka's oldest formats have none; it goes by the age of the segment's file then.
            let written = record.timestamp >= 0 ? WallTime(milliseconds: record.timestamp) : now
            times[place.partition, default: LogTimes()].sawRecord(at: place.offset, written)
            return written
        }
    }
}

extension TimeSpan {
    /// In a unit that people would choose.
    fileprivate var rounded: TimeSpan {
        let units: [TimeSpan] = [.days(1), .hours(1), .minutes(1)]
        let unit = units.first { self >= $0 * 3 } ?? .seconds(1)
        return TimeSpan(nanoseconds: nanoseconds / unit.nanoseconds * unit.nanoseconds)
    }
}
