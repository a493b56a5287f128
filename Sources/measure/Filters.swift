import ArgumentParser
import EventModel
import Filters
import FoundationEssentials

struct MeasureFilters: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "filters",
        abstract: "Measures one matcher with many subscriptions, on one core; bench/filters.py runs it for all of them.")

    @Option(help: "What the filters look at: \(Workload.Kind.allCases.map(\.rawValue).joined(separator: ", ")).")
    var kind = Workload.Kind.mixed

    @Option(help: "How many subscriptions, each with filters of its own.")
    var count = 10_000

    @Option(help: "Bytes of an event.")
    var size = 1024

    @Option(help: "Of each measurement.")
    var seconds = 1.0

    func validate() throws {
        if count < 1 { throw ValidationError("--count is at least 1") }
    }

    func run() throws {
        let workload = Workload(kind: kind, count: count)
        let pool = try EventPool(workload, events: Meter.pool, size: size)
        let filters = workload.filters()
        var figures = Figures(kind: kind.rawValue, filters: count, eventBytes: size)

        let matcher = TopicMatcher()
        figures.buildMilliseconds = Meter.milliseconds { matcher.install(filters) }
        measure(matcher, pool, &figures)

        let plain = TopicMatcher(filters: filters, isIndexed: false)
        figures.eventsPerSecondOneByOne = Meter.measure(seconds: seconds) { plain.match(pool.events[$0], into: &$1) }

        change(matcher, workload, filters, &figures)
        print(String(decoding: try JSONEncoder().encode(figures), as: UTF8.self))
    }

    private func measure(_ matcher: TopicMatcher, _ pool: EventPool, _ figures: inout Figures) {
        for event in pool.events {
            var matches = ContiguousArray<Int32>()
            matcher.match(event, into: &matches)
            figures.matchesPerEvent += Double(matches.count) / Double(pool.events.count)
            figures.foundPerEvent += Double(matcher.steps.found) / Double(pool.events.count)
            figures.runPerEvent += Double(matcher.steps.run) / Double(pool.events.count)
        }
        figures.eventsPerSecond = Meter.measure(seconds: seconds) { matcher.match(pool.events[$0], into: &$1) }
        figures.eventsPerSecondDecoded = Meter.measure(seconds: seconds) { index, matches in
            if let event = try? pool.decode(index) { matcher.match(event, into: &matches) }
        }
    }

    /// Each time another subscription goes, and comes back.
    private func change(_ matcher: TopicMatcher, _ workload: Workload, _ filters: [[FilterExpression]], _ figures: inout Figures) {
        let changed = (0..<min(count, 500)).map { $0 * 7919 % count }
        figures.removeMilliseconds = Spread(changed.map { index in Meter.milliseconds { matcher.replace(at: index, with: nil) } })
        figures.addMilliseconds = Spread(changed.map { index in Meter.milliseconds { matcher.replace(at: index, with: filters[index]) } })
        // As after a reload: all are read anew, one differs.
        figures.reloadMilliseconds = Spread((0..<5).map { round in
            var reloaded = workload.filters()
            reloaded[round * 31 % count] = [.exact([AttributeOperand(attribute: "type", operand: "order.changed.\(round)")])]
            return Meter.milliseconds { matcher.install(reloaded) }
        })
    }
}

extension Workload.Kind: ExpressibleByArgument {}

/// What one run says.
struct Figures: Codable {
    var kind: String
    var filters: Int
    var eventBytes: Int
    /// From nothing.
    var buildMilliseconds = 0.0
    /// Of one subscription among all.
    var addMilliseconds = Spread([])
    var removeMilliseconds = Spread([])
    /// Of a whole list of filters of which one differs.
    var reloadMilliseconds = Spread([])
    var eventsPerSecond = 0.0
    var eventsPerSecondOneByOne = 0.0
    /// With reading the record as a CloudEvent before.
    var eventsPerSecondDecoded = 0.0
    var matchesPerEvent = 0.0
    /// Filters that the index thought of, and those that were run.
    var foundPerEvent = 0.0
    var runPerEvent = 0.0
}

/// Of many measurements the middle and the worst.
struct Spread: Codable {
    var median: Double
    var most: Double

    init(_ values: [Double]) {
        let sorted = values.sorted()
        median = sorted.isEmpty ? 0 : sorted[sorted.count / 2]
        most = sorted.last ?? 0
    }
}
