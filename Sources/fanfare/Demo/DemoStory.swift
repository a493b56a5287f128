import DeliveryCore
import EventModel
import TerminalViews

/// What happens in a demo and when: events flow, one endpoint is down, it comes back, it catches up, the end.
struct DemoStory {
    enum Phase: Equatable {
        case joining
        case flowing
        /// The endpoint that was down answers again; its circuit does not know yet, or the backlog is being delivered.
        case back
        case caughtUp
        /// No more events are produced.
        case settling
    }

    private(set) var phase = Phase.joining
    let duration: TimeSpan
    /// The subscriptions whose endpoint is down at first, and those whose endpoint fails now and then.
    let down: [String]
    let flaky: [String]
    let subscriptionCount: Int

    private var began: Instant?
    private var nextProbe: Instant?
    /// Between the last two probes.
    private var pause = TimeSpan.zero
    private var backlog: Int64 = 0

    init(duration: TimeSpan, subscriptions: [Subscription], downURL: String) {
        self.duration = duration
        down = subscriptions.filter { $0.endpoint.hasPrefix(downURL + "/") }.map(\.name)
        flaky = subscriptions.filter { $0.endpoint.hasSuffix("/flaky") }.map(\.name)
        subscriptionCount = subscriptions.count
    }

    mutating func begin(at now: Instant) {
        phase = .flowing
        began = now
    }

    func elapsed(_ now: Instant) -> TimeSpan { began.map { now - $0 } ?? .zero }
    func secondsLeft(_ now: Instant) -> Int? {
        began.map { _ in max(0, Int((duration - elapsed(now)).seconds.rounded(.up))) }
    }
    func isOver(_ now: Instant) -> Bool { began != nil && elapsed(now) >= duration }

    /// The last part, in which retries may finish.
    private var settlingTime: TimeSpan { min(.seconds(8), duration * 0.25) }

    /// Whether the endpoint that is down has to come back now: about two thirds into the demo, but just before a probe,
    /// because the pauses between probes double and the one after might come too late to be seen.
    func isTimeToComeBack(_ now: Instant) -> Bool {
        guard phase == .flowing, !down.isEmpty else { return false }
        if elapsed(now) >= duration * 0.7 { return true }
        guard let nextProbe, nextProbe - now <= .milliseconds(1500) else { return false }
        let atProbe = elapsed(nextProbe)
        return atProbe >= duration * 0.55 || atProbe + pause * 2.4 > duration * 0.8
    }

    mutating func cameBack(_ snapshot: CoreSnapshot) {
        phase = .back
        backlog = lag(snapshot)
    }

    /// True when the producer has to stop.
    mutating func advance(_ snapshot: CoreSnapshot, at now: Instant) -> Bool {
        let probe = snapshot.subscriptions.filter { down.contains($0.name) }.compactMap(\.nextProbe).min()
        if let probe, probe != nextProbe { pause = probe - now }
        nextProbe = probe
        if phase == .back, lag(snapshot) < 60, !snapshot.subscriptions.contains(where: { down.contains($0.name) && $0.circuit != .closed }) {
            phase = .caughtUp
        }
        if phase != .joining, phase != .settling, elapsed(now) >= duration - settlingTime {
            phase = .settling
            return true
        }
        return false
    }

    private func lag(_ snapshot: CoreSnapshot) -> Int64 {
        snapshot.subscriptions.filter { down.contains($0.name) }.reduce(0) { $0 + $1.lag }
    }

    var headline: String {
        let down = down.joined(separator: ", ")
        switch phase {
        case .joining:
            return "Starting: a Kafka cluster in this process, a receiver, and the bridge, which is joining the group (about 5 s)."
        case .flowing:
            // Two lines of 80 columns with the example manifests.
            var words = "Events go to \(subscriptionCount) webhooks."
            if !flaky.isEmpty { words += " \(flaky.joined(separator: ", ")) fails now and then: it is retried." }
            if !down.isEmpty { words += " \(down) is down: its events wait in Kafka, no others do." }
            return words
        case .back:
            return "\(down) answers again: the next probe finds out, its circuit closes, and the \(Numbers.grouped(backlog)) events that waited go out at once."
        case .caughtUp:
            return "\(down) has caught up: \(Numbers.grouped(backlog)) events had waited for it in Kafka. None went to the dead letters, none was lost."
        case .settling:
            return "No more events are produced. The last retries finish, then the books are closed."
        }
    }
}
