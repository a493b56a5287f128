import Aggregation
package import DeliveryCore
package import EventFormats
package import EventModel
import KafkaClient

/// What the windows of a shard's subscriptions hold, a store for each subscription, and the records that complete ones become.
///
/// The engine asks from within its steps, so nothing here may look at the engine.
package final class ShardWindows: WindowContents {
    private final class Kept {
        let topic: String
        /// That the records are of, if they came by a repartition topic.
        let sourceTopic: String
        let policy: WindowPolicy
        let store: WindowStore

        init(_ subscription: Subscription, _ policy: WindowPolicy, decoder: EventDecoder) {
            topic = subscription.topic
            sourceTopic = subscription.sourceTopic
            self.policy = policy
            store = WindowStore(subscription, policy, decoder: decoder)
        }
    }

    /// By the engine's index of the subscription.
    private var subscriptions: [Kept?] = []
    /// By the engine's index of the window. A window stays in the store that it was opened in.
    private var windows = ContiguousArray<(store: WindowStore, window: Int)?>()
    /// Where the last record was looked at.
    private var looking: WindowStore?
    private var view = RecordView.none
    private let key = ByteWriter()
    private let value = ByteWriter()

    package init() {}

    /// The manifests, once the engine has them: who keeps its policy keeps its windows.
    ///
    /// - Parameter current: subscriptions with their topics' decoders, by the engine's index.
    package func install(_ current: some Sequence<(policy: Subscription, decoder: EventDecoder)?>) {
        subscriptions = current.enumerated().map { index, subscription in
            guard let (subscription, decoder) = subscription, let policy = subscription.window else { return nil }
            if index < subscriptions.count, let same = subscriptions[index], same.policy == policy, same.topic == subscription.topic {
                same.store.decoder = decoder
                return same
            }
            return Kept(subscription, policy, decoder: decoder)
        }
    }

    package func look(at record: RecordToken, of partition: PartitionHandle, for subscription: SubscriptionID) -> WindowedEvent {
        let kept = kept(subscription)
        looking = kept.store
        let record = KafkaRecord(bits: record.bits)
        view.show(record, topic: kept.sourceTopic)
        if kept.sourceTopic != kept.topic { view.showSource(of: record) }
        do throws(PoisonReason) {
            let (time, group) = try kept.store.look(at: view, partition: record.partition, offset: record.offset)
            return .event(time, group: group)
        } catch {
            return .poison(error.message)
        }
    }

    package func source(of record: RecordToken) -> SourcePlace? { RepartitionRecord.place(of: KafkaRecord(bits: record.bits)) }

    package func open(_ window: WindowID) {
        guard let looking else { preconditionFailure("a window is opened for a record that was looked at") }
        while windows.count <= window.index { windows.append(nil) }
        windows[window.index] = (looking, looking.open())
    }

    package func add(to window: WindowID) {
        let (store, index) = place(of: window)
        store.add(to: index)
    }

    package func merge(_ window: WindowID, into other: WindowID) {
        let (store, index) = place(of: window)
        store.merge(index, into: place(of: other).window)
        windows[window.index] = nil
    }

    package func discard(_ window: WindowID) {
        let (store, index) = place(of: window)
        store.discard(index)
        windows[window.index] = nil
    }

    package func event(of window: WindowID, _ bounds: WindowBounds, at now: WallTime) -> IncomingRecord {
        let (store, index) = place(of: window)
        key.removeAll()
        value.removeAll(keepingAtMost: 1 << 16)
        let hasKey = store.appendKey(of: index, to: key)
        store.writeEvent(of: index, start: bounds.start, end: bounds.end, to: value)
        var headers = HeaderList()
        // What it is, whatever the topic's own records are.
        headers.append(name: "content-type", value: Self.contentType)
        // Part of the record, not our bookkeeping: it stays what it is on every way through the retry and dead-letter topics.
        headers.append(name: Self.offsetsHeader, value: "\(bounds.offsets.lowerBound)-\(bounds.offsets.upperBound)")
        let record = KafkaRecord.made(
            key: hasKey ? key.bytes : nil, value: value.bytes, headers: &headers, timestamp: now.milliseconds,
            partition: store.partition(of: index), offset: bounds.offsets.lowerBound)
        var incoming = IncomingRecord(record)
        incoming.key = store.withGroup(of: index, Shard.hash)
        return incoming
    }

    package static let contentType = "application/cloudevents+json; charset=utf-8"

    /// The offsets of a window's first and last event in the log.
    package static let offsetsHeader = "fanfare-window-offsets"

    package func bytes(of subscription: SubscriptionID) -> Int { kept(subscription).store.bytes }

    private func kept(_ subscription: SubscriptionID) -> Kept {
        guard subscription.index < subscriptions.count, let kept = subscriptions[subscription.index] else {
            preconditionFailure("the subscription has no windows")
        }
        return kept
    }

    private func place(of window: WindowID) -> (store: WindowStore, window: Int) {
        guard window.index < windows.count, let place = windows[window.index] else { preconditionFailure("the window is not open") }
        return place
    }
}
