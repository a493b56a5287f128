import EventModel
import Filters
import Testing

/// Expressions and patterns that nobody thought of.
@Suite("Random CloudEvents SQL")
struct SQLRandomTests {
    /// LIKE by the book: every way to divide the text.
    private func like(_ text: ArraySlice<Unicode.Scalar>, _ pattern: ArraySlice<Unicode.Scalar>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        let rest = pattern.dropFirst()
        switch first {
        case "%": return (0...text.count).contains { like(text.dropFirst($0), rest) }
        case "_": return !text.isEmpty && like(text.dropFirst(), rest)
        case "\\" where rest.first == "%" || rest.first == "_": return text.first == rest.first && like(text.dropFirst(), rest.dropFirst())
        default: return text.first == first && like(text.dropFirst(), rest)
        }
    }

    @Test("patterns match as the plain reading says", arguments: 1...10 as ClosedRange<UInt64>)
    func patterns(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        func text(_ letters: [String], _ count: ClosedRange<Int>) -> String {
            (0..<Int.random(in: count, using: &generator)).map { _ in letters.randomElement(using: &generator)! }.joined()
        }
        for _ in 0..<500 {
            let value = text(["a", "b", "é", "%", "_", "\\"], 0...8)
            let pattern = text(["a", "b", "é", "%", "%", "_", "\\"], 0...6)
            // A backslash at the end would escape the quote.
            guard pattern.last != "\\" else { continue }
            let event = TestEvent(["subject": value])
            let expected = like(Array(value.unicodeScalars)[...], Array(pattern.unicodeScalars)[...])
            #expect(event.matches(.sql("subject LIKE '\(pattern)'")) == expected, "'\(value)' LIKE '\(pattern)', seed \(seed)")
        }
    }

    @Test("long pieces match as the plain reading says", arguments: 1...10 as ClosedRange<UInt64>)
    func longPieces(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let letters = ["a", "a", "a", "b", "é", "€"]
        for _ in 0..<20 {
            let value = (0..<400).map { _ in letters.randomElement(using: &generator)! }
            // Cut out of the text, so that most are found; with _ in it they are longer than a word of the automaton.
            let start = Int.random(in: 0..<200, using: &generator)
            var piece = Array(value[start..<start + Int.random(in: 60...200, using: &generator)])
            for _ in 0..<Int.random(in: 0...40, using: &generator) { piece[Int.random(in: piece.indices, using: &generator)] = "_" }
            if Bool.random(using: &generator) { piece[Int.random(in: piece.indices, using: &generator)] = "b" }
            let event = TestEvent(["subject": value.joined()])
            func isFound(_ piece: [String]) -> Bool {
                (0...value.count - piece.count).contains { start in piece.indices.allSatisfy { piece[$0] == "_" || piece[$0] == value[start + $0] } }
            }
            let text = piece.joined()
            #expect(event.matches(.sql("subject LIKE '%\(text)%'")) == isFound(piece), "'\(value.joined())' LIKE '%\(text)%', seed \(seed)")
            let isPrefix = piece.indices.allSatisfy { piece[$0] == "_" || piece[$0] == value[$0] }
            #expect(event.matches(.sql("subject LIKE '\(text)%'")) == isPrefix)
            let end = Array(value.suffix(piece.count))
            #expect(event.matches(.sql("subject LIKE '%\(text)'")) == piece.indices.allSatisfy { piece[$0] == "_" || piece[$0] == end[$0] })
        }
    }

    @Test("patterns with many % take no longer than those with few")
    func pathological() {
        let event = TestEvent(["subject": String(repeating: "a", count: 2_000)])
        // Tried in all ways, this would take longer than the universe exists.
        #expect(!event.matches(.sql("subject LIKE '\(String(repeating: "%a", count: 500))b'")))
        #expect(event.matches(.sql("subject LIKE '\(String(repeating: "%a", count: 500))%'")))
    }

    /// Tried at every place of the text anew, each would be ten thousand million steps.
    @Test("long pieces that nearly match everywhere come to an end", .timeLimit(.minutes(1)), arguments: [
        ("", "b%", false), ("", "%", true), ("_", "b%", false), ("_", "%", true), ("", "_b_%", false), ("%_%", "é%", false), ("", "b", false), ("_", "_", true),
    ])
    func longNearMatches(_ start: String, _ end: String, _ expected: Bool) {
        let event = TestEvent(["subject": String(repeating: "a", count: 1 << 20)])
        let pattern = "%\(start)\(String(repeating: "a", count: 16_000))\(end)"
        #expect(event.matches(.sql("subject LIKE '\(pattern)'")) == expected)
    }

    private static let pieces = [
        "type", "subject", "nothing", "data", "Type", "'a'", "\"b\"", "'", "\"", "1", "-2147483648", "2147483648", "true", "FALSE", "(", ")", ",", "+", "-", "*",
        "/", "%", "=", "!=", "<>", "<", ">=", "!", " AND ", " or ", " XOR ", " NOT ", " LIKE ", " IN ", "EXISTS ", "LENGTH(", "CONCAT_WS(", "LEFT(", "SUBSTRING(",
        "UPPER(", "ABS(", "NOPE(", "\\", "é", "\u{0}", "\n", " ",
    ]

    /// Either refused, with a place inside or just behind it, or evaluated to whatever.
    private func tryOut(_ text: String, _ event: TestEvent) -> Bool {
        do throws(SQLSyntaxError) {
            let expression = try SQLExpression(text)
            event.evaluate(expression) { _, _ in }
            return true
        } catch {
            #expect((1...text.unicodeScalars.count + 1).contains(error.character), "\(text)")
            return false
        }
    }

    @Test("text never crashes anything, and every refusal has its place", arguments: 1...10 as ClosedRange<UInt64>)
    func noise(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let event = TestEvent(["id": "1", "source": "/s", "type": "12", "subject": "é"])
        for _ in 0..<2_000 {
            let text = (0..<Int.random(in: 0...12, using: &generator)).map { _ in Self.pieces.randomElement(using: &generator)! }.joined()
            _ = tryOut(text, event)
            let bytes = (0..<Int.random(in: 0...20, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
            _ = tryOut(String(decoding: bytes, as: UTF8.self), event)
        }
    }

    private func condition(_ depth: Int, _ random: inout SeededGenerator) -> String {
        func inner() -> String { condition(depth - 1, &random) }
        switch Int.random(in: 0..<(depth == 0 ? 4 : 11), using: &random) {
        case 0: return ["type", "subject", "nothing"].randomElement(using: &random)!
        case 1: return "\(Int32.random(in: -3...3, using: &random))"
        case 2: return ["'1'", "'true'", "'x'", "''"].randomElement(using: &random)!
        case 3: return "EXISTS subject"
        case 4: return "(\(inner()) \(["+", "-", "*", "/", "%"].randomElement(using: &random)!) \(inner()))"
        case 5: return "(\(inner()) \(["=", "!=", "<", "<="].randomElement(using: &random)!) \(inner()))"
        case 6: return "(\(inner()) \(["AND", "OR", "XOR"].randomElement(using: &random)!) \(inner()))"
        case 7: return "(NOT \(inner()))"
        case 8: return "(\(inner()) NOT IN (\(inner()), \(inner())))"
        case 9: return "(\(inner()) LIKE '%_')"
        default: return "CONCAT(\(inner()), SUBSTRING(\(inner()), \(inner()), \(inner())))"
        }
    }

    @Test("expressions evaluate, and their mutilations are refused or evaluate too", arguments: 1...10 as ClosedRange<UInt64>)
    func mutations(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let event = TestEvent(["id": "1", "source": "/s", "type": "12", "subject": "é"])
        for _ in 0..<300 {
            let text = condition(4, &generator)
            #expect(tryOut(text, event), "\(text)")
            var scalars = Array(text.unicodeScalars)
            for _ in 0..<Int.random(in: 1...3, using: &generator) where !scalars.isEmpty {
                let place = scalars.indices.randomElement(using: &generator)!
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: scalars.remove(at: place)
                case 1: scalars.insert(scalars.randomElement(using: &generator)!, at: place)
                default: scalars.swapAt(place, scalars.indices.randomElement(using: &generator)!)
                }
            }
            var mutilated = String.UnicodeScalarView()
            mutilated.append(contentsOf: scalars)
            _ = tryOut(String(mutilated), event)
        }
    }

    @Test("expressions of a chain say of NOT, AND and OR what booleans do", arguments: 1...10 as ClosedRange<UInt64>)
    func logic(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let event = TestEvent()
        for _ in 0..<300 {
            var text = "true"
            var value = true
            for _ in 0..<Int.random(in: 1...12, using: &generator) {
                let right = Bool.random(using: &generator)
                let denied = Bool.random(using: &generator)
                let operand = denied ? !right : right
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: (text, value) = (text + " AND ", value && operand)
                case 1: (text, value) = (text + " OR ", value || operand)
                default: (text, value) = (text + " XOR ", value != operand)
                }
                text += "\(denied ? "NOT " : "")\(right)"
            }
            #expect(event.matches(.sql(text)) == value, "\(text)")
            #expect(event.explain(.sql(text)).isEmpty == value, "\(text)")
        }
    }

    @Test("expressions twice as long take twice the steps")
    func linear() throws {
        for piece in ["1+", "NOT true AND ", "((1)) +", "type   =   ", "LENGTH  (id)+"] {
            let steps = try [100, 200, 400].map { count in
                var parser = try SQLParser(String(repeating: piece, count: count) + "1")
                _ = try parser.parse()
                return parser.steps
            }
            #expect(steps[2] - steps[1] == 2 * (steps[1] - steps[0]), "\(piece)")
        }
    }
}
