import Aggregation
import DeliveryCore
import EventFormats
import EventModel
import KafkaClient

/// The half of a subscription that writes its repartition topic: which partition an event goes to, how far each partition of
/// the source is, and what was said of that.
final class RepartitionWriter {
    /// How far a partition of the source is.
    struct Progress {
        /// Everything before it that matched is in the repartition topic.
        var offset: Int64
        var watermark: WallTime? = nil
        /// When an event was last written, or when it was first looked at.
        var lastEvent: Instant
        var isMarkDue = false
        /// It was said that nothing comes to it.
        var isSaidIdle = false
    }

    let topic: String
    let idle: TimeSpan
    private let router: GroupRouter
    var progress: [PartitionHandle: Progress] = [:]

    init?(_ policy: Subscription, decoder: EventDecoder) {
        guard case .writes(let topic, let windows, _) = policy.repartitioning else { return nil }
        self.topic = topic
        idle = windows.idle
        router = GroupRouter(windows, decoder: decoder)
    }

    /// What windows cannot count has no group, and is found out again where they are computed.
    func look(at view: RecordView, partitions: Int32) -> (time: WallTime?, partition: Int32) {
        guard let (time, group) = try? router.look(at: view) else { return (nil, 0) }
        return (time, Partitioner.murmur2(group, partitions: partitions))
    }
}

/// A request to a repartition topic that is under way: one batch of one partition's events, or marks.
struct RepartitionRequest {
    enum Content {
        case events(DeliveryID, offset: Int64, watermark: WallTime?)
        case marks
    }

    var content: Content
    var subscription: SubscriptionID
    var source: PartitionHandle
    var sent: Instant
    var outstanding = 0
    /// Of the first record that was not written.
    var failure: String? = nil
}

extension Shard {
    /// Tokens of the producer from here on are of these requests; those below are diversions.
    static let firstRepartitionToken: UInt = 1 << 62

    /// How often it is said how far a partition of the source is, while it moves.
    private static let markInterval = TimeSpan.seconds(1)

    // MARK: Events

    /// Writes a batch of events that lie one after the other in one partition.
    func repartition(_ delivery: Delivery, _ outlet: Outlet, _ writer: RepartitionWriter) {
        let first = core.item(0, of: delivery)
        let known = writer.progress[first.partition]
        var request = RepartitionRequest(
            content: .events(delivery.id, offset: 0, watermark: nil), subscription: delivery.subscription, source: first.partition, sent: moment.instant)
        var watermark = known?.watermark
        var offset = known?.offset ?? 0
        do throws(KafkaError) {
            let (topic, partitions, sources) = try repartitionTopic(writer, outlet)
            // Of the event before it in this request, by partition.
            var previous: [Int32: Int64] = [:]
            for i in 0..<delivery.count {
                let item = core.item(i, of: delivery)
                let record = KafkaRecord(bits: item.token.bits)
                fillView(item, outlet)
                let (time, partition) = writer.look(at: view, partitions: partitions)
                if let time { watermark = max(watermark ?? time, time) }
                let place = SourcePlace(
                    kind: .event(previous: previous[partition]), partition: record.partition, offset: record.offset, watermark: watermark,
                    partitions: sources)
                var headers = RepartitionRecord.headers(of: record, from: outlet.policy.topic, place, timestamp: record.timestamp)
                try producer.produce(
                    to: topic, partition: partition, key: record.key, value: record.value, headers: &headers,
                    token: Self.firstRepartitionToken + nextRepartition)
                request.outstanding += 1
                previous[partition] = record.offset
                offset = record.offset + 1
            }
        } catch {
            request.failure = "\(error)"
        }
        request.content = .events(delivery.id, offset: offset, watermark: watermark)
        begin(request)
    }

    private func repartitionTopic(
        _ writer: RepartitionWriter, _ outlet: Outlet
    ) throws(KafkaError) -> (topic: RecordProducer.Topic, partitions: Int32, sources: Int) {
        guard let partitions = partitionCounts[writer.topic], partitions > 0 else {
            throw KafkaError(code: ._UNKNOWN_TOPIC, message: "the repartition topic \(writer.topic) does not exist yet: create it with `fanfare apply`")
        }
        let sources = partitionCounts[outlet.policy.topic] ?? 0
        guard sources > 0 else { throw KafkaError(code: ._UNKNOWN_TOPIC, message: "\(outlet.policy.topic) cannot be looked at") }
        guard sources <= Repartitioning.mostPartitions else {
            throw KafkaError(
                code: ._INVALID_ARG,
                message: "\(outlet.policy.topic) has \(sources) partitions; window.scope: topic can do with \(Repartitioning.mostPartitions)")
        }
        return (try producer.topic(writer.topic), Int32(partitions), sources)
    }

    private func begin(_ request: RepartitionRequest) {
        repartitions[nextRepartition] = request
        nextRepartition += 1
        if request.outstanding == 0 { end(nextRepartition - 1) }
    }

    /// The producer has told what became of a record.
    func repartitionTold(_ token: UInt, _ result: Result<Int64, KafkaError>) {
        let number = token - Self.firstRepartitionToken
        // Its delivery was cancelled meanwhile.
        guard repartitions[number] != nil else { return }
        if case .failure(let error) = result, repartitions[number]!.failure == nil { repartitions[number]!.failure = "\(error)" }
        repartitions[number]!.outstanding -= 1
        if repartitions[number]!.outstanding == 0 { end(number) }
    }

    private func end(_ number: UInt) {
        guard let request = repartitions.removeValue(forKey: number) else { return }
        let writer = outlets[request.subscription.index]?.repartition
        guard case .events(let id, let offset, let watermark) = request.content else {
            // Said again when the end of the log is known next.
            if request.failure != nil { writer?.progress[request.source]?.isSaidIdle = false }
            return
        }
        guard let failure = request.failure else {
            if let writer { advance(writer, request, to: offset, watermark) }
            return step(.attemptEnded(id, AttemptOutcome(status: 200), duration: moment.instant - request.sent))
        }
        // Kafka is not an endpoint that may like other events better: all waits, in its order.
        step(.attemptEnded(id, AttemptOutcome(failure: .network, connectionRefused: true, message: failure), duration: moment.instant - request.sent))
    }

    /// False when the delivery is no request to a repartition topic.
    func cancelRepartition(_ id: DeliveryID) -> Bool {
        for (number, request) in repartitions {
            guard case .events(id, _, _) = request.content else { continue }
            repartitions[number] = nil
            step(.attemptEnded(id, AttemptOutcome(failure: .network, message: "cancelled"), duration: moment.instant - request.sent))
            return true
        }
        return false
    }

    // MARK: Marks

    private func advance(_ writer: RepartitionWriter, _ request: RepartitionRequest, to offset: Int64, _ watermark: WallTime?) {
        let source = request.source
        // Else it was lost meanwhile.
        guard source.index < readings.count, readings[source.index] != nil else { return }
        let wasDue = writer.progress[source]?.isMarkDue ?? false
        writer.progress[source] = .init(offset: offset, watermark: watermark, lastEvent: moment.instant, isMarkDue: true)
        if !wasDue { after(Self.markInterval, .markRepartitions(request.subscription, source)) }
    }

    /// Partitions of the repartition topic to which nothing went hear how far the source is.
    func markIsDue(_ subscription: SubscriptionID, _ source: PartitionHandle) {
        guard let writer = outlets[subscription.index]?.repartition, writer.progress[source]?.isMarkDue ?? false else { return }
        writer.progress[source]!.isMarkDue = false
        mark(.mark, subscription, source)
    }

    /// The end of a source partition's log is known: if nothing has come for long, nobody need wait for it.
    func markIfIdle(_ reading: PartitionReading, end: Int64) {
        guard let route = reading.route, route.hasRepartitions else { return }
        for case let id? in core.slots(ofTopic: reading.partition.topic) {
            guard let writer = outlets[id.index]?.repartition, let position = core.restingPosition(of: id, on: reading.handle, end: end) else { continue }
            var progress = writer.progress[reading.handle] ?? .init(offset: position, lastEvent: moment.instant)
            if !progress.isSaidIdle, moment.instant - progress.lastEvent >= writer.idle {
                progress.offset = position
                progress.isSaidIdle = true
                writer.progress[reading.handle] = progress
                mark(.idleMark, id, reading.handle)
            } else {
                writer.progress[reading.handle] = progress
            }
        }
    }

    private func mark(_ kind: SourcePlace.Kind, _ id: SubscriptionID, _ source: PartitionHandle) {
        guard let outlet = outlets[id.index], let writer = outlet.repartition, let progress = writer.progress[source],
            source.index < readings.count, let reading = readings[source.index]
        else { return }
        var request = RepartitionRequest(content: .marks, subscription: id, source: source, sent: moment.instant)
        do throws(KafkaError) {
            let (topic, partitions, sources) = try repartitionTopic(writer, outlet)
            let place = SourcePlace(
                kind: kind, partition: reading.partition.partition, offset: progress.offset, watermark: progress.watermark, partitions: sources)
            for partition in 0..<partitions {
                var headers = RepartitionRecord.headers(of: nil, from: outlet.policy.topic, place, timestamp: nil)
                try producer.produce(
                    to: topic, partition: partition, key: nil, value: nil, headers: &headers, token: Self.firstRepartitionToken + nextRepartition)
                request.outstanding += 1
            }
        } catch {
            request.failure = "\(error)"
        }
        begin(request)
    }

    /// A partition is not ours any more.
    func forgetRepartitions(of handle: PartitionHandle) {
        for outlet in outlets { outlet?.repartition?.progress[handle] = nil }
    }
}
