/// Columns that line up, for commands that list things.
///
///     TOPIC        SUBSCRIPTION  OFFSET  REASON
///     shop.orders  billing           17  http 422: unknown currency
public struct Table: Sendable {
    public struct Column: Sendable {
        public enum Alignment: Sendable { case left, right }
        public var title: String
        public var alignment: Alignment
        /// Whether it gives way when the whole does not fit; a cell that is cut ends with a mark.
        public var shrinks: Bool

        public init(_ title: String, _ alignment: Alignment = .left, shrinks: Bool = false) {
            self.title = title
            self.alignment = alignment
            self.shrinks = shrinks
        }
    }

    private let columns: [Column]
    private var rows: [[String]] = []
    private static let gap = 2

    public init(_ columns: [Column]) { self.columns = columns }

    /// - Precondition: one cell per column.
    public mutating func add(_ cells: [String]) {
        precondition(cells.count == columns.count, "a row of \(cells.count) cells in a table of \(columns.count) columns")
        rows.append(cells.map(DisplayWidth.printable))
    }

    /// - Parameter width: of the terminal; nil (not a terminal) cuts nothing.
    /// - Returns: lines with a line feed after each, the titles first.
    public func render(width: Int?, style: TerminalStyle) -> String {
        let widths = columnWidths(limit: width)
        let head = line(columns.map(\.title), widths, style)
        var text = (style.colour ? "\u{1b}[1m\(head)\u{1b}[0m" : head) + "\n"
        for row in rows { text += line(row, widths, style) + "\n" }
        return text
    }

    private func columnWidths(limit: Int?) -> [Int] {
        var widths = columns.indices.map { i in
            rows.reduce(DisplayWidth.of(columns[i].title)) { max($0, DisplayWidth.of($1[i])) }
        }
        guard let limit else { return widths }
        var excess = widths.reduce(Self.gap * (columns.count - 1), +) - limit
        // The widest gives way first, down to its title's width: no column vanishes to spare another.
        while excess > 0 {
            let candidates = columns.indices.filter { columns[$0].shrinks && widths[$0] > max(4, DisplayWidth.of(columns[$0].title)) }
            guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }

    private func line(_ cells: [String], _ widths: [Int], _ style: TerminalStyle) -> String {
        var text = ""
        for (i, cell) in cells.enumerated() {
            let shown = DisplayWidth.truncate(cell, to: widths[i], mark: style.glyphs.ellipsis)
            let padding = String(repeating: " ", count: widths[i] - DisplayWidth.of(shown))
            let isLast = i == cells.count - 1
            switch columns[i].alignment {
            case .left: text += isLast ? shown : shown + padding
            case .right: text += padding + shown
            }
            if !isLast { text += String(repeating: " ", count: Self.gap) }
        }
        return text
    }
}
