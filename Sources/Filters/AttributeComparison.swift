import EventModel

/// What `exact`, `prefix` and `suffix` share: a list of attributes with operands, all of which must hold.
protocol AttributeComparison: FilterKind {
    var operands: [AttributeOperand] { get }
    static var comparison: FilterCondition.Comparison { get }
    static func holds(_ value: UnsafeRawBufferPointer, _ operand: String.UTF8View) -> Bool
    /// Between value and operand, when it holds and when it does not; follows "type is ...".
    static var positive: String { get }
    static var negative: String { get }
}

extension AttributeComparison {
    func problems(at path: String) -> [FilterProblem] {
        let path = path + Self.name
        guard !operands.isEmpty else {
            return [FilterProblem(path: path, message: "names no attribute; write for example { \(Self.name): { type: order.created } }")]
        }
        return operands.flatMap { operand in
            var problems: [FilterProblem] = []
            if !AttributeName.isLegal(operand.attribute) {
                problems.append(FilterProblem(
                    path: "\(path).\(operand.attribute)",
                    message: AttributeName.advice(for: operand.attribute)))
            }
            if operand.operand.isEmpty {
                problems.append(FilterProblem(
                    path: "\(path).\(operand.attribute)", message: "the value to compare with must not be empty"))
            }
            return problems
        }
    }

    func tree(in fields: inout FieldTree) -> FilterTree {
        .all(operands.map { operand in
            .condition(.attribute(fields.add(attribute: operand.attribute), Self.comparison, ContiguousArray(operand.operand.utf8)))
        })
    }

    func verdict(on event: Event) -> FilterVerdict {
        var reasons: [String] = []
        for operand in operands {
            guard let value = AttributeName.value(operand.attribute, in: event) else {
                return FilterVerdict(matches: false, reason: "\(operand.attribute) is absent")
            }
            let shown = "\(operand.attribute) is \"\(String(decoding: value, as: UTF8.self))\""
            guard Self.holds(value, operand.operand.utf8) else {
                return FilterVerdict(matches: false, reason: "\(shown), \(Self.negative) \"\(operand.operand)\"")
            }
            reasons.append(Self.positive.isEmpty ? shown : "\(shown), \(Self.positive) \"\(operand.operand)\"")
        }
        return FilterVerdict(matches: true, reason: reasons.joined(separator: " and "))
    }
}
