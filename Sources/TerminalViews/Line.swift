/// What a piece of text means; the colour follows from it.
enum Paint {
    case plain, title, quiet, good, warning, bad, accent

    /// SGR parameters; colours are the terminal's own eight, which its owner chose to be readable.
    var code: String? {
        switch self {
        case .plain: nil
        case .title: "1"
        case .quiet: "2"
        case .good: "32"
        case .warning: "33"
        case .bad: "31"
        case .accent: "36"
        }
    }
}

/// One line of a picture: painted pieces whose width is known, so that lines can be cut, filled and set side by side.
struct Line {
    private(set) var pieces: [(text: String, paint: Paint)] = []
    private(set) var width = 0

    init() {}

    init(_ text: String, _ paint: Paint = .plain) { add(text, paint) }

    /// Appends a text, made safe for a terminal.
    mutating func add(_ text: String, _ paint: Paint = .plain) {
        let safe = DisplayWidth.printable(text)
        guard !safe.isEmpty else { return }
        pieces.append((safe, paint))
        width += DisplayWidth.of(safe)
    }

    mutating func add(_ line: Line) {
        pieces += line.pieces
        width += line.width
    }

    mutating func fill(to column: Int) {
        if width < column { add(String(repeating: " ", count: column - width)) }
    }

    /// Cut to at most this width.
    func cut(to limit: Int, mark: String) -> Line {
        guard width > limit else { return self }
        var line = Line()
        for piece in pieces {
            let room = limit - line.width
            let size = DisplayWidth.of(piece.text)
            // The mark must stand at the end also where the cut falls between two pieces.
            if size >= room {
                line.add(DisplayWidth.truncate(size == room ? piece.text + " " : piece.text, to: room, mark: mark), piece.paint)
                break
            }
            line.add(piece.text, piece.paint)
        }
        return line
    }

    func withoutTrailingBlanks() -> Line {
        var line = Line()
        var rest = pieces
        while let last = rest.last, last.text.allSatisfy({ $0 == " " }) { rest.removeLast() }
        for (i, piece) in rest.enumerated() {
            var text = piece.text
            if i == rest.count - 1 { while text.last == " " { text.removeLast() } }
            line.add(text, piece.paint)
        }
        return line
    }

    func text(colour: Bool) -> String {
        guard colour else { return pieces.reduce(into: "") { $0 += $1.text } }
        return pieces.reduce(into: "") { text, piece in
            if let code = piece.paint.code {
                text += "\u{1b}[\(code)m\(piece.text)\u{1b}[0m"
            } else {
                text += piece.text
            }
        }
    }
}
