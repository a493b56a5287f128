import EventModel
import Receiver
import Synchronization

/// What became of the demo's events, written down where it shows from outside: what the producer wrote, what the
/// receiver accepted, what stands in the retry and dead-letter topics. Nothing here comes from the bridge's own figures,
/// so that the closing balance can prove them wrong. An event's identity is its place in its topic.
final class DemoLedger: Sendable {
    struct Produced {
        var place: PlaceInTopic
        var type: String
    }

    /// Of one subscription.
    struct Account {
        /// Accepted by the receiver.
        var delivered: Set<PlaceInTopic> = []
        var duplicates = 0
        /// Requests for later attempts.
        var laterAttempts = 0
        var wrongSignatures = 0
        /// Standing in the dead-letter topic.
        var deadLetters: Set<PlaceInTopic> = []
        /// By their place in the retry topic.
        var retryRecords: [PlaceInTopic: PlaceInTopic] = [:]

        mutating func count(_ delivery: Delivery, _ accepted: [PlaceInTopic]) {
            if case .failed = delivery.signature { wrongSignatures += 1 }
            if (delivery.attempt ?? 1) > 1 { laterAttempts += 1 }
            for place in accepted where !delivered.insert(place).inserted { duplicates += 1 }
        }
    }

    struct Entries {
        /// By topic, as acknowledged by the broker.
        var produced: [String: [Produced]] = [:]
        var accounts: [String: Account] = [:]
        /// Newest first, a few.
        var letters: [Letter] = []
    }

    struct Letter {
        var subscription: String
        var event: String
        var reason: String
    }

    private static let lettersShown = 50
    private let entries = Mutex(Entries())

    var copy: Entries { entries.withLock { $0 } }
    var letters: [Letter] { entries.withLock { $0.letters } }

    func producedCount(of topic: String) -> Int { entries.withLock { $0.produced[topic]?.count ?? 0 } }

    func produced(_ event: Produced, to topic: String) {
        entries.withLock { $0.produced[topic, default: []].append(event) }
    }

    func received(_ delivery: Delivery) {
        guard let subscription = delivery.subscription else { return }
        let places = delivery.succeeded ? delivery.eventIDs.compactMap(Self.place(ofID:)) : []
        entries.withLock { $0.accounts[subscription, default: Account()].count(delivery, places) }
    }

    func retryRecord(at place: PlaceInTopic, of event: PlaceInTopic, subscription: String) {
        entries.withLock { $0.accounts[subscription, default: Account()].retryRecords[place] = event }
    }

    func deadLetter(_ event: PlaceInTopic, _ letter: Letter) {
        entries.withLock { entries in
            entries.accounts[letter.subscription, default: Account()].deadLetters.insert(event)
            entries.letters.insert(letter, at: 0)
            if entries.letters.count > Self.lettersShown { entries.letters.removeLast() }
        }
    }

    /// From an event's default id, `<topic>-<partition>-<offset>`.
    static func place(ofID id: String) -> PlaceInTopic? {
        let parts = id.split(separator: "-").suffix(2)
        guard parts.count == 2, let partition = parts.first.flatMap({ Int32($0) }), let offset = parts.last.flatMap({ Int64($0) })
        else { return nil }
        return PlaceInTopic(partition: partition, offset: offset)
    }
}
