import BridgeRuntime
import EventModel
import TerminalViews

// Windows and batches as tables, with a bar over time in each row.
extension DryRunText {
    private struct Field {
        var column: Table.Column
        /// By row.
        var cell: (Int) -> String

        init(_ title: String, _ alignment: Table.Column.Alignment = .left, shrinks: Bool = false, _ cell: @escaping (Int) -> String) {
            column = Table.Column(title, alignment, shrinks: shrinks)
            self.cell = cell
        }
    }

    private struct Span {
        var start: WallTime
        var end: WallTime
        var events: [WallTime]
    }

    func windows(_ run: DryRun) -> String {
        let windows = run.windows
        let policy = run.subscription.window!
        let data = windows.map { WindowData($0) }
        let moments = MomentText(windows.flatMap { [$0.start, $0.end] + ($0.isClosedByClock ? [$0.completed] : []) })
        var fields: [Field] = []
        if run.subscription.batch != nil { fields.append(Field("#", .right) { "\($0 + 1)" }) }
        fields.append(Field("START") { moments.text(windows[$0].start) })
        fields.append(Field("END") { moments.text(windows[$0].end) })
        if log.partitions.count > 1 { fields.append(Field("PARTITION", .right) { "\(windows[$0].partition)" }) }
        if !policy.groupBy.isEmpty { fields.append(Field("GROUP", shrinks: true) { data[$0].groupText }) }
        fields.append(Field("EVENTS", .right) { data[$0].count })
        for (index, aggregate) in policy.aggregates.enumerated() {
            fields.append(Field(aggregate.name, shrinks: true) { data[$0].aggregates[index].value })
        }
        fields.append(Field("COMPLETE") { completion(windows[$0], moments) })
        var text = table(fields, windows.map { Span(start: $0.start, end: $0.end, events: $0.events.map(\.time)) })
        if windows.contains(where: \.isOpenAtEnd) {
            text += "  * still open after the last event: the clock closes it then, if nothing more comes\n"
        }
        return text
    }

    private func completion(_ window: DryRun.Window, _ moments: MomentText) -> String {
        if window.isClosedByClock { return "clock, \(moments.text(window.completed))\(window.isOpenAtEnd ? " *" : "")" }
        return window.completedBy.map { at($0) } ?? ""
    }

    func requests(_ run: DryRun) -> String {
        let requests = run.requests
        let spans = requests.map { request in
            let arrivals = request.parts.map { arrival(of: $0, run) }
            return Span(start: arrivals.min()!, end: request.at, events: arrivals)
        }
        let moments = MomentText(requests.map(\.at))
        let fields = [
            Field("SENT") { moments.text(requests[$0].at) },
            Field(run.subscription.window == nil ? "EVENTS" : "WINDOWS", .right) { "\(requests[$0].parts.count)" },
            Field("BYTES", .right) { Numbers.grouped(requests[$0].bytes) },
            Field("FIRST") { name(requests[$0].parts.first!) },
            Field("LAST") { name(requests[$0].parts.last!) },
        ]
        return table(fields, spans)
    }

    private func arrival(of part: DryRun.Request.Part, _ run: DryRun) -> WallTime {
        switch part {
        case .event(let index): log.entries[index].arrival
        case .window(let index): run.windows[index].completed
        }
    }

    private func name(_ part: DryRun.Request.Part) -> String {
        switch part {
        case .event(let index): at(index)
        case .window(let index): "window \(index + 1)"
        }
    }

    /// With a timeline as its last column, if there is room for one.
    private func table(_ fields: [Field], _ spans: [Span]) -> String {
        let taken = lines(fields, spans.count, width: nil, .plain).map { DisplayWidth.of($0) }.max()!
        let room = width - 4 - taken
        guard room >= Timeline.leastWidth else { return text(lines(fields, spans.count, width: width - 2, style)) }
        let timeline = Timeline(from: spans.map(\.start).min()!, to: spans.map(\.end).max()!, width: room, style: style)
        let bars = Field(timeline.axis) { timeline.bar(from: spans[$0].start, to: spans[$0].end, marks: spans[$0].events) }
        return text(lines(fields + [bars], spans.count, width: nil, style))
    }

    private func lines(_ fields: [Field], _ rows: Int, width: Int?, _ style: TerminalStyle) -> [String] {
        var table = Table(fields.map(\.column))
        for row in 0..<rows { table.add(fields.map { $0.cell(row) }) }
        return table.render(width: width, style: style).split(separator: "\n").map(String.init)
    }

    private func text(_ lines: [String]) -> String { lines.map { "  \($0)\n" }.joined() }
}
