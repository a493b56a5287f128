import BridgeRuntime
import EventModel
import TerminalViews

/// What would become of a list of events, for people: a table for each subscription, with a bar over time in each row.
struct DryRunText {
    let log: GivenLog
    /// Of the terminal, or what a reader's is thought to have.
    let width: Int
    let style: TerminalStyle

    /// Beyond so many, single events are only counted.
    private static let named = 20

    func heading(_ list: EventList, topic: String) -> String {
        let arrivals = MomentText(log.entries.map(\.record.timestamp))
        let first = log.entries.map(\.record.timestamp).min()!
        let last = log.entries.map(\.record.timestamp).max()!
        let partitions = log.partitions.count == 1 ? "" : ", on \(log.partitions.count) partitions"
        return "\(Numbers.counted(log.entries.count, "event")) of \(topic) from \(list.name)\(partitions): "
            + "\(arrivals.text(first)) to \(arrivals.text(last)) (\(arrivals.title))\n"
    }

    func text(_ run: DryRun) -> String {
        var text = "\n\(run.subscription.name): \(shape(run.subscription))\n"
        text += "  \(summary(run))\n"
        for note in notes(run) { text += "  \(note)\n" }
        if !run.windows.isEmpty { text += "\n" + windows(run) }
        if run.subscription.batch != nil, !run.requests.isEmpty { text += "\n" + requests(run) }
        text += named("late: all their windows were complete when they came; \(fateOfLate(run.subscription))", run.late) {
            "\(at($0)): \(log.entries[$0].record.timestamp.rfc3339)"
        }
        text += named("repeats: dropped, as the same event came before (deduplicate)", run.repeats) {
            "\(at($0.event)): \(log.entries[$0.event].record.timestamp - log.entries[$0.of].record.timestamp) after \(at($0.of))"
        }
        text += named("no valid events, or none that can be counted: \(fateOfPoison(run.subscription))", run.poison) { "\(at($0.event)): \($0.reason)" }
        return text
    }

    // MARK: Sentences

    private func shape(_ subscription: Subscription) -> String {
        var parts: [String] = []
        if let window = subscription.window {
            let shape =
                switch window.shape {
                case .tumbling(let size): "tumbling windows of \(size)"
                case .hopping(let size, let hop): "windows of \(size) that begin every \(hop)"
                case .session(let gap, let max): "sessions that end when nothing comes for \(gap), or at a multiple of \(max)"
                }
            let group = window.groupBy.isEmpty ? "all events of a partition" : "by \(window.groupBy.map(\.name).joined(separator: ", "))"
            parts += [shape, group, "grace \(window.grace)", "idle \(window.idle)"]
        }
        if let batch = subscription.batch {
            let things = subscription.window == nil ? "events" : "windows"
            parts.append("batches of up to \(batch.maxEvents) \(things), waiting up to \(batch.maxWait)")
        }
        if let deduplicate = subscription.deduplicate { parts.append("without repeats within \(deduplicate.window)") }
        return parts.isEmpty ? "each event by itself" : parts.joined(separator: ", ")
    }

    private func summary(_ run: DryRun) -> String {
        let seen = run.suspension.map { $0.event + 1 } ?? log.entries.count
        let used = seen - run.leftOut - run.late.count - run.repeats.count - run.poison.count
        var parts = [
            run.subscription.window == nil
                ? "\(Numbers.counted(used, "event")) in \(Numbers.counted(run.requests.count, "request"))"
                : "\(Numbers.counted(used, "event")) in \(Numbers.counted(run.windows.count, "window")), \(Numbers.counted(run.requests.count, "request"))",
        ]
        if !run.late.isEmpty { parts.append("\(run.late.count) late") }
        if !run.repeats.isEmpty { parts.append(Numbers.counted(run.repeats.count, "repeat")) }
        if !run.poison.isEmpty { parts.append("\(run.poison.count) poison") }
        if run.leftOut > 0 { parts.append("\(run.leftOut) left out by its filters") }
        return parts.joined(separator: "; ")
    }

    private func notes(_ run: DryRun) -> [String] {
        var notes: [String] = []
        if !run.subscription.enabled { notes.append("it is disabled: nothing is sent until `enabled: true`") }
        if !run.problem.isEmpty { notes.append("nothing can be delivered: \(run.problem)") }
        if let suspension = run.suspension {
            notes.append("it would be suspended at \(at(suspension.event)): \(suspension.reason); what is open then is not delivered")
        }
        return notes
    }

    private func fateOfLate(_ subscription: Subscription) -> String {
        switch subscription.window?.late {
        case .deliver: "each is delivered by itself"
        case .deadLetter where !subscription.deadLetter.drop: "each becomes a dead letter (window-late)"
        default: "each is dropped"
        }
    }

    private func fateOfPoison(_ subscription: Subscription) -> String {
        subscription.deadLetter.drop ? "each is dropped" : "each becomes a dead letter (poison)"
    }

    private func named<Item>(_ title: String, _ items: [Item], _ line: (Item) -> String) -> String {
        if items.isEmpty { return "" }
        var text = "\n  \(title)\n"
        for item in items.prefix(Self.named) { text += "    \(DisplayWidth.printable(line(item)))\n" }
        if items.count > Self.named { text += "    and \(items.count - Self.named) more\n" }
        return text
    }

    func at(_ event: Int) -> String { "line \(log.entries[event].line)" }
}
