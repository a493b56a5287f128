/// What a regular expression says, before it is made into steps.
indirect enum PatternSyntax {
    case empty
    case one(ScalarClass)
    case sequence([PatternSyntax])
    case alternatives([PatternSyntax])
    /// `greatest` nil: any number.
    case `repeat`(PatternSyntax, least: Int, greatest: Int?)
    case start
    case end
    case wordBoundary(Bool)
}

/// Why a regular expression cannot be used, as the end of a sentence that begins with "the pattern".
struct PatternError: Error {
    var message: String
}

/// Reads the regular expressions of ECMA 262 (section 15.10.1), which JSON Schema prescribes, but for what no automaton can
/// do: backreferences and looking around.
struct PatternParser {
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0

    private static let deepestGroup = 50
    private static let mostRepetitions = 1000

    static func parse(_ pattern: String) throws(PatternError) -> PatternSyntax {
        var parser = PatternParser(scalars: Array(pattern.unicodeScalars))
        let syntax = try parser.alternatives()
        guard parser.position == parser.scalars.count else { throw PatternError(message: "closes a group that is not open") }
        return syntax
    }

    private init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

    private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        position += 1
        return true
    }

    private mutating func alternatives() throws(PatternError) -> PatternSyntax {
        var all = [try sequence()]
        while take("|") { all.append(try sequence()) }
        return all.count == 1 ? all[0] : .alternatives(all)
    }

    private mutating func sequence() throws(PatternError) -> PatternSyntax {
        var items: [PatternSyntax] = []
        while let scalar = next, scalar != "|", scalar != ")" {
            let item = try atom()
            items.append(try quantified(item))
        }
        return items.count == 1 ? items[0] : items.isEmpty ? .empty : .sequence(items)
    }

    private mutating func atom() throws(PatternError) -> PatternSyntax {
        let scalar = scalars[position]
        position += 1
        switch scalar {
        case "^": return .start
        case "$": return .end
        case ".": return .one(ScalarClass.lineEnds.negated)
        case "(": return try group()
        case "[": return .one(try characterClass())
        case "\\": return try escape()
        case "*", "+", "?": throw PatternError(message: "repeats nothing with \(scalar)")
        case "{", "}", "]": throw PatternError(message: "has a \(scalar) that stands for itself; write \\\(scalar)")
        default: return .one(ScalarClass(scalar))
        }
    }

    private mutating func group() throws(PatternError) -> PatternSyntax {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepestGroup else { throw PatternError(message: "has groups nested more than \(Self.deepestGroup) deep") }
        if take("?") {
            guard take(":") || namesGroup() else {
                throw PatternError(message: "looks ahead or behind, which is not supported, since it has no bounded cost")
            }
        }
        let inside = try alternatives()
        guard take(")") else { throw PatternError(message: "has a group that is not closed") }
        return inside
    }

    /// `(?<name>`, where a lookbehind would have `=` or `!`.
    private mutating func namesGroup() -> Bool {
        guard next == "<", position + 1 < scalars.count, scalars[position + 1] != "=", scalars[position + 1] != "!",
            let end = scalars[position...].firstIndex(of: ">")
        else { return false }
        position = end + 1
        return true
    }

    // MARK: Repetition

    private mutating func quantified(_ item: PatternSyntax) throws(PatternError) -> PatternSyntax {
        let counts: (Int, Int?)
        switch next {
        case "*": counts = (0, nil)
        case "+": counts = (1, nil)
        case "?": counts = (0, 1)
        case "{":
            position += 1
            counts = try bounds()
            position -= 1
        default: return item
        }
        position += 1
        // Lazy or greedy makes no difference to whether there is a match.
        _ = take("?")
        if let next, "*+?{".unicodeScalars.contains(next) { throw PatternError(message: "repeats a repetition with \(next)") }
        switch item {
        case .start, .end, .wordBoundary: throw PatternError(message: "repeats a place")
        default: return .repeat(item, least: counts.0, greatest: counts.1)
        }
    }

    /// `3}`, `3,}` or `3,5}`.
    private mutating func bounds() throws(PatternError) -> (Int, Int?) {
        guard let least = number() else { throw PatternError(message: "has a { that stands for itself; write \\{") }
        var greatest: Int? = least
        if take(",") { greatest = number() }
        guard take("}") else { throw PatternError(message: "has a { that stands for itself; write \\{") }
        guard greatest ?? least >= least else { throw PatternError(message: "repeats at least \(least) and at most \(greatest ?? 0) times") }
        guard max(least, greatest ?? 0) <= Self.mostRepetitions else {
            throw PatternError(message: "repeats more than \(Self.mostRepetitions) times; use minLength and maxLength")
        }
        return (least, greatest)
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let digit = next.flatMap({ $0.isASCII ? Character($0).wholeNumberValue : nil }) {
            value = min((value ?? 0) * 10 + digit, 1_000_000)
            position += 1
        }
        return value
    }

    // MARK: Characters

    private mutating func escape() throws(PatternError) -> PatternSyntax {
        switch next {
        case "b":
            position += 1
            return .wordBoundary(true)
        case "B":
            position += 1
            return .wordBoundary(false)
        case let digit? where digit >= "1" && digit <= "9":
            throw PatternError(message: "refers back to a group, which is not supported, since it has no bounded cost")
        case "k": throw PatternError(message: "refers back to a group, which is not supported, since it has no bounded cost")
        default: return .one(try escapedClass())
        }
    }

    /// Behind a backslash.
    private mutating func escapedClass() throws(PatternError) -> ScalarClass {
        guard let scalar = next else { throw PatternError(message: "ends with a backslash") }
        position += 1
        switch scalar {
        case "d": return .digits
        case "D": return ScalarClass.digits.negated
        case "w": return .word
        case "W": return ScalarClass.word.negated
        case "s": return .space
        case "S": return ScalarClass.space.negated
        case "p", "P":
            let property = try property()
            return scalar == "p" ? property : property.negated
        default: return ScalarClass(try escapedScalar(scalar))
        }
    }

    private mutating func escapedScalar(_ scalar: Unicode.Scalar) throws(PatternError) -> Unicode.Scalar {
        switch scalar {
        case "t": return "\t"
        case "n": return "\n"
        case "v": return "\u{B}"
        case "f": return "\u{C}"
        case "r": return "\r"
        case "0": return "\0"
        case "x": return try hexadecimal(2)
        case "u":
            guard take("{") else { return try utf16() }
            let digits = scalars[position...].prefix { $0 != "}" }.count
            let found = try hexadecimal(digits)
            guard take("}") else { throw PatternError(message: "has an escape \\u{ that is not closed") }
            return found
        case "c":
            guard let letter = next, letter.isASCII, Character(letter).isLetter, let control = Unicode.Scalar(letter.value & 31) else {
                throw PatternError(message: "has an escape \\c without a letter")
            }
            position += 1
            return control
        case _ where scalar.isASCII && Character(scalar).isLetter || Character(scalar).isNumber:
            throw PatternError(message: "has the escape \\\(scalar), which means nothing")
        default: return scalar
        }
    }

    private mutating func hexadecimal(_ digits: Int) throws(PatternError) -> Unicode.Scalar {
        let text = String(String.UnicodeScalarView(scalars[position...].prefix(digits)))
        guard digits > 0, text.unicodeScalars.count == digits, !text.hasPrefix("+"), !text.hasPrefix("-"),
            let value = UInt32(text, radix: 16), let scalar = Unicode.Scalar(value)
        else { throw PatternError(message: "has an escape whose hexadecimal digits name no character") }
        position += digits
        return scalar
    }

    /// `uFFFF`, or two of them that make a pair.
    private mutating func utf16() throws(PatternError) -> Unicode.Scalar {
        let high = String(String.UnicodeScalarView(scalars[position...].prefix(4)))
        guard let unit = UInt16(high, radix: 16), UTF16.isLeadSurrogate(unit) else { return try hexadecimal(4) }
        let low = String(String.UnicodeScalarView(scalars[position...].dropFirst(6).prefix(4)))
        guard scalars[position...].dropFirst(4).starts(with: "\\u".unicodeScalars), let second = UInt16(low, radix: 16),
            UTF16.isTrailSurrogate(second),
            let scalar = Unicode.Scalar(0x10000 + (UInt32(unit) & 0x3FF) << 10 + UInt32(second) & 0x3FF)
        else { throw PatternError(message: "has half a surrogate pair") }
        position += 10
        return scalar
    }

    private mutating func property() throws(PatternError) -> ScalarClass {
        guard take("{"), let end = scalars[position...].firstIndex(of: "}") else {
            throw PatternError(message: "has an escape \\p without {...}")
        }
        let name = String(String.UnicodeScalarView(scalars[position..<end]))
        position = end + 1
        guard let found = ScalarClass.property(name) else {
            throw PatternError(message: "has \\p{\(name)}; supported are general categories such as \\p{L} and \\p{Lu}")
        }
        return found
    }

    private mutating func characterClass() throws(PatternError) -> ScalarClass {
        let isNegated = take("^")
        var result = ScalarClass()
        while !take("]") {
            let (first, single) = try classItem()
            guard next == "-", position + 1 < scalars.count, scalars[position + 1] != "]" else {
                result.insert(first)
                continue
            }
            position += 1
            let (_, last) = try classItem()
            guard let single, let last, single.value <= last.value else {
                throw PatternError(message: "has a range of characters that is none")
            }
            result.insert(single.value...last.value)
        }
        return isNegated ? result.negated : result
    }

    /// What stands in brackets, and which character it is if it is one.
    private mutating func classItem() throws(PatternError) -> (ScalarClass, Unicode.Scalar?) {
        guard let scalar = next else { throw PatternError(message: "has a [ that is not closed") }
        position += 1
        guard scalar == "\\" else { return (ScalarClass(scalar), scalar) }
        guard let escaped = next else { throw PatternError(message: "ends with a backslash") }
        if "dDwWsSpP".unicodeScalars.contains(escaped) { return (try escapedClass(), nil) }
        position += 1
        let found = escaped == "b" ? "\u{8}" : escaped == "-" ? "-" : try escapedScalar(escaped)
        return (ScalarClass(found), found)
    }
}
