public import EventModel

/// The filters of all subscriptions of a topic, compiled once, run for every event. One thread's: the values of an event are
/// laid out in memory that is used again for the next.
///
/// Few filters are all run. Of many, an index finds those that may match, and only they are run. A change of filters makes
/// a new matcher.
public final class TopicMatcher {
    private let program: FilterProgram
    /// Where each subscription's tests begin.
    private let starts: ContiguousArray<FilterProgram.Target>
    private let index: AccessIndex?
    private var fields: EventFields
    private var candidates: CandidateSet
    private var folded = ContiguousArray<UInt8>()

    /// So few filters are run faster than looked up.
    private static let fewFilters = 8

    /// - Parameter filters: one list per subscription; all of a list must match, an empty one matches everything.
    public init(filters: [[FilterExpression]]) {
        var program = FilterProgram()
        starts = ContiguousArray(
            filters.map {
                AllFilter(filters: $0).compile(into: &program, yes: FilterProgram.match, no: FilterProgram.noMatch)
            })
        if filters.count > Self.fewFilters {
            let plan = AccessPlan(filters.map { AllFilter(filters: $0).access(in: &program.fields) })
            index = AccessIndex(plan, fieldCount: program.fields.fieldCount)
        } else {
            index = nil
        }
        self.program = program
        fields = EventFields(program.fields)
        candidates = CandidateSet(count: filters.count)
    }

    /// Appends the indices of the subscriptions that `event` matches, ascending. Allocates nothing where `matches` has room,
    /// unless functions of `sql` make strings.
    ///
    /// - Parameter onFailure: is told of each subscription one of whose `sql` expressions met an error or gave no boolean,
    ///   which counts as no match.
    public func match(_ event: Event, into matches: inout ContiguousArray<Int32>, onFailure: (Int32) -> Void = { _ in }) {
        if program.fields.fieldCount > 0 { fields.read(event) }
        program.withRunner(fields) { runner in
            func run(_ index: Int) {
                var failed = false
                if runner.matches(event, from: starts[index], failed: &failed) { matches.append(Int32(index)) }
                if failed { onFailure(Int32(index)) }
            }
            guard let index else {
                for index in starts.indices { run(index) }
                return
            }
            index.find(fields, into: &candidates, folded: &folded)
            candidates.drain(run)
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
