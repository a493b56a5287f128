import BridgeRuntime
import EventModel

/// What would become of a list of events, for programs: everything that is known.
struct DryRunJSON {
    let log: GivenLog

    /// Then comes each subscription, then the end.
    func begin(_ list: EventList, topic: String) {
        put("{\"topic\":\(JSONText.quoted(topic)),\"file\":\(JSONText.quoted(list.name)),")
        put("events", log.entries.indices) { event($0, isWhole: true) }
        put(",\"subscriptions\":[")
    }

    func put(_ run: DryRun, isFirst: Bool) {
        put(isFirst ? "" : ",")
        put("{\"name\":\(JSONText.quoted(run.subscription.name)),\"enabled\":\(run.subscription.enabled),")
        put("\"problem\":\(run.problem.isEmpty ? "null" : JSONText.quoted(run.problem)),")
        put("windows", run.windows, json)
        put(",")
        put("requests", run.requests, json)
        put(",")
        put("late", run.late) { event($0) }
        put(",")
        put("repeats", run.repeats) { JSONText.object([("event", event($0.event)), ("of", event($0.of))]) }
        put(",")
        put("poison", run.poison, json)
        put(",\"leftOut\":\(run.leftOut),\"suspended\":\(run.suspension.map(json) ?? "null")}")
    }

    func end() { print("]}") }

    private func put(_ text: String) { print(text, terminator: "") }

    /// Item by item: there may be many.
    private func put<Item>(_ name: String, _ items: some Sequence<Item>, _ json: (Item) -> String) {
        put("\"\(name)\":[")
        for (index, item) in items.enumerated() { put((index == 0 ? "" : ",") + json(item)) }
        put("]")
    }

    /// - Parameter isWhole: with what is the same for all subscriptions.
    private func event(_ index: Int, isWhole: Bool = false) -> String {
        let entry = log.entries[index]
        let place = [("line", "\(entry.line)"), ("partition", "\(entry.record.partition)"), ("offset", "\(entry.record.offset)")]
        let more = [("timestamp", JSONText.quoted(entry.record.timestamp.rfc3339)), ("key", JSONText.text(entry.record.key.map { String(decoding: $0, as: UTF8.self) }))]
        return JSONText.object(isWhole ? place + more : place)
    }

    private func json(_ window: DryRun.Window) -> String {
        let data = WindowData(window)
        return JSONText.object([
            ("id", JSONText.quoted(data.id)), ("partition", "\(window.partition)"), ("start", JSONText.quoted(window.start.rfc3339)),
            ("end", JSONText.quoted(window.end.rfc3339)), ("group", JSONText.object(data.group)), ("count", data.count),
            ("aggregates", JSONText.object(data.aggregates)), ("offsets", JSONText.array(window.events.map { "\(log.entries[$0.index].record.offset)" })),
            ("lines", JSONText.array(window.events.map { "\(log.entries[$0.index].line)" })),
            ("completed", JSONText.quoted(window.completed.rfc3339)),
            ("completedBy", window.isClosedByClock ? JSONText.quoted("clock") : window.completedBy.map { event($0) } ?? "null"),
            ("openAtEnd", "\(window.isOpenAtEnd)"), ("event", String(decoding: window.event.value, as: UTF8.self)),
        ])
    }

    private func json(_ request: DryRun.Request) -> String {
        var events: [String] = []
        var windows: [String] = []
        for part in request.parts {
            switch part {
            case .event(let index): events.append(event(index))
            case .window(let index): windows.append("\(index)")
            }
        }
        return JSONText.object([
            ("at", JSONText.quoted(request.at.rfc3339)), ("webhookID", JSONText.quoted(request.id)), ("bytes", "\(request.bytes)"),
            ("events", JSONText.array(events)), ("windows", JSONText.array(windows)),
        ])
    }

    private func json(_ refused: DryRun.Refused) -> String {
        JSONText.object([("event", event(refused.event)), ("reason", JSONText.quoted(refused.reason))])
    }
}
