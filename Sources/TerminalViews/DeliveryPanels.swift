import EventModel

/// What the receiver saw last.
enum DeliveryPanel {
    static func lines(_ state: DemoState, width: Int, height: Int, _ glyphs: Glyphs) -> [Line] {
        let name = min(16, state.deliveries.reduce(8) { max($0, DisplayWidth.of($1.subscription)) })
        let type = max(6, width - name - 19)
        var head = Line(" WHAT THE RECEIVER SAW", .title)
        head.add(", newest first", .quiet)
        return [head] + state.deliveries.prefix(max(0, height - 1)).map { delivery in
            var line = Line(" ")
            switch delivery.signature {
            case .verified: line.add(glyphs.verified, .good)
            case .wrong: line.add(glyphs.wrong, .bad)
            case .none: line.add(glyphs.unknown, .quiet)
            }
            line.add(" ")
            line.add(String(delivery.status), (200..<300).contains(delivery.status) ? .good : .bad)
            line.add(" ")
            line.add(DisplayWidth.truncate(DisplayWidth.printable(delivery.subscription), to: name, mark: glyphs.ellipsis))
            line.fill(to: 8 + name)
            line.add(DisplayWidth.truncate(DisplayWidth.printable(delivery.eventType), to: type, mark: glyphs.ellipsis), .quiet)
            line.fill(to: 9 + name + type)
            if delivery.repeated {
                line.add("duplicate", .warning)
            } else {
                line.add("attempt \(delivery.attempt)", delivery.attempt > 1 ? .warning : .quiet)
            }
            return line
        }
    }
}

/// What waits for another attempt, and what was given up.
enum TroublePanel {
    static func lines(_ state: DemoState, width: Int, height: Int, _ glyphs: Glyphs) -> [Line] {
        var lines: [Line] = []
        if !state.lanes.isEmpty {
            var head = Line("RETRY LANES", .title)
            head.add(", events waiting", .quiet)
            lines.append(head)
            lines += lanes(state.lanes, width: width)
        }
        let total = state.subscriptions.reduce(0) { $0 + $1.deadLetters }
        var head = Line("DEAD LETTERS", .title)
        head.add("  \(Numbers.grouped(total))", total > 0 ? .bad : .quiet)
        lines.append(head)
        for letter in state.deadLetters where lines.count < height {
            var line = Line("\(glyphs.wrong) ", .bad)
            line.add("\(letter.subscription): ")
            line.add(letter.reason)
            line.add("  \(letter.event)", .quiet)
            lines.append(line.cut(to: width, mark: glyphs.ellipsis))
        }
        if total == 0 { lines.append(Line("none: nothing was given up", .quiet)) }
        return Array(lines.prefix(height))
    }

    /// As `5s: 12  30s: 3`, broken where the width ends.
    private static func lanes(_ lanes: [RetryLane], width: Int) -> [Line] {
        var lines = [Line()]
        for lane in lanes {
            var cell = Line("\(lane.delay):", .quiet)
            cell.add(" \(Numbers.grouped(lane.waiting))", lane.waiting > 0 ? .warning : .quiet)
            cell.add("  ")
            if lines[lines.count - 1].width + cell.width > width + 2 { lines.append(Line()) }
            lines[lines.count - 1].add(cell)
        }
        return lines
    }
}

/// The last line: what the symbols mean, and the way out.
enum LegendPanel {
    static func line(_ glyphs: Glyphs) -> Line {
        var line = Line(" ")
        line.add(glyphs.verified, .good)
        line.add(" signature verified  ", .quiet)
        line.add("attempt 2", .warning)
        line.add(": a retry  ", .quiet)
        line.add("DEAD", .bad)
        line.add(": given up, kept  Ctrl-C stops", .quiet)
        return line
    }
}
