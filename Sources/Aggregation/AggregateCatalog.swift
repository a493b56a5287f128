import EventModel

/// The kinds of aggregates: what each reads and how it is computed. One line for each, and a file under `Functions`.
enum AggregateCatalog {
    static func column(_ function: Aggregate.Function, _ limits: HoldingLimits) -> any AggregateColumn {
        switch function {
        case .count: Count()
        case .sum: Sum()
        case .avg: Average()
        case .min: Extreme(wantsLargest: false, longest: limits.value)
        case .max: Extreme(wantsLargest: true, longest: limits.value)
        case .first: Edge(wantsLast: false, longest: limits.value)
        case .last: Edge(wantsLast: true, longest: limits.value)
        case .distinct(_, let limit): Distinct(limit: limit)
        case .list(_, let limit): List(limit: limit, room: limits.list, longest: limits.value)
        }
    }
}

extension Aggregate.Function {
    /// As the manifest says it.
    var name: String {
        switch self {
        case .count: "count"
        case .sum: "sum"
        case .avg: "avg"
        case .min: "min"
        case .max: "max"
        case .first: "first"
        case .last: "last"
        case .distinct: "distinct"
        case .list: "list"
        }
    }

    /// Where the values are.
    var pointer: String {
        switch self {
        // Every event has one.
        case .count: "/id"
        case .sum(let pointer), .avg(let pointer), .min(let pointer), .max(let pointer), .first(let pointer), .last(let pointer),
            .distinct(let pointer, _), .list(let pointer, _):
            pointer
        }
    }
}

/// How many bytes of values a window may hold. Its event has to fit into a Kafka record of 1 MB, Kafka's default, whatever
/// the payloads hold; the rest is for the group and the envelope.
struct HoldingLimits {
    /// Of a single value.
    let value: Int
    /// Of all values of a `list`.
    let list: Int

    init(_ aggregates: [Aggregate]) {
        let lists = aggregates.count { if case .list = $0.function { true } else { false } }
        let singles = aggregates.count { aggregate in
            switch aggregate.function {
            case .min, .max, .first, .last: true
            case .count, .sum, .avg, .distinct, .list: false
            }
        }
        value = min(64 << 10, (512 << 10) / max(1, singles))
        list = (256 << 10) / max(1, lists)
    }
}
