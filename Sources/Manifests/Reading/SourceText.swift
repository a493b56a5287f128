/// Lines and columns of a text, counted as the YAML library counts them: from 1, in Unicode scalars.
enum SourceText {
    static func isLineBreak(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\n" || scalar == "\r" || scalar == "\u{85}" || scalar == "\u{2028}" || scalar == "\u{2029}"
    }

    static func index(in text: String, line: Int, column: Int) -> String.Index? {
        var found: String.Index?
        walk(text) { index, _, currentLine, currentColumn in
            if currentLine == line && currentColumn == column { found = index }
            return found == nil
        }
        return found
    }

    static func places(of scalar: Unicode.Scalar, in text: String) -> Set<PlainKeys.Place> {
        var places: Set<PlainKeys.Place> = []
        walk(text) { _, current, line, column in
            if current == scalar { places.insert(PlainKeys.Place(line: line, column: column)) }
            return true
        }
        return places
    }

    /// Visits every scalar with its place, until the visitor says false.
    private static func walk(_ text: String, _ visit: (String.Index, Unicode.Scalar, _ line: Int, _ column: Int) -> Bool) {
        let scalars = text.unicodeScalars
        var index = scalars.startIndex
        var line = 1
        var column = 1
        while index < scalars.endIndex {
            let scalar = scalars[index]
            guard visit(index, scalar, line, column) else { return }
            let next = scalars.index(after: index)
            if isLineBreak(scalar) && !(scalar == "\r" && next < scalars.endIndex && scalars[next] == "\n") {
                line += 1
                column = 1
            } else {
                column += 1
            }
            index = next
        }
    }

    static func place(ofCharacter offset: Int, in text: String) -> (line: Int, column: Int) {
        var line = 1
        var column = 1
        for character in text.prefix(offset) {
            if character.isNewline {
                line += 1
                column = 1
            } else {
                column += character.unicodeScalars.count
            }
        }
        return (line, column)
    }

    /// Where a byte of a JSON text stands: its lines end with line feeds.
    static func place(ofByte offset: Int, in text: [UInt8]) -> (line: Int, column: Int) {
        var line = 1
        var column = 1
        for byte in text.prefix(offset) {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        return (line, column)
    }

    /// Where the first byte stands that is not UTF-8.
    static func endOfValidText(in bytes: [UInt8]) -> (line: Int, column: Int) {
        var decoder = Unicode.UTF8.ForwardParser()
        var iterator = bytes.makeIterator()
        var line = 1
        var column = 1
        while case .valid(let scalar) = decoder.parseScalar(from: &iterator) {
            if Unicode.UTF8.decode(scalar) == "\n" {
                line += 1
                column = 1
            } else {
                column += 1
            }
        }
        return (line, column)
    }

    /// The two mistakes that YAML's own words do not explain.
    static func syntaxHint(_ text: String, line: Int) -> String? {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for number in [line, line - 1] where number >= 1 && number <= lines.count {
            let content = lines[number - 1]
            let indent = content.prefix { $0 == " " || $0 == "\t" }
            if indent.contains("\t") { return "a tab cannot indent YAML, use spaces" }
            if content.contains("${") && !content.contains("\"${") {
                return "inside [ ] and { } put quotes around text with ${...}"
            }
        }
        return nil
    }
}
