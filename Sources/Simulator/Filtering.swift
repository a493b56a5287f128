import EventModel

/// Whether a subscription wants an event, worked out in the plainest way. The simulator's events have a `type` only.
func matches(_ filters: [FilterExpression], type: String) -> Bool {
    filters.allSatisfy { matches($0, type: type) }
}

private func matches(_ filter: FilterExpression, type: String) -> Bool {
    func all(_ operands: [AttributeOperand], _ test: (String) -> Bool) -> Bool {
        operands.allSatisfy { $0.attribute == "type" && test($0.operand) }
    }
    switch filter {
    case .exact(let operands): return all(operands) { type == $0 }
    case .prefix(let operands): return all(operands) { type.hasPrefix($0) }
    case .suffix(let operands): return all(operands) { type.hasSuffix($0) }
    case .all(let filters): return filters.allSatisfy { matches($0, type: type) }
    case .any(let filters): return filters.contains { matches($0, type: type) }
    case .not(let filter): return !matches(filter, type: type)
    // What the simulated events do not have.
    case .pattern, .sql: return false
    }
}

extension Simulation {
    /// Whether a subscription may get a record: under the filters in force now, or under those that were when it was read.
    func mayMatch(_ subscription: Int, _ record: SimulatedRecord) -> Bool {
        filtersInForce[subscription].contains { matches($0, type: record.type) }
    }

    /// Whether a subscription need not get a record.
    func mayPass(_ subscription: Int, _ record: SimulatedRecord) -> Bool {
        !record.poison && !filtersInForce[subscription].allSatisfy { matches($0, type: record.type) }
    }
}
