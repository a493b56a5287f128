import EventModel

/// What a `TopicMatcher` consists of: the program that runs filters, and the index that finds those to be run.
struct FilterSet {
    private var program = FilterProgram()
    private var fields = EventFields()
    /// False: all filters are run, to compare with.
    private let isIndexed: Bool
    private var index = AccessIndex()
    private var statistics = AccessStatistics()
    private var lookup = EventLookup()
    private var entries = ContiguousArray<Entry?>()
    private(set) var count = 0
    private(set) var steps = (found: 0, run: 0)
    var asked: Int { program.asked }
    /// Filters to be run for the event that is matched.
    private var candidates = ContiguousArray<Int32>()

    private struct Entry {
        let filters: [FilterExpression]
        /// Where it stands in the index.
        var keys: [AccessKey]?
        var guards: [AccessKey] = []
    }

    /// So few filters are run faster than looked up.
    private static let fewFilters = 8
    /// A key that so many filters share, doubled up to the most, is a reason to look for better ones.
    private static let sharedKey = 32
    private static let mostShared = 256

    init(_ filters: [[FilterExpression]], isIndexed: Bool) {
        self.isIndexed = isIndexed
        install(filters)
    }

    // MARK: Changing

    /// Only what differs is touched.
    mutating func install(_ filters: [[FilterExpression]?]) {
        for index in entries.indices where index >= filters.count { replace(at: index, with: nil) }
        var changed: [(index: Int, access: Access)] = []
        for (index, filters) in filters.enumerated() where filters != filtersIfAny(at: index) {
            remove(at: index)
            if let filters { changed.append((index, insert(filters, at: index))) }
        }
        // What all of them ask is known before the first is placed.
        for (index, access) in changed { place(index, access) }
    }

    mutating func replace(at index: Int, with filters: [FilterExpression]?) {
        if filters == filtersIfAny(at: index) { return }
        remove(at: index)
        guard let filters else { return }
        let shared = place(index, insert(filters, at: index))
        if shared >= Self.sharedKey, shared <= Self.mostShared, shared.nonzeroBitCount == 1 { placeAnew(sharing: entries[index]!.keys ?? []) }
    }

    private func filtersIfAny(at index: Int) -> [FilterExpression]? { index < entries.count ? entries[index]?.filters : nil }

    private mutating func tree(_ filters: [FilterExpression]) -> FilterTree { AllFilter(filters: filters).tree(in: &fields.tree) }

    private mutating func insert(_ filters: [FilterExpression], at index: Int) -> Access {
        while entries.count <= index { entries.append(nil) }
        lookup.sieve.reserve(entries.count)
        entries[index] = Entry(filters: filters)
        count += 1
        let tree = tree(filters)
        program.insert(tree, at: index)
        guard isIndexed else { return .always }
        let access = tree.access(in: &fields.tree).either
        statistics.add(access)
        return access
    }

    private mutating func remove(at index: Int) {
        guard index < entries.count, let entry = entries[index] else { return }
        self.index.remove(Int32(index), entry.keys, guards: entry.guards)
        statistics.remove(access(entry))
        program.remove(at: index)
        entries[index] = nil
        count -= 1
    }

    private mutating func access(_ entry: Entry) -> Access { tree(entry.filters).access(in: &fields.tree).either }

    /// - Returns: how many filters share its key.
    @discardableResult
    private mutating func place(_ index: Int, _ access: Access) -> Int {
        let keys = statistics.best(access).keys
        let guards = keys.map { statistics.guards(access, besides: $0) } ?? []
        entries[index]!.keys = keys
        entries[index]!.guards = guards
        return self.index.insert(Int32(index), keys, guards: guards)
    }

    /// Others have made the keys common since they were chosen.
    private mutating func placeAnew(sharing keys: [AccessKey]) {
        for key in keys {
            for filter in index.filters(under: key) {
                let entry = entries[Int(filter)]!
                index.remove(filter, entry.keys, guards: entry.guards)
                place(Int(filter), access(entry))
            }
        }
    }

    // MARK: Matching

    mutating func match(_ event: Event, into matches: inout ContiguousArray<Int32>, onFailure: (Int32) -> Void) {
        fields.read(event)
        program.beginEvent()
        candidates.removeAll(keepingCapacity: true)
        if isIndexed && count > Self.fewFilters {
            index.prepare(fields.fieldCount)
            index.find(fields, &lookup)
            lookup.sieve.drain(into: &candidates)
        } else {
            for index in entries.indices where entries[index] != nil { candidates.append(Int32(index)) }
        }
        for candidate in candidates {
            var failed = false
            if program.matches(Int(candidate), event, fields, failed: &failed) { matches.append(candidate) }
            if failed { onFailure(candidate) }
        }
        steps = (lookup.sieve.steps, candidates.count)
    }
}
