/// What the terminal can show.
public struct TerminalStyle: Sendable, Equatable {
    public var colour: Bool
    /// False draws with ASCII alone.
    public var unicode: Bool

    public init(colour: Bool, unicode: Bool) {
        self.colour = colour
        self.unicode = unicode
    }

    public static let plain = TerminalStyle(colour: false, unicode: false)

    var glyphs: Glyphs { unicode ? .unicode : .ascii }
}

/// Whether the output takes a picture that is drawn over and over, or only lines.
public enum TerminalMode: Sendable, Equatable {
    case picture(TerminalStyle)
    case lines(TerminalStyle)

    /// - Parameter environment: looks up a variable; `TERM`, `NO_COLOR` (https://no-color.org) and the locale's are read.
    public static func choose(isTerminal: Bool, environment: (String) -> String?) -> TerminalMode {
        let term = environment("TERM") ?? ""
        // POSIX: the first of these that is set and not empty decides.
        let encoding = ["LC_ALL", "LC_CTYPE", "LANG"].compactMap(environment).first { !$0.isEmpty }?.lowercased() ?? ""
        let unicode = encoding.contains("utf-8") || encoding.contains("utf8")
        guard isTerminal, !term.isEmpty, term != "dumb" else { return .lines(TerminalStyle(colour: false, unicode: unicode)) }
        let colour = (environment("NO_COLOR") ?? "").isEmpty
        // The Linux console's font has few of the symbols, whatever the locale says.
        return .picture(TerminalStyle(colour: colour, unicode: unicode && term != "linux"))
    }

    public var style: TerminalStyle {
        switch self {
        case .picture(let style), .lines(let style): style
        }
    }
}

/// The control sequences around pictures (ECMA-48, and xterm's alternate screen).
public enum TerminalScreen {
    /// Switches to the alternate screen and hides the cursor.
    public static let enter = "\u{1b}[?1049h\u{1b}[?25l\u{1b}[2J"
    /// Undoes `enter`; also right after a picture that was cut short.
    public static let leave = "\u{1b}[0m\u{1b}[?25h\u{1b}[?1049l"

    /// Draws a picture over the one before, line by line, without blanking the whole.
    ///
    /// A line is cleared before it is written: after a character in the last column the cursor still stands on it, and
    /// clearing then would take it away. The last line clears everything below, too.
    public static func frame(_ picture: String) -> String {
        let lines = picture.split(separator: "\n", omittingEmptySubsequences: false)
        let body = lines.dropLast().reduce(into: "\u{1b}[H") { $0 += "\u{1b}[K" + $1 + "\r\n" }
        return body + "\u{1b}[J" + (lines.last ?? "")
    }
}

/// The symbols of the pictures.
struct Glyphs {
    var rule: String
    var divider: String
    var arrow: String
    var ellipsis: String
    var branch: String
    var verified: String
    var wrong: String
    var unknown: String
    var delivering: String
    var retrying: String
    var probing: String
    var open: String
    var stopped: String
    var idle: String
    /// Ends of a stretch of time.
    var begins: String
    var ends: String
    /// From low to high, for sparklines.
    var levels: [Character]
    /// Parts of one column of a bar, from one step to a whole.
    var bar: [Character]
    var barRest: Character

    static let unicode = Glyphs(
        rule: "─", divider: "│", arrow: "→", ellipsis: "…", branch: "└", verified: "✓", wrong: "✗", unknown: "·",
        delivering: "●", retrying: "◐", probing: "◌", open: "○", stopped: "■", idle: "·", begins: "├", ends: "┤",
        levels: Array("▁▂▃▄▅▆▇█"), bar: Array("▏▎▍▌▋▊▉█"), barRest: "░")

    static let ascii = Glyphs(
        rule: "-", divider: "|", arrow: "->", ellipsis: "~", branch: "`", verified: "v", wrong: "X", unknown: ".",
        delivering: "*", retrying: "~", probing: "?", open: "o", stopped: "#", idle: ".", begins: "[", ends: "]",
        levels: Array("_.:-=+*#"), bar: Array("#"), barRest: ".")
}
