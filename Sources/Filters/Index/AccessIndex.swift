/// Finds the filters that an event may match, by what the event has: the cost depends on the event, and on how many are
/// found, not on how many there are. Filters come and go one by one.
///
/// A filter stands under the keys that `AccessStatistics` chose for it. Keys are hashes in one table: of whole texts, and
/// of their first and last bytes at every length that some key has; of a few bytes anywhere for wildcards; of numbers and
/// networks. Ranges of numbers lie in a tree of intervals. What is found may still not match: every filter found is run,
/// unless two more keys of it, its guards, are known not to be there.
struct AccessIndex {
    /// In bytes. A wildcard is found by the longest that fits into one of its pieces.
    static let gramLengths = [1, 2, 3, 4, 6, 8]

    private let table = PostingTable()
    private var questions = Questionnaire()
    /// By field.
    private var intervals = ContiguousArray<IntervalTree>()
    /// Filters that are looked at for every event.
    private var always = ContiguousArray<Int32>()

    // MARK: Changing

    /// - Parameter keys: nil: any event may match.
    /// - Returns: of the hash that has the most filters now, how many.
    @discardableResult
    mutating func insert(_ filter: Int32, _ keys: [AccessKey]?, guards: [AccessKey]) -> Int {
        guard let keys else {
            always.append(filter)
            return 0
        }
        let posting = Posting(filter: filter, guards: guards)
        var most = 0
        for key in keys {
            questions.add(key)
            switch key {
            case .range(let field, let range):
                while intervals.count <= Int(field) { intervals.append(IntervalTree()) }
                intervals[Int(field)].insert(.init(low: range.low, high: range.high, posting: posting))
            case .lookup(_, _, let hash, _):
                most = max(most, table.insert(hash, posting))
            }
        }
        for key in guards { questions.add(key) }
        return most
    }

    mutating func remove(_ filter: Int32, _ keys: [AccessKey]?, guards: [AccessKey]) {
        guard let keys else {
            always.swapAt(always.firstIndex(of: filter)!, always.count - 1)
            always.removeLast()
            return
        }
        for key in keys {
            questions.remove(key)
            switch key {
            case .range(let field, let range): intervals[Int(field)].remove(low: range.low, filter: filter)
            case .lookup(_, _, let hash, _): table.remove(hash, filter: filter)
            }
        }
        for key in guards { questions.remove(key) }
    }

    /// The filters that stand under a key.
    func filters(under key: AccessKey) -> [Int32] {
        guard case .lookup(_, _, let hash, _) = key, let place = table.find(hash) else { return [] }
        return table.filters(at: place)
    }

    // MARK: Looking

    /// To be called before the first look after changes.
    mutating func prepare(_ fieldCount: Int) { questions.prepare(fieldCount) }

    func find(_ fields: borrowing EventFields, _ lookup: inout EventLookup) {
        lookup.beginEvent()
        questions.withReader { questions in
            for leaf in fields.leaves {
                let asked = questions[leaf.field]
                if asked.kinds != 0 { lookup.look(leaf, asked, questions.lengths, table) }
            }
            for field in questions.absences where fields.mayBeAbsent(field) { lookup.lookForAbsence(of: field, table) }
        }
        // Guards are known only now that everything has been looked up.
        for place in lookup.found { table.consider(place, &lookup.sieve) }
        for filter in always { lookup.sieve.pass(filter) }
        if intervals.isEmpty { return }
        for leaf in fields.leaves {
            if let number = leaf.number, Int(leaf.field) < intervals.count { intervals[Int(leaf.field)].find(number, &lookup.sieve) }
        }
    }
}
