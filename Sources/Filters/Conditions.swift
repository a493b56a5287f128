import EventModel

/// The conditions of all filters, equal ones once: however many filters have one, an event is asked once.
final class Conditions {
    typealias ID = Int32

    enum Answer: UInt32 {
        case no, yes
        /// An expression met an error or gave no boolean.
        case failure
    }

    private struct Entry {
        var asked: CompiledCondition
        /// Filters, each as often as it asks.
        var uses = 1
        /// Of the last event that was asked: its number, and in the lowest two bits the answer.
        var memo: UInt64 = 0
    }

    private var ids: [FilterCondition: ID] = [:]
    private var conditions = ContiguousArray<FilterCondition?>()
    private var entries = ContiguousArray<Entry>()
    private var free: [ID] = []
    private var event: UInt64 = 1
    /// Of the last event: conditions that were answered anew.
    private(set) var asked = 0

    deinit { for entry in entries where entry.uses > 0 { entry.asked.free() } }

    // MARK: Changing

    func acquire(_ condition: FilterCondition) -> ID {
        if let known = ids[condition] {
            entries[Int(known)].uses += 1
            return known
        }
        let entry = Entry(asked: CompiledCondition(condition))
        let id: ID
        if let reused = free.popLast() {
            entries[Int(reused)] = entry
            conditions[Int(reused)] = condition
            id = reused
        } else {
            entries.append(entry)
            conditions.append(condition)
            id = ID(entries.count - 1)
        }
        ids[condition] = id
        return id
    }

    func release(_ id: ID) {
        entries[Int(id)].uses -= 1
        guard entries[Int(id)].uses == 0 else { return }
        entries[Int(id)].asked.free()
        entries[Int(id)].asked = .gone
        ids[conditions[Int(id)]!] = nil
        conditions[Int(id)] = nil
        free.append(id)
    }

    // MARK: Asking

    /// What was answered is of the event before.
    func beginEvent() {
        event += 1
        asked = 0
    }

    func answer(_ id: ID, _ event: borrowing Event, _ fields: borrowing EventFields) -> Answer {
        let memo = entries[Int(id)].memo
        if memo >> 2 == self.event { return Answer(rawValue: UInt32(truncatingIfNeeded: memo & 3))! }
        asked &+= 1
        let answer = entries[Int(id)].asked.answer(event, fields)
        entries[Int(id)].memo = self.event << 2 | UInt64(answer.rawValue)
        return answer
    }
}
