import EventModel
import Glibc
import TerminalViews

/// Where the demo shows itself: a picture that is drawn over and over, or lines.
final class DemoScreen {
    private let mode: TerminalMode
    private var isEntered = false
    private var before = termios()
    private var headline = ""
    private var nextSummary: Instant?
    private let summaryInterval: TimeSpan

    /// - Parameter summaryInterval: between two summaries, as lines.
    init(_ mode: TerminalMode, summaryInterval: TimeSpan) {
        self.mode = mode
        self.summaryInterval = summaryInterval
    }

    deinit { leave() }

    var isPicture: Bool {
        if case .picture = mode { true } else { false }
    }

    func show(_ state: DemoState, at now: Instant) {
        switch mode {
        case .picture(let style):
            enter()
            let size = Terminal.size(of: STDOUT_FILENO) ?? (80, 24)
            Terminal.write(TerminalScreen.frame(DemoView.render(state, width: size.width, height: size.height, style: style)))
        case .lines:
            if state.headline != headline {
                headline = state.headline
                Terminal.write("\(headline)\n")
                if nextSummary == nil, state.secondsLeft != nil { nextSummary = now + .seconds(1) }
            }
            if let due = nextSummary, now >= due {
                nextSummary = now + summaryInterval
                Terminal.write(DemoLines.render(state))
            }
        }
    }

    private func enter() {
        guard !isEntered else { return }
        isEntered = true
        // Typed characters would stand in the middle of the picture.
        if tcgetattr(STDIN_FILENO, &before) == 0 {
            var quiet = before
            quiet.c_lflag &= ~UInt32(ECHO | ICANON)
            tcsetattr(STDIN_FILENO, TCSANOW, &quiet)
        }
        Terminal.write(TerminalScreen.enter)
    }

    /// Gives the terminal back as it was.
    func leave() {
        guard isEntered else { return }
        isEntered = false
        Terminal.write(TerminalScreen.leave)
        if before.c_lflag != 0 { tcsetattr(STDIN_FILENO, TCSAFLUSH, &before) }
    }
}
