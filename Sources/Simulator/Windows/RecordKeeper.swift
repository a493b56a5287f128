import DeliveryCore
import EventModel

/// A replica's records and what its windows hold: lends them to the engine, and watches that it keeps to what
/// `WindowContents` asks for.
final class RecordKeeper: WindowContents, EventIdentities {
    /// What a token stands for.
    enum Loan {
        case record(WindowRecord, of: PartitionHandle)
        /// A complete window's event.
        case window(Held, WindowBounds)

        var bytes: Int {
            switch self {
            case .record(let record, _): record.bytes
            case .window(let held, _): RecordKeeper.bytes(held)
            }
        }
    }

    struct Held {
        var subscription: SubscriptionID
        var partition: PartitionHandle
        var group: Int
        /// What the engine knows the group by.
        var number: Int
        var offsets: [Int64] = []
        /// It was made an event.
        var isComplete = false
    }

    /// Numbers of groups are used again when no window of the group is held: those of one subscription and partition.
    private struct Numbering {
        var ofGroup: [Int: Int] = [:]
        var windows: [Int: Int] = [:]

        mutating func number(of group: Int) -> Int {
            if let number = ofGroup[group] { return number }
            ofGroup = ofGroup.filter { windows[$0.value, default: 0] > 0 }
            let number = (0...).first { number in !ofGroup.values.contains(number) }!
            ofGroup[group] = number
            return number
        }
    }

    private typealias Place = WindowReplica.Place

    /// By the engine's numbers.
    var policies: [SubscriptionID: Subscription] = [:]
    private var loans: [UInt: Loan] = [:]
    private var lastToken: UInt = 0
    private(set) var bytes = 0
    /// The windows whose contents it holds.
    private(set) var windows: [WindowID: Held] = [:]
    private var numberings: [Place: Numbering] = [:]
    /// The event of which the engine counts where it belongs.
    private var lookedAt: (place: Place, record: WindowRecord, group: Int, number: Int)?
    /// What the engine did first that it must not.
    private(set) var complaint: String?

    // MARK: Records

    func lend(_ record: WindowRecord, of partition: PartitionHandle) -> RecordToken { lend(.record(record, of: partition)) }

    private func lend(_ loan: Loan) -> RecordToken {
        lastToken += 1
        loans[lastToken] = loan
        bytes += loan.bytes
        return RecordToken(bits: lastToken)
    }

    subscript(_ token: RecordToken) -> Loan? { loans[token.bits] }

    func giveBack(_ token: RecordToken) {
        guard let loan = loans.removeValue(forKey: token.bits) else { return complain("a record was released twice") }
        bytes -= loan.bytes
    }

    var loanCount: Int { loans.count }

    // MARK: Windows

    func look(at token: RecordToken, of partition: PartitionHandle, for subscription: SubscriptionID) -> WindowedEvent {
        lookedAt = nil
        guard case .record(let record, partition) = loans[token.bits], let policy = policies[subscription] else {
            complain("a record was looked at that is not lent")
            return .poison("not lent")
        }
        switch record.content(policy) {
        case .nothing:
            complain("a record was looked at that does not match: @\(record.offset)")
            return .poison("no match")
        case .poison: return .poison("not a countable event")
        case .event(let time, let group):
            let place = Place(subscription: subscription, partition: partition)
            let number = numberings[place, default: Numbering()].number(of: group)
            lookedAt = (place, record, group, number)
            return .event(WallTime(milliseconds: time), group: number)
        }
    }

    func identity(of token: RecordToken, of partition: PartitionHandle, for subscription: SubscriptionID) -> EventIdentity? {
        guard case .record(let record, partition) = loans[token.bits] else {
            complain("a record is asked for its identity that is not lent")
            return nil
        }
        return record.identity == 0 ? nil : EventIdentity(high: record.identity, low: 0)
    }

    func source(of token: RecordToken) -> SourcePlace? {
        guard case .record(let record, _) = loans[token.bits] else { return nil }
        return record.origin?.place
    }

    func open(_ window: WindowID) {
        guard let lookedAt else { return complain("a window was opened for no event") }
        guard windows[window] == nil else { return complain("window \(window.index) was opened twice") }
        windows[window] = Held(
            subscription: lookedAt.place.subscription, partition: lookedAt.place.partition, group: lookedAt.group, number: lookedAt.number)
        numberings[lookedAt.place]!.windows[lookedAt.number, default: 0] += 1
    }

    func add(to window: WindowID) {
        guard let lookedAt, let held = windows[window] else { return complain("an event was added to a window that is not open") }
        guard held.subscription == lookedAt.place.subscription, held.partition == lookedAt.place.partition, held.group == lookedAt.group else {
            return complain("an event was added to a window of another group")
        }
        if held.isComplete { complain("an event was added to a complete window") }
        if held.offsets.contains(lookedAt.record.offset) { complain("@\(lookedAt.record.offset) was added to a window twice") }
        windows[window]!.offsets.append(lookedAt.record.offset)
    }

    func merge(_ window: WindowID, into other: WindowID) {
        guard window != other, let one = windows[window], let two = windows[other], !one.isComplete, !two.isComplete else {
            return complain("windows were merged that are not open")
        }
        guard one.subscription == two.subscription, one.partition == two.partition, one.group == two.group else {
            return complain("windows of different groups were merged")
        }
        windows[other]!.offsets = (one.offsets + two.offsets).sorted()
        remove(window)
    }

    func event(of window: WindowID, _ bounds: WindowBounds, at now: WallTime) -> IncomingRecord {
        guard let held = windows[window], let first = held.offsets.first, let last = held.offsets.last else {
            complain("an empty window, or none, was made an event")
            return IncomingRecord(offset: 0, token: RecordToken(bits: 0), timestamp: now, bytes: 0, matches: 0, poison: true)
        }
        if bounds.offsets != first...last { complain("a window of \(held.offsets) is said to hold \(bounds.offsets)") }
        windows[window]!.isComplete = true
        return IncomingRecord(
            offset: first, token: lend(.window(held, bounds)), timestamp: now, bytes: Self.bytes(held), matches: 0, poison: false,
            key: UInt64(held.group) + 1)
    }

    func discard(_ window: WindowID) {
        if windows[window] == nil { return complain("a window was discarded that is not held") }
        remove(window)
    }

    func bytes(of subscription: SubscriptionID) -> Int {
        windows.values.reduce(0) { $0 + ($1.subscription == subscription ? Self.bytes($1) : 0) }
    }

    /// Few: what is too much for an engine suspends a subscription, over and over.
    private static func bytes(_ held: Held) -> Int { 4 + held.offsets.count }

    private func remove(_ window: WindowID) {
        let held = windows.removeValue(forKey: window)!
        numberings[Place(subscription: held.subscription, partition: held.partition)]!.windows[held.number]! -= 1
    }

    private func complain(_ text: String) { complaint = complaint ?? text }
}
