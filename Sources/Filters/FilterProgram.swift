import EventModel

/// Filters as lists of tests, each of which says where to go on when it holds and when it does not. No tree is walked
/// and nothing is allocated when an event runs through them.
///
/// The tests of one filter stand together, and point at each other by their places among these: they can be moved. Those
/// of a filter that is gone stay until they are half of all.
struct FilterProgram {
    /// Index of a test among its filter's, or one of the two ends.
    private typealias Target = Int32
    private static let match: Target = -1
    private static let noMatch: Target = -2

    private struct Test {
        var condition: Conditions.ID
        var yes: Target
        var no: Target
    }

    private struct Filter {
        var start: Int32 = 0
        var count: Int32 = 0
        /// The first to be run.
        var first = noMatch
    }

    private let conditions = Conditions()
    private var tests = ContiguousArray<Test>()
    private var filters = ContiguousArray<Filter>()
    private var gone = 0

    // MARK: Changing

    mutating func insert(_ tree: FilterTree, at index: Int) {
        while filters.count <= index { filters.append(Filter()) }
        let start = tests.count
        // Tests are emitted from the last to the first, so that the places to go on at are known.
        let first = emit(tree, start, yes: Self.match, no: Self.noMatch)
        filters[index] = Filter(start: Int32(start), count: Int32(tests.count - start), first: first)
    }

    private mutating func emit(_ tree: FilterTree, _ start: Int, yes: Target, no: Target) -> Target {
        switch tree {
        case .condition(let condition):
            tests.append(Test(condition: conditions.acquire(condition), yes: yes, no: no))
            return Target(tests.count - 1 - start)
        case .all(let parts): return parts.reversed().reduce(yes) { emit($1, start, yes: $0, no: no) }
        case .any(let parts): return parts.reversed().reduce(no) { emit($1, start, yes: yes, no: $0) }
        case .not(let part): return emit(part, start, yes: no, no: yes)
        }
    }

    /// From now on it matches nothing.
    mutating func remove(at index: Int) {
        let filter = filters[index]
        for place in filter.start..<filter.start + filter.count { conditions.release(tests[Int(place)].condition) }
        filters[index] = Filter()
        gone += Int(filter.count)
        if gone > tests.count / 2 { compact() }
    }

    private mutating func compact() {
        var left = ContiguousArray<Test>()
        left.reserveCapacity(tests.count - gone)
        for index in filters.indices where filters[index].count > 0 {
            let start = Int(filters[index].start)
            filters[index].start = Int32(left.count)
            left += tests[start..<start + Int(filters[index].count)]
        }
        tests = left
        gone = 0
    }

    // MARK: Running

    /// Of the last event: conditions that were answered, each once.
    var asked: Int { conditions.asked }

    /// What was answered is of the event before.
    func beginEvent() { conditions.beginEvent() }

    /// - Parameter failed: becomes true where an expression met an error or gave no boolean.
    func matches(_ index: Int, _ event: borrowing Event, _ fields: borrowing EventFields, failed: inout Bool) -> Bool {
        let filter = filters[index]
        var position = filter.first
        while position >= 0 {
            let test = tests[Int(filter.start + position)]
            switch conditions.answer(test.condition, event, fields) {
            case .yes: position = test.yes
            case .no: position = test.no
            case .failure:
                failed = true
                position = test.no
            }
        }
        return position == Self.match
    }
}
