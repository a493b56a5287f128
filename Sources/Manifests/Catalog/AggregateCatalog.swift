internal import EventModel

/// `window.aggregates`: names, and what is computed under each. A new function is one entry of `functions`.
enum AggregateCatalog {
    struct Function: Sendable {
        let name: String
        let doc: String
        /// Of what the function takes.
        let schema: JSON
        /// Nil for a function that has no limit.
        var limit: Int? = nil
        let read: @Sendable (_ node: Node, _ limit: Int, _ path: String, _ reader: inout Reader) -> Aggregate.Function?
    }

    static let functions: [Function] = [
        Function(name: "count", doc: "The number of events.", schema: ["const": true]) { node, _, path, reader in
            guard let isTrue = Shape<Bool>.flag.read(node, path, &reader) else { return nil }
            guard isTrue else {
                reader.error(node.position, path, "must be true; remove the aggregate if it is not wanted")
                return nil
            }
            return .count
        },
        function("sum", "The sum of the numbers there, exact.") { .sum($0) },
        function("min", "The smallest value there.") { .min($0) },
        function("max", "The largest value there.") { .max($0) },
        function("avg", "The mean of the numbers there.") { .avg($0) },
        function("first", "The value there of the event that is first by time.") { .first($0) },
        function("last", "The value there of the event that is last by time.") { .last($0) },
        function("distinct", "How many different values there are, counted up to the limit.", limit: 10_000) { .distinct($0, limit: $1) },
        function("list", "The values there, in the order of the log; the first ones up to the limit.", limit: 100) { .list($0, limit: $1) },
    ]

    static let aggregates = Shape<[Aggregate]>(
        schema: ["type": "object", "propertyNames": ["minLength": 1], "maxProperties": .int(mostAggregates), "additionalProperties": schema],
        form: .fileOnly
    ) { node, path, reader in
        let expected = "a mapping of names to functions, such as revenue: { sum: /data/total }"
        guard let entries = reader.entries(node, path, expected: expected) else { return nil }
        if entries.count > mostAggregates {
            reader.error(node.position, path, "has \(entries.count) aggregates, more than \(mostAggregates)")
        }
        return entries.compactMap { entry in
            let here = "\(path).\(entry.key)"
            if entry.key.isEmpty { reader.error(entry.value.position, here, "an aggregate's name must not be empty") }
            return function(entry.value, here, &reader).map { Aggregate(name: entry.key, function: $0) }
        }
    } show: { _ in .object([]) }

    private static let mostAggregates = 100

    // MARK: One aggregate

    private static let limit = Shape<Int>.count(1...100_000)

    private static let schema: JSON = [
        "description": "A mapping with exactly one function.", "type": "object", "additionalProperties": false,
        "properties": .object(
            functions.map { .init(name: $0.name, value: $0.schema.prepending("description", .string($0.doc))) } + [
                .init(name: "limit", value: limit.schema.prepending("description", .string(
                    "For " + limited.map { "\($0.name), where it is \($0.limit ?? 0) if left out" }.joined(separator: ", and ") + ".")))
            ]),
        "oneOf": .array(functions.map { ["required": [.string($0.name)]] }),
        "dependencies": ["limit": ["anyOf": .array(limited.map { ["required": [.string($0.name)]] })]],
    ]

    private static var limited: [Function] { functions.filter { $0.limit != nil } }

    private static func function(_ node: Node, _ path: String, _ reader: inout Reader) -> Aggregate.Function? {
        let expected = "a function such as { count: true } or { sum: /data/total }"
        guard let entries = reader.entries(node, path, expected: expected) else { return nil }
        let known = functions.map(\.name) + ["limit"]
        let unknown = entries.filter { !known.contains($0.key) }
        for entry in unknown { reader.unknownKey("\(path).\(entry.key)", entry.key, among: known, at: entry.value.position) }
        guard unknown.isEmpty else { return nil }

        let found = functions.compactMap { function in
            entries.first { $0.key == function.name }.map { (function: function, argument: $0.value) }
        }
        guard let (function, argument) = found.first, found.count == 1 else {
            let names = found.map(\.function.name).joined(separator: ", ")
            reader.error(node.position, path, found.isEmpty
                ? "has no function; write one, such as { sum: /data/total }"
                : "has \(found.count) functions (\(names)); give each a name of its own")
            return nil
        }
        var most = function.limit
        if let given = entries.first(where: { $0.key == "limit" })?.value {
            if most == nil {
                let names = limited.map(\.name).joined(separator: " and ")
                reader.error(given.position, "\(path).limit", "\(function.name) has no limit, only \(names) have one; remove it")
            } else {
                most = limit.read(given, "\(path).limit", &reader)
            }
        }
        return function.read(argument, most ?? 0, "\(path).\(function.name)", &reader)
    }

    private static func function(
        _ name: String, _ doc: String, _ make: @escaping @Sendable (_ pointer: String) -> Aggregate.Function
    ) -> Function {
        Function(name: name, doc: doc, schema: EventPointers.pointer.schema) { node, _, path, reader in
            EventPointers.pointer.read(node, path, &reader).map(make)
        }
    }

    private static func function(
        _ name: String, _ doc: String, limit: Int, _ make: @escaping @Sendable (_ pointer: String, _ limit: Int) -> Aggregate.Function
    ) -> Function {
        Function(name: name, doc: doc, schema: EventPointers.pointer.schema, limit: limit) { node, limit, path, reader in
            EventPointers.pointer.read(node, path, &reader).map { make($0, limit) }
        }
    }
}
