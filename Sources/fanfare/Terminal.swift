import Glibc
import TerminalViews

/// The terminal behind a descriptor, if there is one.
enum Terminal {
    /// Columns and rows; nil where there is no terminal.
    static func size(of descriptor: Int32) -> (width: Int, height: Int)? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return nil }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    static func mode(of descriptor: Int32) -> TerminalMode {
        .choose(isTerminal: isatty(descriptor) == 1) { name in getenv(name).map { String(cString: $0) } }
    }

    /// A table as standard output takes it.
    static func render(_ table: Table) -> String {
        table.render(width: size(of: STDOUT_FILENO)?.width, style: mode(of: STDOUT_FILENO).style)
    }

    /// Writes to standard output at once and whole, so that lines of several threads do not mix and a pipe's reader
    /// need not wait.
    static func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            var sent = 0
            while sent < bytes.count {
                let count = Glibc.write(STDOUT_FILENO, bytes.baseAddress! + sent, bytes.count - sent)
                if count >= 0 {
                    sent += count
                } else if errno != EINTR {
                    return
                }
            }
        }
    }
}
