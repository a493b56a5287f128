public import EventModel

/// The filters of all subscriptions of a topic, compiled once, run for every event. One thread's: the values of an event are
/// laid out in memory that is used again for the next.
public final class TopicMatcher {
    private let program: FilterProgram
    /// Where each subscription's tests begin.
    private let starts: ContiguousArray<FilterProgram.Target>
    private var fields: EventFields

    /// - Parameter filters: one list per subscription; all of a list must match, an empty one matches everything.
    public init(filters: [[FilterExpression]]) {
        var program = FilterProgram()
        starts = ContiguousArray(
            filters.map {
                AllFilter(filters: $0).compile(into: &program, yes: FilterProgram.match, no: FilterProgram.noMatch)
            })
        self.program = program
        fields = EventFields(program.fields)
    }

    /// Appends the indices of the subscriptions that `event` matches, ascending. Allocates nothing where `matches` has room.
    public func match(_ event: Event, into matches: inout ContiguousArray<Int32>) {
        if program.fields.fieldCount > 0 { fields.read(event) }
        program.withRunner(fields) { runner in
            for (index, start) in starts.enumerated() where runner.matches(event, from: start) {
                matches.append(Int32(index))
            }
        }
    }

    /// Why `event` does not match `filters`, a line for each filter that does not; empty when it matches.
    public static func explain(_ filters: [FilterExpression], _ event: Event) -> [String] {
        filters.compactMap {
            let verdict = $0.kind.verdict(on: event)
            return verdict.matches ? nil : verdict.reason
        }
    }
}
