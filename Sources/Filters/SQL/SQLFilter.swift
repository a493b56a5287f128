import EventModel

/// `sql`: an expression of CloudEvents SQL 1.0 is true, and evaluating it meets no error.
struct SQLFilter: FilterKind {
    static let name = "sql"
    let text: String

    static var guide: FilterGuide {
        FilterGuide(
            name, "The expression is true, and evaluating it meets no error.",
            cost: """
                Found by comparisons of attributes with text, LIKE with a fixed beginning, IN and EXISTS, joined by AND and OR, as far as nothing \
                before them can be an error; run for every event otherwise.
                """,
            [
                .yes(#"{"sql": "source LIKE '/shop/%' AND INT(hop) < 5"}"#, #"{"source": "/shop/eu", "hop": 3}"#),
                .yes(#"{"sql": "EXISTS tenant AND tenant IN ('acme', 'other')"}"#, #"{"tenant": "acme"}"#),
                .no(#"{"sql": "EXISTS tenant AND tenant IN ('acme', 'other')"}"#, #"{"type": "order.created"}"#),
                .no(#"{"sql": "type = 'order.created' AND tenant = 'acme'"}"#, #"{"type": "order.created"}"#),
                .no(#"{"sql": "hop / 0 = 1"}"#, #"{"hop": 3}"#),
            ])
    }

    func problems(at path: String) -> [FilterProblem] {
        let message: String
        do throws(SQLSyntaxError) {
            let expression = try SQLExpression(text)
            guard let kind = expression.kind, kind != .boolean else { return [] }
            message = "gives \(kind == .integer ? "an integer" : "text"), not true or false; compare it with something, as in type = 'order.created'"
        } catch {
            message = error.description
        }
        return [FilterProblem(path: path + SQLFilter.name, message: message)]
    }

    var warnings: [FilterProblem] {
        guard let expression = try? SQLExpression(text) else { return [] }
        return expression.warnings.map { FilterProblem(path: SQLFilter.name, message: $0.description) }
    }

    func tree(in fields: inout FieldTree) -> FilterTree { .condition(.sql(text)) }

    /// Of a chain of `AND` the first condition that does not hold.
    func verdict(on event: Event) -> FilterVerdict {
        let bytes = Array(text.utf8)
        for range in expression.conditions {
            let condition = String(decoding: bytes[range], as: UTF8.self)
            guard let part = try? SQLExpression(condition) else { continue }
            if let fault = fault(part, event) { return FilterVerdict(matches: false, reason: reason(condition, fault, part, event)) }
        }
        return FilterVerdict(matches: true, reason: reason(text, "is true", expression, event))
    }

    /// Nil for what is true.
    private func fault(_ expression: SQLExpression, _ event: Event) -> String? {
        expression.evaluate(event) { value, failure in
            if let failure { return "is an error (\(failure.description))" }
            guard case .boolean(let holds) = value else { return "is neither true nor false" }
            return holds ? nil : "is false"
        }
    }

    private func reason(_ text: String, _ judgement: String, _ expression: SQLExpression, _ event: Event) -> String {
        var seen: Set<String> = []
        let values = expression.attributes.filter { seen.insert($0).inserted }.map { name in
            AttributeName.value(name, in: event).map { "\(name) is '\(String(decoding: $0, as: UTF8.self))'" } ?? "\(name) is absent"
        }
        return "`\(text)` \(judgement)\(values.isEmpty ? "" : ": ")\(values.joined(separator: ", "))"
    }

    /// `problems` are looked for where a filter comes from; here there are none left.
    private var expression: SQLExpression {
        do throws(SQLSyntaxError) {
            return try SQLExpression(text)
        } catch {
            preconditionFailure("the filter's expression is invalid: \(error.message)")
        }
    }
}
