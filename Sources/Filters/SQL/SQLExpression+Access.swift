extension SQLExpression {
    /// What an event must have for the expression to be true, and for evaluating it to meet an error.
    ///
    /// Understood are comparisons of an attribute with text, `LIKE`, `IN` and `EXISTS`, joined by `AND` and `OR`; of
    /// anything else only that any event may do.
    func access(in fields: inout FieldTree) -> AccessPair {
        var reader = SQLAccessReader(expression: self, fields: fields)
        defer { fields = reader.fields }
        return reader.read(instructions.indices)
    }

    func name(of attribute: EventAttribute) -> String {
        switch attribute {
        case .id: "id"
        case .source: "source"
        case .type: "type"
        case .subject: "subject"
        case .time: "time"
        case .datacontenttype: "datacontenttype"
        case .dataschema: "dataschema"
        case .specversion: "specversion"
        case .named(let name): pool.withReader { String(decoding: $0[name], as: UTF8.self) }
        }
    }
}

/// Reads the instructions of an expression backwards into what they look at.
private struct SQLAccessReader {
    let expression: SQLExpression
    var fields: FieldTree
    /// Attributes that an event has for sure where what is read would be evaluated: without them it would not have come there.
    private var present: Set<String> = ["id", "source", "type", "specversion"]

    init(expression: SQLExpression, fields: FieldTree) {
        self.expression = expression
        self.fields = fields
    }

    private enum Junction { case and, or }

    mutating func read(_ code: Range<Int>) -> AccessPair {
        // Chains are read from their end, without recursion: they may be long.
        var operands: [(junction: Junction, code: Range<Int>)] = []
        var first = code
        while let last = lastOperand(first) {
            operands.append((last.junction, last.right))
            first = last.left
        }
        let before = present
        var pair = condition(first)
        // What comes after an `OR` is not only evaluated where all before was true.
        if operands.contains(where: { $0.junction == .or }) { present = before }
        for (junction, code) in operands.reversed() {
            switch junction {
            case .and: pair = .all([pair, condition(code)])
            case .or: pair = .any([pair, condition(code)])
            }
            if operands.contains(where: { $0.junction == .or }) { present = before }
        }
        return pair
    }

    /// The last `AND` or `OR` of a chain, which jumps to the chain's end.
    private func lastOperand(_ code: Range<Int>) -> (junction: Junction, left: Range<Int>, right: Range<Int>)? {
        guard let last = code.last, case .asBoolean = expression.instructions[last] else { return nil }
        for index in code.reversed() {
            let junction: Junction
            switch expression.instructions[index] {
            case .and(end: code.upperBound): junction = .and
            case .or(end: code.upperBound): junction = .or
            default: continue
            }
            return (junction, code.lowerBound..<index, index + 1..<last)
        }
        return nil
    }

    // MARK: Conditions

    private mutating func condition(_ code: Range<Int>) -> AccessPair {
        guard let last = code.last else { return .unknown }
        switch expression.instructions[last] {
        case .asBoolean: return read(code)
        case .boolean(let value) where code.count == 1: return AccessPair(truth: value ? .always : .never)
        case .exists(let attribute) where code.count == 1:
            let name = expression.name(of: attribute)
            defer { present.insert(name) }
            return AccessPair(truth: .keys([.present(fields.add(attribute: name))]))
        case .not, .inverse:
            let before = present
            defer { present = before }
            return AccessPair(truth: .always, failure: condition(code.dropLast()).failure)
        case .equal: return comparison(code.dropLast(), denied: false)
        case .notEqual: return comparison(code.dropLast(), denied: true)
        case .like(let pattern) where code.count == 2: return like(expression.instructions[code.lowerBound], expression.patterns[pattern])
        case .noMember: return members(code.dropLast())
        default: return .unknown
        }
    }

    private mutating func comparison(_ code: Range<Int>, denied: Bool) -> AccessPair {
        guard code.count == 2, case .attribute(let attribute) = expression.instructions[code.lowerBound], let text = text(code.lowerBound + 1)
        else { return .unknown }
        return pair(attribute) { field in denied ? .always : .keys(Self.keys(field, text)) }
    }

    private mutating func like(_ value: SQLExpression.Instruction, _ pattern: LikePattern) -> AccessPair {
        guard case .attribute(let attribute) = value else { return .unknown }
        let beginning = pattern.beginning
        return pair(attribute) { field in
            if pattern.isLiteral { return .keys(Self.keys(field, beginning)) }
            return .keys([Self.isZero(beginning) ? .present(field) : .text(field, .prefix, beginning)])
        }
    }

    private mutating func members(_ code: Range<Int>) -> AccessPair {
        guard !code.isEmpty, code.count % 2 == 1, case .attribute(let attribute) = expression.instructions[code.lowerBound] else { return .unknown }
        var texts: [ContiguousArray<UInt8>] = []
        for index in stride(from: code.lowerBound + 1, to: code.upperBound, by: 2) {
            guard let text = text(index), case .member = expression.instructions[index + 1] else { return .unknown }
            texts.append(text)
        }
        // An extension attribute that is a number or a boolean has the elements cast to its own type, which may fail.
        let isText = if case .named = attribute { false } else { true }
        var pair = pair(attribute) { field in .keys(texts.flatMap { Self.keys(field, $0) } + (isText ? [] : [.notText(field)])) }
        if !isText { pair.failure = .one(of: [pair.failure, .keys([.notText(fields.add(attribute: expression.name(of: attribute)))])]) }
        return pair
    }

    private mutating func pair(_ attribute: EventAttribute, _ truth: (FieldTree.Field) -> Access) -> AccessPair {
        let name = expression.name(of: attribute)
        let field = fields.add(attribute: name)
        let failure = present.contains(name) ? Access.never : .keys([.absent(field)])
        // Whatever is evaluated after this came to be true has the attribute.
        present.insert(name)
        return AccessPair(truth: truth(field), failure: failure)
    }

    private func text(_ index: Int) -> ContiguousArray<UInt8>? {
        guard case .text(let text) = expression.instructions[index] else { return nil }
        return expression.pool.withReader { ContiguousArray($0[text]) }
    }

    /// An extension attribute that is the number -0 is compared as `0`.
    private static func keys(_ field: FieldTree.Field, _ text: ContiguousArray<UInt8>) -> [AccessKey] {
        let own = AccessKey.text(field, .text, text)
        return isZero(text) ? [own, .text(field, .text, [UInt8(ascii: "-"), UInt8(ascii: "0")])] : [own]
    }

    private static func isZero(_ text: ContiguousArray<UInt8>) -> Bool { text.count == 1 && text[0] == UInt8(ascii: "0") }
}
