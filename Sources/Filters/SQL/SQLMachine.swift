import EventModel

/// Evaluates one expression for one event.
///
/// The first error ends the evaluation ("fail fast", 4.1): whatever is around what failed has the zero value of its type.
struct SQLMachine {
    typealias Bytes = UnsafeRawBufferPointer

    private let instructions: UnsafeBufferPointer<SQLExpression.Instruction>
    private let patterns: UnsafeBufferPointer<LikePattern>
    private let texts: TextPool.Reader
    private let stack: UnsafeMutableBufferPointer<SQLValue>
    private var height = 0
    private(set) var failure: SQLFailure?
    /// Strings that functions and casts made.
    private var made: [UnsafeMutableRawBufferPointer] = []
    private var madeBytes = 0

    /// A short expression may name a long attribute thousands of times.
    private static let mostMadeBytes = 16 << 20

    init(
        _ instructions: UnsafeBufferPointer<SQLExpression.Instruction>, _ patterns: UnsafeBufferPointer<LikePattern>,
        _ texts: TextPool.Reader, stack: UnsafeMutableBufferPointer<SQLValue>
    ) {
        self.instructions = instructions
        self.patterns = patterns
        self.texts = texts
        self.stack = stack
    }

    /// To be called once the value is not needed any more.
    func free() { for string in made { string.deallocate() } }

    /// - Parameter kind: the expression's.
    mutating func run(_ event: borrowing Event, _ kind: SQLValue.Kind?) -> SQLValue {
        var position = 0
        while position < instructions.count {
            let jump = perform(instructions[position], event)
            position += 1
            if failure != nil { return position == instructions.count ? stack[0] : .zero(kind ?? .boolean) }
            position = jump ?? position
        }
        return stack[0]
    }

    /// Where to go on, if not at the next instruction.
    private mutating func perform(_ instruction: SQLExpression.Instruction, _ event: borrowing Event) -> Int? {
        switch instruction {
        case .boolean(let value): push(.boolean(value))
        case .integer(let value): push(.integer(value))
        case .text(let text): push(.string(texts[text]))
        case .attribute(let attribute): push(value(of: attribute, event))
        case .exists(let attribute): push(.boolean(attribute.value(in: event, texts) != nil))
        case .not: push(.boolean(!deniable(pop())))
        case .negate: push(.integer(exact((0 as Int32).subtractingReportingOverflow(integer(pop())))))
        case .and(let end):
            let left = boolean(pop())
            guard left else {
                push(.boolean(false))
                return end
            }
        case .or(let end):
            let left = boolean(pop())
            guard !left else {
                push(.boolean(true))
                return end
            }
        case .asBoolean: push(.boolean(boolean(pop())))
        case .xor:
            let right = boolean(pop())
            push(.boolean(boolean(pop()) != right))
        case .equal: push(.boolean(equality()))
        case .notEqual: push(.boolean(!equality()))
        case .order(let order):
            let right = integer(pop())
            push(.boolean(order.holds(integer(pop()), right)))
        case .arithmetic(let operation):
            let right = integer(pop())
            push(.integer(exact(operation.apply(integer(pop()), right))))
        case .like(let index): push(.boolean(patterns[index].matches(string(pop()))))
        case .member(let end):
            let element = pop()
            guard isEqual(element, to: stack[height - 1]) else { return nil }
            stack[height - 1] = .boolean(true)
            return end
        case .noMember: stack[height - 1] = .boolean(false)
        case .inverse: push(.boolean(!boolean(pop())))
        case .call(let function, let arguments):
            height -= arguments
            push(call(function, UnsafeBufferPointer(rebasing: stack[height..<height + arguments])))
        }
        return nil
    }

    private mutating func push(_ value: SQLValue) {
        stack[height] = value
        height += 1
    }

    private mutating func pop() -> SQLValue {
        height -= 1
        return stack[height]
    }

    // MARK: Attributes

    private mutating func value(of attribute: EventAttribute, _ event: borrowing Event) -> SQLValue {
        if let found = attribute.extensionAttribute(in: event, texts) {
            switch found.kind {
            case .string: return .string(found.value)
            case .integer: return SQLCast.integer(found.value).map { .integer($0) } ?? .string(found.value)
            case .boolean: return SQLCast.boolean(found.value).map { .boolean($0) } ?? .string(found.value)
            }
        }
        guard let value = attribute.value(in: event, texts) else {
            failure = .missingAttribute
            return .boolean(false)
        }
        return .string(value)
    }

    // MARK: Casts

    private mutating func boolean(_ value: SQLValue) -> Bool {
        switch value {
        case .boolean(let value): return value
        case .integer(let value): return value != 0
        case .string(let text):
            guard let value = SQLCast.boolean(text) else { return fail(.cast, false) }
            return value
        }
    }

    /// What `NOT` takes. An integer is not among it: the text of the specification says otherwise, and its conformance
    /// tests, which all implementations are held against, say this.
    private mutating func deniable(_ value: SQLValue) -> Bool {
        if case .integer = value { return fail(.cast, false) }
        return boolean(value)
    }

    private mutating func integer(_ value: SQLValue) -> Int32 {
        switch value {
        case .boolean(let value): return value ? 1 : 0
        case .integer(let value): return value
        case .string(let text):
            guard let value = SQLCast.integer(text) else { return fail(.cast, 0) }
            return value
        }
    }

    private mutating func string(_ value: SQLValue) -> Bytes {
        switch value {
        case .boolean(let value):
            let text: StaticString = value ? "true" : "false"
            return Bytes(start: text.utf8Start, count: text.utf8CodeUnitCount)
        case .integer(let value): return make(String(value).utf8)
        case .string(let text): return text
        }
    }

    private mutating func fail<Value>(_ kind: SQLFailure, _ value: Value) -> Value {
        failure = failure ?? kind
        return value
    }

    // MARK: Operators

    /// `=`: the right operand's type is the one to compare in.
    private mutating func equality() -> Bool {
        let right = pop()
        return isEqual(pop(), to: right)
    }

    private mutating func isEqual(_ value: SQLValue, to pattern: SQLValue) -> Bool {
        switch pattern {
        case .boolean(let wanted): boolean(value) == wanted
        case .integer(let wanted): integer(value) == wanted
        case .string(let wanted): string(value).isEqual(to: wanted)
        }
    }

    private mutating func exact(_ result: (partialValue: Int32, overflow: Bool)) -> Int32 {
        result.overflow ? fail(.math, 0) : result.partialValue
    }

    // MARK: Functions

    private mutating func call(_ function: SQLFunction, _ arguments: UnsafeBufferPointer<SQLValue>) -> SQLValue {
        switch function {
        case .length: return .integer(Int32(clamping: string(arguments[0]).scalarCount))
        case .concat: return .string(joined(arguments[...], by: nil))
        case .concatWithSeparator: return .string(joined(arguments.dropFirst(), by: string(arguments[0])))
        case .lower: return .string(mapped(string(arguments[0])) { $0.lowercased() })
        case .upper: return .string(mapped(string(arguments[0])) { $0.uppercased() })
        case .trim: return .string(string(arguments[0]).trimmed)
        case .left, .right:
            let text = string(arguments[0])
            let wanted = Int(integer(arguments[1]))
            guard wanted >= 0 else { return .string(fail(.functionEvaluation, text)) }
            if function == .left { return .string(text.scalars(0..<wanted)) }
            let count = text.scalarCount
            return .string(text.scalars(max(0, count - wanted)..<count))
        case .substring: return .string(substring(arguments))
        case .abs:
            let value = integer(arguments[0])
            return .integer(value == .min ? fail(.math, .max) : abs(value))
        case .int: return .integer(integer(arguments[0]))
        case .bool: return .boolean(boolean(arguments[0]))
        case .string: return .string(string(arguments[0]))
        case .isInt:
            guard case .string(let text) = arguments[0] else { return .boolean(true) }
            return .boolean(SQLCast.integer(text) != nil)
        case .isBool:
            guard case .string(let text) = arguments[0] else { return .boolean(true) }
            return .boolean(SQLCast.boolean(text) != nil)
        }
    }

    private mutating func substring(_ arguments: UnsafeBufferPointer<SQLValue>) -> Bytes {
        let text = string(arguments[0])
        let position = Int(integer(arguments[1]))
        let length = arguments.count == 3 ? Int(integer(arguments[2])) : .max
        let count = text.scalarCount
        let empty = Bytes(start: nil, count: 0)
        guard length >= 0, abs(position) <= count else { return fail(.functionEvaluation, empty) }
        if position == 0 { return empty }
        let start = position > 0 ? position - 1 : count + position
        return text.scalars(start..<start + min(length, count - start))
    }

    private mutating func joined(_ parts: Slice<UnsafeBufferPointer<SQLValue>>, by separator: Bytes?) -> Bytes {
        var text: [UInt8] = []
        for (index, part) in parts.enumerated() {
            if index > 0, let separator { text.append(contentsOf: separator) }
            text.append(contentsOf: string(part))
            // Before it grows any further, not only once it is whole.
            guard hasRoom(for: text.count) else { break }
        }
        return make(text)
    }

    /// What is in the right case already stays where it is.
    private mutating func mapped(_ text: Bytes, _ map: (String) -> String) -> Bytes {
        let result = map(String(decoding: text, as: UTF8.self))
        return result.utf8.elementsEqual(text) ? text : make(result.utf8)
    }

    private mutating func make(_ text: some Collection<UInt8>) -> Bytes {
        guard hasRoom(for: text.count) else { return fail(.functionEvaluation, Bytes(start: nil, count: 0)) }
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: text.count, alignment: 1)
        bytes.copyBytes(from: text)
        made.append(bytes)
        madeBytes += text.count
        return Bytes(bytes)
    }

    private func hasRoom(for count: Int) -> Bool { count <= Self.mostMadeBytes - madeBytes }
}

extension SQLOrder {
    fileprivate func holds(_ left: Int32, _ right: Int32) -> Bool {
        switch self {
        case .less: left < right
        case .lessOrEqual: left <= right
        case .greater: left > right
        case .greaterOrEqual: left >= right
        }
    }
}

extension SQLArithmetic {
    fileprivate func apply(_ left: Int32, _ right: Int32) -> (partialValue: Int32, overflow: Bool) {
        switch self {
        case .add: left.addingReportingOverflow(right)
        case .subtract: left.subtractingReportingOverflow(right)
        case .multiply: left.multipliedReportingOverflow(by: right)
        case .divide: left.dividedReportingOverflow(by: right)
        // That of the least integer by -1 is 0, which is no overflow whatever processors say.
        case .remainder: right == -1 ? (0, false) : left.remainderReportingOverflow(dividingBy: right)
        }
    }
}
