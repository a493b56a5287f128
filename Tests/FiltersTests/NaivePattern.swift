import EventModel
import Foundation

/// The pattern language as its description says it, and nothing else: to compare with. Values are as Foundation reads them.
struct NaivePattern {
    indirect enum Value {
        case object([(String, Value)])
        case array([Value])
        case string(String)
        case number(Double)
        case other(String)
    }

    struct Place: Equatable {
        var array: Int
        var element: Int
    }

    struct Field {
        var path: String
        var value: Value
        var places: [Place]
    }

    /// All values at all paths; where each is inside of arrays.
    static func fields(_ value: Value) -> [Field] {
        var fields: [Field] = []
        var arrays = 0
        func visit(_ value: Value, _ path: [String], _ places: [Place]) {
            switch value {
            case .object(let members):
                for (name, value) in members { visit(value, path + [name], places) }
            case .array(let items):
                arrays += 1
                let array = arrays
                for (element, item) in items.enumerated() {
                    switch item {
                    case .object, .array: visit(item, path, places + [Place(array: array, element: element)])
                    default: visit(item, path, places)
                    }
                }
            default: fields.append(Field(path: path.joined(separator: "."), value: value, places: places))
            }
        }
        visit(value, [], [])
        return fields
    }

    static func matches(_ pattern: PatternTree, _ fields: [Field]) -> Bool {
        rules(pattern, [], [[:]]).contains { rule in
            find(rule.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, fields, [])
        }
    }

    /// The pattern without `$or`: each a list of items for each path.
    private static func rules(_ pattern: PatternTree, _ path: [String], _ rules: [[String: [PatternTree]]]) -> [[String: [PatternTree]]] {
        guard case .object(let members) = pattern else { return [] }
        return members.reduce(rules) { rules, member in
            switch member.value {
            case .list(let items) where member.name == "$or": items.flatMap { Self.rules($0, path, rules) }
            case .list(let items): rules.map { $0.merging([(path + [member.name]).joined(separator: "."): items]) { $1 } }
            default: Self.rules(member.value, path + [member.name], rules)
            }
        }
    }

    private static func find(_ rule: [(path: String, items: [PatternTree])], _ fields: [Field], _ places: [Place]) -> Bool {
        guard let first = rule.first else { return true }
        let rest = Array(rule.dropFirst())
        let consistent = fields.filter { field in
            field.path == first.path && !field.places.contains { place in places.contains { $0.array == place.array && $0.element != place.element } }
        }
        if consistent.isEmpty && first.items.contains(.object([.init("exists", .boolean(false))])) { return find(rest, fields, places) }
        return consistent.contains { field in first.items.contains { holds($0, field.value) } && find(rest, fields, places + field.places) }
    }

    static func holds(_ item: PatternTree, _ value: Value) -> Bool {
        switch (item, value) {
        case (.string(let text), .string(let value)): return text == value
        case (.number(let text), .number(let value)): return Double(text) == value
        case (.boolean(let text), .other(let value)): return "\(text)" == value
        case (.null, .other(let value)): return value == "null"
        case (.object(let members), _): return holds(members[0].name, members[0].value, value)
        default: return false
        }
    }

    private static func holds(_ matcher: String, _ operand: PatternTree, _ value: Value) -> Bool {
        switch (matcher, operand, value) {
        case ("exists", .boolean(let exists), _): return exists
        case ("anything-but", .object(let inner), _):
            return !list(inner[0].value).contains { holds(inner[0].name, $0, value) }
        case ("anything-but", _, _): return !list(operand).contains { holds($0, value) }
        case ("prefix", .string(let text), .string(let value)): return value.hasPrefix(text)
        case ("suffix", .string(let text), .string(let value)): return value.hasSuffix(text)
        case ("prefix", .object(let inner), .string(let value)):
            return value.lowercased().hasPrefix(inner[0].value.text!.lowercased())
        case ("suffix", .object(let inner), .string(let value)):
            return value.lowercased().hasSuffix(inner[0].value.text!.lowercased())
        case ("equals-ignore-case", .string(let text), .string(let value)): return text.lowercased() == value.lowercased()
        case ("wildcard", .string(let text), .string(let value)):
            let expression = text.split(separator: "*", omittingEmptySubsequences: false)
                .map { NSRegularExpression.escapedPattern(for: String($0)) }.joined(separator: ".*")
            return value.range(of: "^\(expression)$", options: .regularExpression) != nil
        case ("numeric", .list(let terms), .number(let value)):
            return stride(from: 0, to: terms.count, by: 2).allSatisfy { index in
                guard case .number(let text) = terms[index + 1], let bound = Double(text) else { return false }
                return switch terms[index].text {
                case "=": value == bound
                case "<": value < bound
                case "<=": value <= bound
                case ">": value > bound
                default: value >= bound
                }
            }
        case ("cidr", .string(let range), .string(let value)):
            // Only ranges of whole bytes of IPv4 here.
            let parts = range.split(separator: "/")
            let bytes = Int(parts[1])! / 8
            return parts[0].split(separator: ".").prefix(bytes) == value.split(separator: ".").prefix(bytes) && value.split(separator: ".").count == 4
        default: return false
        }
    }

    private static func list(_ operand: PatternTree) -> [PatternTree] {
        if case .list(let items) = operand { items } else { [operand] }
    }
}

extension NaivePattern.Value {
    var json: String {
        switch self {
        case .object(let members): "{" + members.map { "\"\($0.0)\":\($0.1.json)" }.joined(separator: ",") + "}"
        case .array(let items): "[" + items.map(\.json).joined(separator: ",") + "]"
        case .string(let text): "\"\(text)\""
        case .number(let number): number == number.rounded() ? "\(Int(number))" : "\(number)"
        case .other(let text): text
        }
    }
}
