import TerminalViews

/// A table that is printed a page at a time: a page's columns line up, and a list may be of any length.
struct PagedTable {
    private let columns: [Table.Column]
    private var table: Table
    private var rows = 0
    private var isFirst = true
    private static let rowsPerPage = 1000

    init(_ columns: [Table.Column]) {
        self.columns = columns
        table = Table(columns)
    }

    /// - Precondition: one cell per column.
    mutating func add(_ cells: [String]) {
        table.add(cells)
        rows += 1
        if rows == Self.rowsPerPage { printPage() }
    }

    /// Prints what there is, for those who watch.
    mutating func flush() {
        if rows > 0 { printPage() }
        flushOutput()
    }

    /// - Parameter nothing: what is said instead of a table without rows.
    mutating func finish(orSay nothing: String) {
        if isFirst, rows == 0 { return print(nothing) }
        if rows > 0 { printPage() }
    }

    private mutating func printPage() {
        let text = Terminal.render(table)
        print(isFirst ? text : text.drop { $0 != "\n" }.dropFirst(), terminator: "")
        isFirst = false
        table = Table(columns)
        rows = 0
    }
}
