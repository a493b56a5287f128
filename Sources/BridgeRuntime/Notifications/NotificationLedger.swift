package import EventModel

/// Decides what of all that happens is told, and when: an occurrence once, counts added up, a state that changes back and forth as
/// it is in the end. Pure: time comes from outside.
package struct NotificationLedger {
    /// What the parts of the bridge see.
    package enum Occurrence: Sendable {
        /// Each shard has a circuit of its own; people want to know of the endpoint.
        case circuit(subscription: String, shard: Int, isOpen: Bool, reason: String)
        case deadLetter(subscription: String, reason: String)
        case lost(subscription: String, count: Int64, reason: String)
        /// - Parameter mark: what tells it from others of its kind; without one the time does.
        case plain(Notification, mark: String?)

        package var isCounted: Bool {
            switch self {
            case .deadLetter, .lost: true
            case .circuit, .plain: false
            }
        }
    }

    private struct Circuit {
        var openShards: Set<Int> = []
        var isTold = false
        var reason = ""
    }

    /// Events that were not told yet.
    fileprivate struct Tally {
        var count: Int64 = 0
        var reason = ""
        /// In which interval the first of them came.
        var began: Int64 = .min
        /// In which interval something was told last.
        var told: Int64 = .min
    }

    private struct Place: Hashable, Comparable {
        var kind: Notification.Kind
        var subscription: String?

        static func < (one: Place, other: Place) -> Bool {
            (one.kind.rawValue, one.subscription ?? "") < (other.kind.rawValue, other.subscription ?? "")
        }
    }

    private let group: String
    private let replica: String
    private let deadLetters: Int64
    private var subjects: [String: NotificationSubject] = [:]
    /// Of subscriptions whose circuit was ever open.
    private var circuits: [String: Circuit] = [:]
    private var tallies: [Place: Tally] = [:]
    private var lastIDs: [Place: String] = [:]
    private var ready: [NotificationRecord] = []

    /// - Parameter deadLetters: of one subscription within a minute, before they are told.
    package init(group: String, replica: String, deadLetters: Int) {
        self.group = group
        self.replica = replica
        self.deadLetters = Int64(deadLetters)
    }

    /// Of all subscriptions that there are; of others nothing is told.
    package mutating func install(_ subjects: [String: NotificationSubject]) {
        self.subjects = subjects
        circuits = circuits.filter { subjects[$0.key] != nil }
        tallies = tallies.filter { subjects[$0.key.subscription ?? ""] != nil }
        lastIDs = lastIDs.filter { $0.key.subscription == nil || subjects[$0.key.subscription!] != nil }
    }

    package mutating func note(_ occurrence: Occurrence, at now: WallTime) {
        switch occurrence {
        case .circuit(let name, let shard, let isOpen, let reason):
            guard subjects[name] != nil else { return }
            if isOpen {
                circuits[name, default: Circuit()].openShards.insert(shard)
                circuits[name]!.reason = reason
            } else {
                circuits[name]?.openShards.remove(shard)
            }
            tellCircuit(name, at: now)
        case .deadLetter(let name, let reason): add(1, .deadLettered, name, reason, at: now)
        case .lost(let name, let count, let reason): add(count, .lost, name, reason, at: now)
        case .plain(let notification, let mark): tell(notification, mark: mark, at: now)
        }
    }

    /// What is to be written by now.
    package mutating func take(at now: WallTime) -> [NotificationRecord] {
        for name in circuits.keys.sorted() { tellCircuit(name, at: now) }
        for place in tallies.keys.sorted() { tellTally(place, at: now) }
        defer { ready = [] }
        return ready
    }

    private mutating func tellCircuit(_ name: String, at now: WallTime) {
        guard let circuit = circuits[name], circuit.isTold == circuit.openShards.isEmpty else { return }
        let isOpen = !circuit.openShards.isEmpty
        let isTold = tell(
            isOpen
                ? Notification(
                    kind: .circuitOpened, subscription: name, summary: "\(name): its endpoint is down, deliveries wait for it", reason: circuit.reason)
                : Notification(kind: .circuitClosed, subscription: name, summary: "\(name): its endpoint answers again, deliveries go on"),
            mark: nil, at: now)
        if isTold { circuits[name]!.isTold = isOpen }
    }

    private mutating func add(_ count: Int64, _ kind: Notification.Kind, _ name: String, _ reason: String, at now: WallTime) {
        guard subjects[name] != nil else { return }
        let place = Place(kind: kind, subscription: name)
        var tally = tallies[place] ?? Tally()
        tally.startAnew(Self.interval(kind, at: now), threshold: threshold(of: kind))
        tally.count += count
        tally.reason = reason
        tallies[place] = tally
    }

    /// At most once in an interval; later with what came since.
    private mutating func tellTally(_ place: Place, at now: WallTime) {
        let interval = Self.interval(place.kind, at: now)
        var tally = tallies[place]!
        tally.startAnew(interval, threshold: threshold(of: place.kind))
        tallies[place] = tally
        guard tally.count >= threshold(of: place.kind), tally.told != interval else { return }
        let name = place.subscription ?? ""
        let events = tally.count == 1 ? "an event was" : "\(tally.count) events were"
        let what = place.kind == .lost ? "\(events) deleted by Kafka before delivery" : "\(events) given up and dead-lettered"
        tell(
            Notification(kind: place.kind, subscription: name, summary: "\(name): \(what)", reason: tally.reason, count: tally.count),
            mark: nil, at: now)
        tallies[place] = Tally(told: interval)
    }

    private func threshold(of kind: Notification.Kind) -> Int64 { kind == .deadLettered ? deadLetters : 1 }

    /// - Returns: false for what was told before.
    @discardableResult
    private mutating func tell(_ notification: Notification, mark: String?, at now: WallTime) -> Bool {
        if let name = notification.subscription, subjects[name] == nil { return false }
        let place = Place(kind: notification.kind, subscription: notification.subscription)
        var parts = [notification.kind.rawValue, notification.subscription ?? "-", mark ?? "\(Self.interval(notification.kind, at: now))"]
        if notification.kind.isCounted { parts.append(replica) }
        let id = parts.joined(separator: "/")
        guard lastIDs[place] != id else { return false }
        lastIDs[place] = id
        ready.append(
            NotificationRecord(
                notification, id: id, notification.subscription.flatMap { subjects[$0] }, group: group, replica: replica, at: now))
        return true
    }

    private static func interval(_ kind: Notification.Kind, at now: WallTime) -> Int64 {
        now.milliseconds / kind.interval.millisecondsRoundedUp
    }
}

extension NotificationLedger.Tally {
    /// What were too few in an interval do not count in the next one.
    fileprivate mutating func startAnew(_ interval: Int64, threshold: Int64) {
        if began != interval, count < threshold { count = 0 }
        if count == 0 { began = interval }
    }
}
