import Glibc
import TerminalViews

/// How far a long run has come: a line that is drawn over and over on a terminal, a line a minute elsewhere.
struct Progress {
    private let total: Int
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private let mode: TerminalMode
    private var nextDrawing: ContinuousClock.Instant
    private var isDrawn = false

    init(total: Int) {
        self.total = total
        start = clock.now
        mode = .choose(isTerminal: isatty(STDERR_FILENO) == 1) { name in getenv(name).map { String(cString: $0) } }
        nextDrawing = start
        nextDrawing = start + interval
    }

    private var isPicture: Bool { if case .picture = mode { true } else { false } }
    private var interval: Duration { isPicture ? .milliseconds(100) : .seconds(60) }

    var seconds: Double { (clock.now - start) / .seconds(1) }

    mutating func update(done: Int, failures: Int) {
        guard clock.now >= nextDrawing else { return }
        nextDrawing = clock.now + interval
        var size = winsize()
        let width = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
        let label = failures == 0 ? "Seeds" : failures == 1 ? "Seeds, 1 fails" : "Seeds, \(failures) fail"
        let line = ProgressLine.render(label, done: done, total: total, perSecond: Double(done) / seconds, width: width - 1, style: mode.style)
        Output.write(isPicture ? "\r\u{1b}[K" + line : line + "\n", to: STDERR_FILENO)
        isDrawn = isPicture
    }

    /// Takes the line away, so that something else can be printed.
    mutating func clear() {
        if isDrawn { Output.write("\r\u{1b}[K", to: STDERR_FILENO) }
        isDrawn = false
    }
}
