import EventModel

extension FilterExpression {
    /// Whether an event with these context attributes is wanted. Said here a second time, in the plainest way, because
    /// the demo's balance must not rest on the matcher that it checks.
    func matches(_ attributes: [String: String]) -> Bool {
        func every(_ operands: [AttributeOperand], _ test: (String, String) -> Bool) -> Bool {
            operands.allSatisfy { operand in attributes[operand.attribute].map { test($0, operand.operand) } ?? false }
        }
        return switch self {
        case .exact(let operands): every(operands) { $0 == $1 }
        case .prefix(let operands): every(operands) { $0.hasPrefix($1) }
        case .suffix(let operands): every(operands) { $0.hasSuffix($1) }
        case .all(let filters): filters.allSatisfy { $0.matches(attributes) }
        case .any(let filters): filters.contains { $0.matches(attributes) }
        case .not(let filter): !filter.matches(attributes)
        // The demo's manifests have none.
        case .pattern, .sql: false
        }
    }
}
