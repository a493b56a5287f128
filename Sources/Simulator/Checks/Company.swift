import DeliveryCore
import EventModel

/// > Events of a failed batch are retried one by one or batched again, always under their own ids. A poison event that makes its
/// > batch fail takes nobody along.
///
/// An event that failed travels with such as failed in the same request, or alone; and it fails along with others no more often
/// than halving a batch takes, once it has come again whole.
extension Simulation {
    /// A request goes out.
    func judgeCompany(_ items: [Account.Item], _ replica: Replica) {
        let tries = items.compactMap { replica.account.tries[$0] }
        guard tries.count > 1, let failed = tries.first(where: { $0.attempts > 0 }) else { return }
        if let stranger = tries.first(where: { $0.request == nil || $0.request != failed.request }) {
            violation(.limits, "\(failed.event), which failed before, is sent along with \(stranger.event)")
        }
    }

    /// An attempt has ended, and not all of it was delivered.
    func judgeCompany(of ending: Account.Ending, _ replica: Replica) {
        guard ending.items.count > 1, ending.meaning != .delivered else { return }
        for item in ending.items {
            guard var tries = replica.account.tries[item] else { continue }
            tries.failuresInCompany += 1
            tries.mostInCompany = max(tries.mostInCompany, ending.items.count)
            replica.account.tries[item] = tries
            // Rounded up.
            let halvings = Int.bitWidth - (tries.mostInCompany - 1).leadingZeroBitCount
            if tries.failuresInCompany > halvings + 1 {
                violation(.limits, "\(tries.event) failed \(tries.failuresInCompany) times along with others, in a batch of \(tries.mostInCompany) at most")
            }
        }
    }
}
