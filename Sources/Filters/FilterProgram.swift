import EventModel

/// Filters as a list of tests, each of which says where to go on when it holds and when it does not. No tree is walked
/// and nothing is allocated when an event runs through it.
///
/// Tests are emitted from the last to the first, so that the places to go on at are known.
struct FilterProgram {
    /// Index of a test, or one of the two ends.
    typealias Target = Int32
    static let match: Target = -1
    static let noMatch: Target = -2

    enum Comparison: UInt8 { case exact, prefix, suffix }

    enum Condition {
        case comparison(EventAttribute, Comparison, TextPool.Text)
        /// By its place in `patterns`.
        case pattern(Int)
        /// By its place in `expressions`.
        case sql(Int)
    }

    struct Test {
        var condition: Condition
        var yes: Target
        var no: Target
    }

    private var tests = ContiguousArray<Test>()
    private var expressions = ContiguousArray<SQLExpression>()
    private var patterns = ContiguousArray<PatternMatch>()
    private var texts = TextPool()
    /// What the patterns look at.
    var fields = FieldTree()

    mutating func emit(_ comparison: Comparison, _ operand: AttributeOperand, yes: Target, no: Target) -> Target {
        let attribute = EventAttribute(operand.attribute, in: &texts)
        return emit(.comparison(attribute, comparison, texts.intern(operand.operand)), yes: yes, no: no)
    }

    mutating func emit(_ pattern: ContentPattern, yes: Target, no: Target) -> Target {
        patterns.append(PatternMatch(pattern, in: &fields))
        return emit(.pattern(patterns.count - 1), yes: yes, no: no)
    }

    mutating func emit(_ expression: SQLExpression, yes: Target, no: Target) -> Target {
        expressions.append(expression)
        return emit(.sql(expressions.count - 1), yes: yes, no: no)
    }

    private mutating func emit(_ condition: Condition, yes: Target, no: Target) -> Target {
        tests.append(Test(condition: condition, yes: yes, no: no))
        return Target(tests.count - 1)
    }

    /// Calls `body` with what runs an event through the program.
    ///
    /// - Parameter fields: the event's, where there are patterns.
    func withRunner<Result>(_ fields: EventFields, _ body: (Runner) -> Result) -> Result {
        tests.withUnsafeBufferPointer { tests in
            patterns.withUnsafeBufferPointer { patterns in
                expressions.withUnsafeBufferPointer { expressions in
                    texts.withReader {
                        body(Runner(tests: tests, texts: $0, patterns: patterns, fields: fields, expressions: expressions))
                    }
                }
            }
        }
    }

    struct Runner {
        let tests: UnsafeBufferPointer<Test>
        let texts: TextPool.Reader
        let patterns: UnsafeBufferPointer<PatternMatch>
        let fields: EventFields
        let expressions: UnsafeBufferPointer<SQLExpression>

        /// - Parameter failed: becomes true where an expression met an error or gave no boolean.
        func matches(_ event: borrowing Event, from start: Target, failed: inout Bool) -> Bool {
            var position = start
            while position >= 0 {
                let test = tests[Int(position)]
                position = holds(test.condition, event, &failed) ? test.yes : test.no
            }
            return position == FilterProgram.match
        }

        private func holds(_ condition: Condition, _ event: borrowing Event, _ failed: inout Bool) -> Bool {
            switch condition {
            case .comparison(let attribute, let comparison, let operand):
                // An attribute that the event does not have equals nothing and begins and ends with nothing.
                guard let value = attribute.value(in: event, texts) else { return false }
                let operand = texts[operand]
                return switch comparison {
                case .exact: value.isEqual(to: operand)
                case .prefix: value.count >= operand.count && value.hasBytes(of: operand, at: 0)
                case .suffix: value.count >= operand.count && value.hasBytes(of: operand, at: value.count - operand.count)
                }
            case .pattern(let index): return patterns[index].matches(fields)
            case .sql(let index):
                let judgement = expressions[index].judge(event)
                if judgement == .fails { failed = true }
                return judgement == .matches
            }
        }
    }
}
