import EventModel

/// An expression of CloudEvents SQL 1.0, compiled to instructions of a stack machine: operands first, then what is done
/// with them. Evaluating it recurses nowhere, and allocates nothing but the strings that functions and casts make.
package struct SQLExpression: Sendable {
    /// Bytes of UTF-8. What is longer is a list that belongs elsewhere.
    package static let maximumLength = 16_384
    /// Of parentheses, arguments, `NOT` and `-` within each other. The parser recurses that deep.
    package static let maximumNesting = 64

    enum Instruction {
        case boolean(Bool)
        case integer(Int32)
        case text(TextPool.Text)
        case attribute(EventAttribute)
        case exists(EventAttribute)
        case not
        case negate
        /// Goes to `end` with `false` (`and`) or `true` (`or`) where that decides; else drops it and goes on.
        case and(end: Int), or(end: Int)
        /// After the right operand of these.
        case asBoolean
        case xor
        case equal
        case notEqual
        case order(SQLOrder)
        case arithmetic(SQLArithmetic)
        /// By its place in `patterns`.
        case like(Int)
        /// The top of the stack is an element, below it is what is looked for. Goes to `end` with `true` or drops the element.
        case member(end: Int)
        /// No element was equal.
        case noMember
        /// After `NOT LIKE` and `NOT IN`: of a boolean, always.
        case inverse
        case call(SQLFunction, arguments: Int)
    }

    /// What the expression gives; nil for an attribute alone, whose type events decide.
    package internal(set) var kind: SQLValue.Kind?
    /// What probably does not mean what was meant.
    package internal(set) var warnings: [SQLSyntaxError] = []
    /// The operands of `AND`, from left to right, as byte ranges of the text; one where it is no chain of `AND`.
    private(set) var conditions: [Range<Int>] = []
    /// In the order in which they occur, each time.
    private(set) var attributes: [String] = []

    private(set) var instructions = ContiguousArray<Instruction>()
    private(set) var patterns = ContiguousArray<LikePattern>()
    private(set) var pool = TextPool()
    /// The most values that are on the stack at once.
    private(set) var stackSize = 0
    private var height = 0

    package init(_ text: String) throws(SQLSyntaxError) {
        var parser = try SQLParser(text)
        self = try parser.parse()
    }

    /// Nothing yet; for the parser.
    init() {}

    // MARK: Emitting

    @discardableResult
    mutating func emit(_ instruction: Instruction) -> Int {
        instructions.append(instruction)
        height += instruction.growth
        stackSize = max(stackSize, height)
        return instructions.count - 1
    }

    mutating func emit(string text: String) { emit(.text(pool.intern(text))) }

    mutating func emit(attribute name: String, _ make: (EventAttribute) -> Instruction) {
        attributes.append(name)
        emit(make(EventAttribute(name, in: &pool)))
    }

    mutating func emit(like pattern: String) {
        patterns.append(LikePattern(pattern.utf8))
        emit(.like(patterns.count - 1))
    }

    /// Makes these instructions go to the place after the last one.
    mutating func land(_ jumps: [Int]) {
        for jump in jumps {
            switch instructions[jump] {
            case .and: instructions[jump] = .and(end: instructions.count)
            case .or: instructions[jump] = .or(end: instructions.count)
            case .member: instructions[jump] = .member(end: instructions.count)
            default: preconditionFailure("\(instructions[jump]) goes nowhere")
            }
        }
    }

    mutating func finish(_ kind: SQLValue.Kind?, conditions: [Range<Int>]) {
        self.kind = kind
        self.conditions = conditions
    }
}

enum SQLOrder { case less, lessOrEqual, greater, greaterOrEqual }
enum SQLArithmetic { case add, subtract, multiply, divide, remainder }

extension SQLExpression.Instruction {
    /// By how many values the stack grows where no jump is taken. A jump leaves it as it is at its target.
    fileprivate var growth: Int {
        switch self {
        case .boolean, .integer, .text, .attribute, .exists: 1
        case .not, .negate, .asBoolean, .like, .noMember, .inverse: 0
        case .and, .or, .xor, .equal, .notEqual, .order, .arithmetic, .member: -1
        case .call(_, let arguments): 1 - arguments
        }
    }
}
