/// Parses an expression by precedence climbing and compiles it on the way (CloudEvents SQL 1.0, chapter 2 and 3.6).
///
/// The operators as the specification orders them, which is not SQL's way: `NOT` binds tighter than all others (`NOT a =
/// b` is `(NOT a) = b`), and `AND`, `OR` and `XOR` bind alike (`a OR b AND c` is `(a OR b) AND c`).
package struct SQLParser {
    private var lexer: SQLLexer
    /// The one that comes next.
    private var token: SQLToken
    /// Where the last one ended.
    private var end = 0
    private var nesting = 0
    /// Tokens and operands, each time that one is looked at: what parsing costs.
    package private(set) var steps = 0
    private var expression = SQLExpression()

    /// A kind, or nil where only the event decides it.
    private typealias Kind = SQLValue.Kind?

    package init(_ text: String) throws(SQLSyntaxError) {
        lexer = SQLLexer(text)
        guard lexer.bytes.count <= SQLExpression.maximumLength else {
            throw lexer.error(
                "is longer than \(SQLExpression.maximumLength) bytes; divide it into several filters", at: SQLExpression.maximumLength)
        }
        token = try lexer.next()
    }

    package mutating func parse() throws(SQLSyntaxError) -> SQLExpression {
        guard token.kind != .end else { throw error("is empty; write a condition such as type = 'order.created'") }
        let (kind, conditions) = try logical()
        guard token.kind == .end else {
            throw error("the expression could end before \(shown); write an operator such as AND or = between two values")
        }
        expression.finish(kind, conditions: conditions)
        return expression
    }

    // MARK: Binary operators

    /// A chain of `AND`, `OR` and `XOR`, and the operands of those `AND` that all must hold for it to hold.
    private mutating func logical() throws(SQLSyntaxError) -> (Kind, conditions: [Range<Int>]) {
        let start = token.range.lowerBound
        var kind = try binary(atLeast: 1)
        var conditions = [start..<end]
        var first: String?
        var isMixed = false
        while let keyword = keyword, ["AND", "OR", "XOR"].contains(keyword) {
            if let first, first != keyword, !isMixed {
                isMixed = true
                warn("\(first) and \(keyword) bind alike, from left to right; put parentheses around what belongs together", token)
            }
            first = first ?? keyword
            try advance()
            let jump: Int? = switch keyword {
            case "AND": expression.emit(.and(end: 0))
            case "OR": expression.emit(.or(end: 0))
            default: nil
            }
            let right = token.range.lowerBound
            _ = try binary(atLeast: 1)
            expression.emit(jump == nil ? .xor : .asBoolean)
            expression.land(jump.map { [$0] } ?? [])
            if keyword == "AND" { conditions.append(right..<end) } else { conditions = [start..<end] }
            kind = .boolean
        }
        return (kind, conditions)
    }

    private struct Operator {
        var precedence: Int
        var instruction: SQLExpression.Instruction
        var result: SQLValue.Kind

        init?(_ symbol: SQLToken.Symbol) {
            (precedence, instruction, result) = switch symbol {
            case .equal: (1, .equal, .boolean)
            case .notEqual, .diamond: (1, .notEqual, .boolean)
            case .less: (1, .order(.less), .boolean)
            case .lessOrEqual: (1, .order(.lessOrEqual), .boolean)
            case .greater: (1, .order(.greater), .boolean)
            case .greaterOrEqual: (1, .order(.greaterOrEqual), .boolean)
            case .plus: (2, .arithmetic(.add), .integer)
            case .minus: (2, .arithmetic(.subtract), .integer)
            case .times: (3, .arithmetic(.multiply), .integer)
            case .divide: (3, .arithmetic(.divide), .integer)
            case .remainder: (3, .arithmetic(.remainder), .integer)
            case .open, .close, .comma: (0, .not, .boolean)
            }
            if precedence == 0 { return nil }
        }
    }

    private mutating func binary(atLeast minimum: Int) throws(SQLSyntaxError) -> Kind {
        steps += 1
        let start = token
        var kind = try operand()
        if isKeyword("NOT", start), case .symbol(let symbol) = token.kind, Operator(symbol)?.precedence == 1 { warnOfNot(start) }
        while case .symbol(let symbol) = token.kind, let found = Operator(symbol), found.precedence >= minimum {
            try advance()
            _ = try binary(atLeast: found.precedence + 1)
            expression.emit(found.instruction)
            kind = found.result
        }
        return kind
    }

    // MARK: LIKE and IN

    /// What `LIKE` and `IN` follow, any number of times.
    private mutating func operand() throws(SQLSyntaxError) -> Kind {
        steps += 1
        let start = token
        var kind = try unary()
        while true {
            var keyword = self.keyword
            guard let first = keyword, ["NOT", "LIKE", "IN"].contains(first) else { return kind }
            if isKeyword("NOT", start) { warnOfNot(start) }
            try advance()
            if first == "NOT" {
                keyword = self.keyword
                guard keyword == "LIKE" || keyword == "IN" else {
                    throw error("NOT after a value needs LIKE or IN behind it, as in subject NOT LIKE 'a%'")
                }
                try advance()
            }
            if keyword == "LIKE" { try like() } else { try members() }
            if first == "NOT" { expression.emit(.inverse) }
            kind = .boolean
        }
    }

    private mutating func like() throws(SQLSyntaxError) {
        guard case .string(let pattern) = token.kind else {
            throw error("LIKE needs a pattern in quotes behind it, as in source LIKE '/shop/%'")
        }
        try advance()
        expression.emit(like: pattern)
    }

    private mutating func members() throws(SQLSyntaxError) {
        guard token.kind == .symbol(.open) else { throw error("IN needs a list in parentheses behind it, as in type IN ('a', 'b')") }
        try advance()
        var jumps: [Int] = []
        repeat {
            _ = try nested()
            jumps.append(expression.emit(.member(end: 0)))
        } while try takes(.comma)
        try expectClose()
        expression.emit(.noMember)
        expression.land(jumps)
    }

    // MARK: Operands

    private mutating func unary() throws(SQLSyntaxError) -> Kind {
        switch token.kind {
        case .symbol(.minus):
            try advance()
            if token.kind == .integer { return try integer("-") }
            try deeper { parser throws(SQLSyntaxError) in _ = try parser.unary() }
            expression.emit(.negate)
            return .integer
        case .symbol(.plus):
            try advance()
            guard token.kind == .integer else { throw error("+ needs digits or a value before it") }
            return try integer("+")
        case .word where keyword == "NOT":
            try advance()
            try deeper { parser throws(SQLSyntaxError) in _ = try parser.unary() }
            expression.emit(.not)
            return .boolean
        default: return try primary()
        }
    }

    private mutating func primary() throws(SQLSyntaxError) -> Kind {
        switch token.kind {
        case .integer: return try integer("")
        case .string(let text):
            try advance()
            expression.emit(string: text)
            return .string
        case .symbol(.open):
            try advance()
            let kind = try nested()
            try expectClose()
            return kind
        case .word: return try word()
        case .symbol, .end: throw error("a value is missing before \(shown)")
        }
    }

    private mutating func integer(_ sign: String) throws(SQLSyntaxError) -> Kind {
        guard let value = Int32(sign + lexer.text(token.range)) else {
            throw error("\(sign)\(lexer.text(token.range)) does not fit into 32 bits; compare it as text, in quotes")
        }
        try advance()
        expression.emit(.integer(value))
        return .integer
    }

    private mutating func word() throws(SQLSyntaxError) -> Kind {
        let start = token
        switch keyword {
        case "TRUE", "FALSE":
            expression.emit(.boolean(keyword == "TRUE"))
            try advance()
            return .boolean
        case "EXISTS":
            try advance()
            guard token.kind == .word, keyword == nil else { throw error("EXISTS needs an attribute behind it, as in EXISTS subject") }
            expression.emit(attribute: try attribute(token)) { .exists($0) }
            try advance()
            return .boolean
        case let keyword?: throw error("a value is missing before \(keyword)")
        case nil: break
        }
        try advance()
        if token.kind == .symbol(.open) { return try call(start) }
        expression.emit(attribute: try attribute(start)) { .attribute($0) }
        return nil
    }

    private func attribute(_ token: SQLToken) throws(SQLSyntaxError) -> String {
        let name = lexer.text(token.range)
        guard AttributeName.isLegal(name) else { throw lexer.error(AttributeName.advice(for: name), at: token.range.lowerBound) }
        return name
    }

    private mutating func call(_ start: SQLToken) throws(SQLSyntaxError) -> Kind {
        try advance()
        var arguments = 0
        if token.kind != .symbol(.close) {
            repeat {
                _ = try nested()
                arguments += 1
            } while try takes(.comma)
        }
        try expectClose()
        let name = lexer.text(start.range)
        guard let function = SQLFunction.named(name) else {
            let known = SQLFunction.allCases.map { "\($0.signature.name)" }.joined(separator: ", ")
            throw lexer.error("there is no function \(name); there are \(known)", at: start.range.lowerBound, .missingFunction)
        }
        let signature = function.signature
        guard signature.arguments.contains(arguments) else {
            throw lexer.error(
                "\(signature.name) takes \(signature.arguments.inWords), not \(arguments)", at: start.range.lowerBound, .missingFunction)
        }
        expression.emit(.call(function, arguments: arguments))
        return signature.result
    }

    // MARK: Tokens

    /// An expression within another one.
    private mutating func nested() throws(SQLSyntaxError) -> Kind {
        var kind: Kind
        kind = nil
        try deeper { parser throws(SQLSyntaxError) in kind = try parser.logical().0 }
        return kind
    }

    private mutating func deeper(_ parse: (inout SQLParser) throws(SQLSyntaxError) -> Void) throws(SQLSyntaxError) {
        guard nesting < SQLExpression.maximumNesting else {
            throw error("is nested deeper than \(SQLExpression.maximumNesting) levels; divide it into several filters")
        }
        nesting += 1
        try parse(&self)
        nesting -= 1
    }

    private mutating func advance() throws(SQLSyntaxError) {
        steps += 1
        end = token.range.upperBound
        token = try lexer.next()
    }

    private mutating func takes(_ symbol: SQLToken.Symbol) throws(SQLSyntaxError) -> Bool {
        guard token.kind == .symbol(symbol) else { return false }
        try advance()
        return true
    }

    private mutating func expectClose() throws(SQLSyntaxError) {
        guard try takes(.close) else { throw error("a ) is missing before \(shown)") }
    }

    private static let keywords: Set<String> = ["AND", "OR", "XOR", "NOT", "LIKE", "IN", "EXISTS", "TRUE", "FALSE"]

    /// The next token as a keyword, in capitals; nil for anything else.
    private var keyword: String? { keyword(token) }

    private func keyword(_ token: SQLToken) -> String? {
        guard token.kind == .word, token.range.count <= 6 else { return nil }
        let word = lexer.text(token.range).uppercased()
        return Self.keywords.contains(word) ? word : nil
    }

    private func isKeyword(_ wanted: String, _ token: SQLToken) -> Bool { keyword(token) == wanted }

    private var shown: String { token.kind == .end ? "the end" : lexer.text(token.range) }

    private func error(_ message: String) -> SQLSyntaxError { lexer.error(message, at: token.range.lowerBound) }

    private mutating func warnOfNot(_ token: SQLToken) {
        warn("NOT binds to the value behind it alone; put parentheses around what it shall deny", token)
    }

    private mutating func warn(_ message: String, _ token: SQLToken) {
        // Whoever heeds a few will see the others.
        guard expression.warnings.count < 3 else { return }
        expression.warnings.append(lexer.error(message, at: token.range.lowerBound))
    }
}

extension ClosedRange<Int> {
    fileprivate var inWords: String {
        if upperBound == .max { return "\(lowerBound) arguments or more" }
        return count == 1 ? "\(lowerBound) argument\(lowerBound == 1 ? "" : "s")" : "\(lowerBound) to \(upperBound) arguments"
    }
}
