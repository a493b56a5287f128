import Glibc
import TerminalViews

/// How far long work has come, in one line on standard error that is drawn over and over. Nothing where that is no terminal.
struct Progress: ~Copyable {
    private let label: String
    private let total: Int?
    private let isShown: Bool
    private let mode = Terminal.mode(of: STDERR_FILENO)
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private var nextDrawing: ContinuousClock.Instant
    private var hasDrawn = false

    /// - Parameter total: nil while it is not known.
    init(_ label: String, total: Int? = nil) {
        self.label = label
        self.total = total
        if case .picture = mode { isShown = true } else { isShown = false }
        start = clock.now
        // Short work needs no line.
        nextDrawing = start + .milliseconds(500)
    }

    mutating func update(_ done: Int) {
        guard isShown, clock.now >= nextDrawing else { return }
        nextDrawing = clock.now + .milliseconds(100)
        hasDrawn = true
        let seconds = (clock.now - start) / .seconds(1)
        let width = Terminal.size(of: STDERR_FILENO)?.width ?? 80
        let line = ProgressLine.render(
            label, done: done, total: total, perSecond: Double(done) / seconds, width: width - 1, style: mode.style)
        write("\r\u{1b}[K" + line)
    }

    /// Takes the line away, so that something else can be printed.
    mutating func clear() {
        if hasDrawn { write("\r\u{1b}[K") }
        hasDrawn = false
    }

    private func write(_ text: String) {
        var text = text
        text.withUTF8 { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}

/// A progress line that closures can share.
final class ProgressBox {
    private let label: String
    private var total: Int?
    private var line: Progress

    /// - Parameter total: nil while it is not known.
    init(_ label: String, total: Int? = nil) {
        self.label = label
        self.total = total
        line = Progress(label, total: total)
    }

    func update(_ done: Int, _ total: Int) {
        if total != self.total {
            line.clear()
            line = Progress(label, total: total)
            self.total = total
        }
        line.update(done)
    }

    func update(_ done: Int) { line.update(done) }

    func clear() { line.clear() }
}
