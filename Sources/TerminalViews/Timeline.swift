public import EventModel

/// Stretches of time as bars above each other, for a column of a table.
///
///     08:00        08:01        08:02
///     ├●───●─────●─┤
///                  ├──●───●─────┤
public struct Timeline {
    private let from: WallTime
    private let to: WallTime
    private let width: Int
    private let glyphs: Glyphs

    /// Fewer columns show nothing.
    public static let leastWidth = 20

    public init(from: WallTime, to: WallTime, width: Int, style: TerminalStyle) {
        self.from = from
        self.to = max(to, WallTime(milliseconds: from.milliseconds + 1))
        self.width = width
        glyphs = style.glyphs
    }

    private func column(_ time: WallTime) -> Int {
        let share = Double(time.milliseconds - from.milliseconds) / Double(to.milliseconds - from.milliseconds)
        return min(width - 1, max(0, Int(share * Double(width - 1))))
    }

    /// - Parameter marks: moments within it.
    public func bar(from start: WallTime, to end: WallTime, marks: [WallTime]) -> String {
        var cells = [String](repeating: " ", count: column(end) + 1)
        for i in column(start)...column(end) { cells[i] = glyphs.rule }
        cells[column(start)] = glyphs.begins
        cells[column(end)] = glyphs.ends
        for mark in marks { cells[column(mark)] = glyphs.delivering }
        return cells.joined()
    }

    // MARK: The axis

    /// Seconds between two labels; never less than a second.
    private static let steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800]

    /// Moments that people count by, as far apart as there is room for.
    public var axis: String {
        let seconds = Double(to.milliseconds - from.milliseconds) / 1000
        let room = max(1, width / 12)
        let step = Self.steps.first { seconds / Double($0) <= Double(room) } ?? Self.steps.last! * (1 + Int(seconds) / room / Self.steps.last!)
        let unit = Int64(step) * 1000
        var text = ""
        var tick = (from.milliseconds + unit - 1) / unit * unit
        while tick <= to.milliseconds {
            let column = column(WallTime(milliseconds: tick))
            let label = Self.label(WallTime(milliseconds: tick), step: step)
            if text.isEmpty || column > text.count, column + label.count <= width {
                text += String(repeating: " ", count: column - text.count) + label
            }
            tick += unit
        }
        return text
    }

    private static func label(_ time: WallTime, step: Int) -> String {
        let text = time.rfc3339
        if step >= 86_400 { return String(text.prefix(10)) }
        return String(text.dropFirst(11).prefix(step < 60 ? 8 : 5))
    }
}
