import EventFormats
import EventModel
import Filters

// Filters: what manifests say, run on an event.
extension FuzzTarget {
    static let filters: [FuzzTarget] = [
        FuzzTarget(
            "sql",
            seeds: [
                "source LIKE '/shop/%' AND EXISTS subject", "(id + '1') * 7 % 2 = -3 OR NOT type IN ('a', \"b\")",
                "SUBSTRING(LOWER(TRIM(subject)), -2, 1) <> CONCAT_WS(',', id, ABS(-1))", "LEFT(type, 3) != 'ord' XOR IS_INT(id)",
            ],
            vectors: ["cesql-tck"],
            words: ["AND ", "OR ", "XOR ", "NOT ", "LIKE '", "EXISTS ", "IN (", "CONCAT(", "SUBSTRING(", "INT(", "%", "_", "\\'", "-2147483648", "2147483647"]
        ) { input in
            guard let text = input.text else { return }
            run(.sql(text))
        },
        FuzzTarget(
            "pattern",
            seeds: [
                #"{"data":{"a":[{"numeric":[">=",100,"<",2e3]}],"b":["x",{"prefix":"y"},{"wildcard":"a*b*"}]},"type":[{"anything-but":["z"]}]}"#,
                #"{"$or":[{"source":[{"suffix":"/s"}]},{"data":{"c":[{"exists":false}]}}],"subject":[{"equals-ignore-case":"S"}]}"#,
                #"{"data":{"ip":[{"cidr":"10.0.0.0/8"}],"n":[null,true,1.50]}}"#,
            ],
            vectors: ["event-ruler-derived"],
            words: ["\"numeric\":", "\"wildcard\":\"", "\"anything-but\":", "\"exists\":", "\"$or\":[", "\"cidr\":\"", "\"suffix\":", "**", "\\\\*"]
        ) { input in
            guard let root = try? JSONScanner.scan(input) else { return }
            run(.pattern(tree(root)))
        },
    ]

    private static func run(_ filter: FilterExpression) {
        guard filter.problems().isEmpty else { return }
        let matcher = TopicMatcher(filters: [[filter], [.not(filter)]])
        let data = #"{"a":150,"b":["yes","aXbX"],"ip":"10.1.2.3","n":1.5}"#
        Array(data.utf8).withUnsafeBytes { data in
            withEvent(data) { event, _ in
                var matches = ContiguousArray<Int32>()
                matcher.match(event, into: &matches)
                // An sql filter that meets an error matches neither way.
                require(matches.count <= 1, "an event that a filter matches and does not match")
            }
        }
    }

    private static func tree(_ value: JSONValue) -> PatternTree {
        func text(_ value: JSONValue) -> String {
            let writer = ByteWriter()
            _ = value.appendUnescaped(to: writer)
            return String(decoding: writer.bytes, as: UTF8.self)
        }
        switch value.kind {
        case .object: return .object(value.members.map { .init(text($0.name), tree($0.value)) })
        case .array: return .list(value.elements.map { tree($0) })
        case .string: return .string(text(value))
        case .number: return .number(String(decoding: value.raw, as: UTF8.self))
        case .boolean: return .boolean(value.raw[0] == UInt8(ascii: "t"))
        case .null: return .null
        }
    }
}
