/// A token of an expression, and where it stands.
struct SQLToken {
    enum Kind: Equatable {
        case end
        case string(String)
        /// Decimal digits.
        case integer
        /// Letters, digits and `_`: a keyword, an attribute or a function.
        case word
        case symbol(Symbol)
    }

    enum Symbol: String {
        case open = "(", close = ")", comma = ","
        case plus = "+", minus = "-", times = "*", divide = "/", remainder = "%"
        case equal = "=", notEqual = "!=", diamond = "<>", less = "<", lessOrEqual = "<=", greater = ">", greaterOrEqual = ">="
    }

    var kind: Kind
    /// Of bytes.
    var range: Range<Int>
}

/// Takes an expression apart, from front to back, each byte once.
struct SQLLexer {
    let bytes: [UInt8]
    private(set) var position = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    mutating func next() throws(SQLSyntaxError) -> SQLToken {
        skip { $0 == 0x20 || (0x09...0x0D).contains($0) }
        let start = position
        guard start < bytes.count else { return SQLToken(kind: .end, range: start..<start) }
        let kind: SQLToken.Kind
        switch bytes[start] {
        case UInt8(ascii: "'"), UInt8(ascii: "\""): kind = try string()
        case let byte where Self.isWord(byte):
            skip(Self.isWord)
            kind = bytes[start..<position].allSatisfy(Self.isDigit) ? .integer : .word
        default: kind = .symbol(try symbol())
        }
        return SQLToken(kind: kind, range: start..<position)
    }

    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    func error(_ message: String, at offset: Int, _ kind: SQLSyntaxError.Kind = .parse) -> SQLSyntaxError {
        let character = bytes[..<offset].reduce(1) { UnsafeRawBufferPointer.beginsScalar($1) ? $0 + 1 : $0 }
        return SQLSyntaxError(kind: kind, character: character, message: message)
    }

    private mutating func skip(_ isWanted: (UInt8) -> Bool) {
        while position < bytes.count, isWanted(bytes[position]) { position += 1 }
    }

    /// Between two quotes of a kind, of which one inside is written `\'` or `\"`. Any other `\` stands for itself.
    private mutating func string() throws(SQLSyntaxError) -> SQLToken.Kind {
        let start = position
        let quote = bytes[start]
        var content: [UInt8] = []
        position += 1
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == quote { return .string(String(decoding: content, as: UTF8.self)) }
            if byte == UInt8(ascii: "\\"), position < bytes.count, bytes[position] == quote {
                content.append(quote)
                position += 1
            } else {
                content.append(byte)
            }
        }
        let character = Character(Unicode.Scalar(quote))
        throw error("the string that begins here has no end; close it with \(character)", at: start)
    }

    private mutating func symbol() throws(SQLSyntaxError) -> SQLToken.Symbol {
        for length in [2, 1] where position + length <= bytes.count {
            guard let symbol = SQLToken.Symbol(rawValue: text(position..<position + length)) else { continue }
            position += length
            return symbol
        }
        let rest = String(decoding: bytes[position...].prefix(4), as: UTF8.self)
        let hint = bytes[position] == UInt8(ascii: "!") ? "; write != or NOT" : "; text needs quotes"
        throw error("\"\(rest.prefix(1))\" means nothing here\(hint)", at: position)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isWord(_ byte: UInt8) -> Bool {
        isDigit(byte) || byte == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
