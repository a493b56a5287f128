import BridgeRuntime
import EventModel
import Testing

@Suite("What is told of what happens to a bridge")
struct NotificationTests {
    private var ledger = NotificationLedger(group: "fanfare", replica: "one", deadLetters: 3)
    /// A minute begins here, and five of them.
    private var now = WallTime(milliseconds: 1_800_000_000_000)

    init() { ledger.install(["billing": NotificationSubject(topic: "shop.orders", owner: "team-billing")]) }

    private mutating func told(after seconds: Int64 = 0) -> [String] {
        now = now + .seconds(seconds)
        return ledger.take(at: now).map { "\($0.headers.first { $0.name == "ce_type" }!.value) \($0.value)" }
    }

    private mutating func circuit(_ shard: Int, isOpen: Bool) {
        ledger.note(.circuit(subscription: "billing", shard: shard, isOpen: isOpen, reason: "it hangs"), at: now)
    }

    private mutating func deadLetters(_ count: Int) {
        for number in 1...count { ledger.note(.deadLetter(subscription: "billing", reason: "number \(number)"), at: now) }
    }

    @Test mutating func `a record is a CloudEvent that says whom it is about, how bad it is, and whom to tell`() throws {
        circuit(0, isOpen: true)
        let record = try #require(ledger.take(at: now).first)
        #expect(record.headers.map { "\($0.name): \($0.value)" } == [
            "ce_specversion: 1.0", "ce_id: fanfare.circuit.opened/billing/6000000", "ce_source: /fanfare/fanfare", "ce_type: fanfare.circuit.opened",
            "ce_time: 2027-01-15T08:00:00.000Z", "content-type: application/json", "ce_subject: billing",
        ])
        #expect(record.key == "billing")
        #expect(record.value == #"{"severity":"warning","summary":"billing: its endpoint is down, deliveries wait for it","subscription":"billing","#
            + #""topic":"shop.orders","owner":"team-billing","reason":"it hangs","group":"fanfare","replica":"one"}"#)
    }

    @Test mutating func `the circuits of all shards are one, which is closed when the last of them is`() {
        circuit(0, isOpen: true)
        circuit(1, isOpen: true)
        #expect(told().count == 1)
        circuit(0, isOpen: false)
        #expect(told(after: 400) == [])
        circuit(1, isOpen: false)
        #expect(told().map { $0.hasPrefix("fanfare.circuit.closed") } == [true])
    }

    @Test mutating func `a circuit that flaps is told once in five minutes, and as it is in the end`() {
        for _ in 1...10 {
            circuit(0, isOpen: true)
            circuit(0, isOpen: false)
        }
        circuit(0, isOpen: true)
        #expect(told().map { $0.prefix(22) } == ["fanfare.circuit.opened", "fanfare.circuit.closed"])
        #expect(told(after: 299) == [])
        #expect(told(after: 1).map { $0.prefix(22) } == ["fanfare.circuit.opened"])
        #expect(told(after: 600) == [])
    }

    @Test mutating func `dead letters are told when there are enough in a minute, then with what came since`() {
        deadLetters(2)
        #expect(told() == [])
        deadLetters(1)
        #expect(told(after: 59).map { $0.contains(#""reason":"number 1","count":3"#) } == [true])
        deadLetters(4)
        #expect(told() == [])
        #expect(told(after: 1).map { $0.contains(#""count":4"#) } == [true])
        // Two in one minute and two in the next are not three in one.
        deadLetters(2)
        #expect(told(after: 60) == [])
        deadLetters(2)
        #expect(told(after: 59) == [])
    }

    @Test mutating func `what all replicas see has one id, and what each counts has its own`() {
        var other = NotificationLedger(group: "fanfare", replica: "two", deadLetters: 1)
        other.install(["billing": NotificationSubject(topic: "shop.orders", owner: "")])
        let paused = Notification(kind: .paused, subscription: "billing", summary: "billing: paused by alice")
        for occurrence in [NotificationLedger.Occurrence.plain(paused, mark: "17"), .circuit(subscription: "billing", shard: 0, isOpen: true, reason: "")] {
            ledger.note(occurrence, at: now)
            other.note(occurrence, at: now)
        }
        deadLetters(3)
        other.note(.deadLetter(subscription: "billing", reason: ""), at: now)
        let ours = ledger.take(at: now).map(\.id)
        let theirs = other.take(at: now).map(\.id)
        #expect(ours[..<2] == theirs[..<2])
        #expect(ours[0] == "fanfare.subscription.paused/billing/17")
        #expect(ours.count == 3 && theirs.count == 3 && ours[2] != theirs[2])
    }

    @Test mutating func `of subscriptions that there are not nothing is told`() {
        ledger.note(.circuit(subscription: "pager", shard: 0, isOpen: true, reason: ""), at: now)
        ledger.note(.plain(Notification(kind: .paused, subscription: "pager", summary: ""), mark: "1"), at: now)
        ledger.note(.lost(subscription: "pager", count: 1, reason: ""), at: now)
        #expect(told() == [])
        circuit(0, isOpen: true)
        deadLetters(2)
        #expect(told().count == 1)
        ledger.install([:])
        deadLetters(5)
        ledger.note(.plain(Notification(kind: .configurationLoaded, summary: "reloaded"), mark: nil), at: now)
        #expect(told().map { $0.prefix(22) } == ["fanfare.configuration."])
    }
}
