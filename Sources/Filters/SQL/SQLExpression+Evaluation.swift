package import EventModel

extension SQLExpression {
    /// Evaluates the expression. What `body` gets is good until it returns.
    package func evaluate<Result>(_ event: borrowing Event, _ body: (SQLValue, SQLFailure?) -> Result) -> Result {
        instructions.withUnsafeBufferPointer { instructions in
            patterns.withUnsafeBufferPointer { patterns in
                pool.withReader { texts in
                    withUnsafeTemporaryAllocation(of: SQLValue.self, capacity: stackSize) { stack in
                        var machine = SQLMachine(instructions, patterns, texts, stack: stack)
                        defer { machine.free() }
                        let value = machine.run(event, kind)
                        return body(value, machine.failure)
                    }
                }
            }
        }
    }

    /// What the expression says as a filter: only `true` without an error lets an event pass.
    enum Judgement { case matches, doesNot, fails }

    func judge(_ event: borrowing Event) -> Judgement {
        evaluate(event) { value, failure in
            guard failure == nil, case .boolean(let matches) = value else { return .fails }
            return matches ? .matches : .doesNot
        }
    }
}
