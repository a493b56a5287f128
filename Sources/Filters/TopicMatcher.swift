public import EventModel

/// The filters of all subscriptions of a topic as one matcher, run for every event. One thread's: the values of an event
/// are laid out in memory that is used again for the next.
///
/// Few filters are all run. Of many, an index finds those that may match, and only they are run. Subscriptions come and go
/// one by one; what that costs does not depend on how many there are.
public final class TopicMatcher {
    private var filters: FilterSet

    /// - Parameter filters: one list per subscription, which get the indices from 0 on; all of a list must match, an empty
    ///   one matches everything.
    public init(filters: [[FilterExpression]] = []) { self.filters = FilterSet(filters, isIndexed: true) }

    /// - Parameter isIndexed: false: every filter is run for every event, to compare with.
    package init(filters: [[FilterExpression]], isIndexed: Bool) { self.filters = FilterSet(filters, isIndexed: isIndexed) }

    /// How many subscriptions there are.
    public var count: Int { filters.count }

    /// What the last event cost beside reading it, whatever the machine: filters that the index thought of, and those run.
    package var steps: (found: Int, run: Int) { filters.steps }

    /// Conditions that the last event had to answer, each once however many filters have it.
    package var asked: Int { filters.asked }

    /// - Parameter filters: of the subscriptions from now on, by their indices; nil where there is none. What stays as it is
    ///   costs a comparison.
    public func install(_ filters: [[FilterExpression]?]) { self.filters.install(filters) }

    /// - Parameter filters: of the subscription with this index from now on; nil: there is none any more.
    public func replace(at index: Int, with filters: [FilterExpression]?) { self.filters.replace(at: index, with: filters) }

    /// Appends the indices of the subscriptions that `event` matches, ascending. Allocates nothing where `matches` has room,
    /// unless functions of `sql` make strings.
    ///
    /// - Parameter onFailure: is told of each subscription one of whose `sql` expressions met an error or gave no boolean,
    ///   which counts as no match.
    public func match(_ event: Event, into matches: inout ContiguousArray<Int32>, onFailure: (Int32) -> Void = { _ in }) {
        filters.match(event, into: &matches, onFailure: onFailure)
    }

    /// Why `event` does not match `filters`, a line for each filter that does not; empty when it matches.
    public static func explain(_ filters: [FilterExpression], _ event: Event) -> [String] {
        filters.compactMap {
            let verdict = $0.kind.verdict(on: event)
            return verdict.matches ? nil : verdict.reason
        }
    }
}
