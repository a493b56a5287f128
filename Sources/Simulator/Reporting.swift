import DeliveryCore
import EventModel

// What an engine reports: noted, and held to what was seen of it.
extension Simulation {
    /// Six bytes for each settled run, and the version: with less even one may not fit.
    static let leastMetadata = 24

    func heard(_ report: Report, _ replica: Replica) {
        switch report {
        case .suspended(let id, _):
            let outlet = replica.account.outlets[id.index]
            if replica.account.ending?.subscription != id { violation(.reports, "\(outlet.policy.name) is suspended, and its endpoint did not ask for it") }
            replica.account.outlets[id.index].isSuspended = true
            suspended.insert(outlet.index)
        case .recordsLost(let id, let partition, let count):
            guard let start = replica.logStart else { return violation(.reports, "records are reported as lost, and none were") }
            let key = cursorKey(id.map { .subscription($0) } ?? .retryTopic, partition, replica)
            if count <= 0 || start - count < 0 { violation(.reports, "\(count) records of \(key) are reported as lost before \(start)") }
            ledger.lost[key, default: []].append(start - count..<start)
        case .badMetadata: violation(.cursor, "metadata was not understood")
        case .drainTimedOut(let name, _):
            drainTimeouts += 1
            noteTimeout(name, replica)
        case .cursorFull(let id, let partition):
            cursorsFull += 1
            let key = cursorKey(id.map { .subscription($0) } ?? .retryTopic, partition, replica)
            fullCursors.insert(key)
            // It stops taking events before it comes to that; of retry records many may come at once.
            if id != nil, replica.options.metadataLimit >= Self.leastMetadata { violation(.cursor, "the cursor \(key) does not fit into its commit's metadata") }
        case .setAside(let id, let handles): setAside(id, handles, replica)
        case .cursorPlaced(let id, let partition, let offset):
            let group = id.map { CursorGroup.subscription($0) } ?? .retryTopic
            if let handle = replica.handles[partition] { noteMoved(group, handle, replica) }
            placed(cursorKey(group, partition, replica), at: offset, by: replica)
            noteDirty(group, replica)
        case .circuitOpened(let id, _):
            circuitsOpened += 1
            replica.account.outlets[id.index].isSaidToFail = true
            judgeOpening(id, replica)
        case .circuitClosed(let id):
            replica.account.outlets[id.index].isSaidToFail = false
            judgeClosing(id, replica)
        case .repeatDropped(let id, let partition, let offset): heardOfRepeat(id, partition, offset, replica)
        case .dropped(let id, _, _, _): replica.account.outlets[id.index].counters.drops += 1
        case .deadLettered(let id, let kind, _, _):
            guard let due = replica.deadLetterDue, due.0 == id, due.1 == kind else { return violation(.reports, "a dead letter for \(kind) is reported that is none") }
            replica.deadLetterDue = nil
        case .keyHeld(let id, _, _, _):
            let policy = replica.account.outlets[id.index].policy
            if policy.retry.onExhausted != .hold || policy.delivery.ordering == .none { violation(.order, "\(policy.name) is not to hold keys") }
        case .diversionFailed(let id?, _, _): replica.account.outlets[id.index].counters.diversionsRefused += 1
        case .diversionFailed(nil, _, _): break
        }
    }
}
