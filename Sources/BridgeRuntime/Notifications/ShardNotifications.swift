import DeliveryCore
import EventModel

extension Shard {
    /// What of the engine's reports is news for people.
    func notify(_ report: Report) {
        guard let notifier = plan.notifier else { return }
        func name(_ id: SubscriptionID) -> String { core.subscription(id).name }
        switch report {
        case .circuitOpened(let id, let reason):
            notifier.tell(.circuit(subscription: name(id), shard: plan.index, isOpen: true, reason: reason))
        case .circuitClosed(let id):
            notifier.tell(.circuit(subscription: name(id), shard: plan.index, isOpen: false, reason: ""))
        case .deadLettered(let id?, _, _, let reason): notifier.tell(.deadLetter(subscription: name(id), reason: reason))
        case .recordsLost(let id?, let partition, let count):
            notifier.tell(.lost(subscription: name(id), count: count, reason: "offsets of \(partition.topic)[\(partition.partition)]"))
        default: break
        }
    }
}
