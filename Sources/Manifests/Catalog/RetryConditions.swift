internal import EventModel

/// `retry.on`: which failures are tried again.
enum RetryConditions {
    static let shape: Shape<Set<RetryCondition>> = {
        let list = Shape<[RetryCondition]>.list("a list such as [network, timeout, 429, 5xx]", of: condition, count: 0...500)
        return Shape(schema: list.schema, form: list.form) { node, path, reader in
            list.read(node, path, &reader).map(Set.init)
        } show: { conditions in
            list.show(conditions.sorted { rank($0) < rank($1) })
        }
    }()

    private static let condition = Shape<RetryCondition>.scalar(
        "network, timeout, a status such as 429, or a class such as 5xx", .any,
        schema: [
            "anyOf": [
                ["enum": ["network", "timeout", "3xx", "4xx", "5xx"]], ["type": "integer", "minimum": 300, "maximum": 599],
                ["$ref": "#/definitions/interpolated"],
            ]
        ]
    ) { text in
        switch text {
        case "network": return .value(.network)
        case "timeout": return .value(.timeout)
        case "3xx", "4xx", "5xx": return .value(.statusClass(text.utf8.first.map { Int($0 - 0x30) } ?? 0))
        case "2xx": return .wrong("a 2xx answer is a success and is not tried again")
        default: break
        }
        guard text.utf8.count == 3, text.utf8.allSatisfy(ASCII.isDigit), let status = Int(text) else { return .unexpected }
        switch status {
        case 410: return .wrong("410 suspends the subscription and is not tried again")
        case 200..<300: return .wrong("a 2xx answer is a success and is not tried again")
        case 300..<600: return .value(.status(status))
        default: return .unexpected
        }
    } show: { condition in
        switch condition {
        case .network: "network"
        case .timeout: "timeout"
        case .status(let status): .int(status)
        case .statusClass(let hundreds): .string("\(hundreds)xx")
        }
    }

    /// The order of a default in the schema: words, statuses, classes.
    private static func rank(_ condition: RetryCondition) -> Int {
        switch condition {
        case .network: 0
        case .timeout: 1
        case .status(let status): status
        case .statusClass(let hundreds): 1000 + hundreds
        }
    }
}
