import Receiver
import Synchronization
import TerminalViews

/// Chooses what the picture shows of hundreds of deliveries per second: a few per moment, so that they can be read, what
/// is out of the ordinary first, and every subscription in its turn.
final class DemoFeed: Sendable {
    private struct State {
        /// Since the last look: the newest of each subscription, plain and out of the ordinary.
        var plain: [String: DemoDelivery] = [:]
        var notable: [DemoDelivery] = []
        /// When a subscription was last shown, in looks.
        var shown: [String: Int] = [:]
        var looks = 0
        /// Newest first.
        var chosen: [DemoDelivery] = []
    }

    private static let notableAtOnce = 20
    private static let kept = 60
    private let state = Mutex(State())

    func add(_ delivery: Delivery) {
        let shown = DemoDelivery(delivery)
        state.withLock { state in
            if shown.attempt > 1 || shown.status != 200 || shown.repeated {
                if state.notable.count < Self.notableAtOnce { state.notable.append(shown) }
            } else {
                state.plain[shown.subscription] = shown
            }
        }
    }

    /// Adds one of the ordinary and one of the others, if there are any, to what was chosen before.
    func look() -> [DemoDelivery] {
        state.withLock { state in
            state.looks += 1
            // The rarer, the more worth a row: a refusal, then a retry, then a failure.
            let notable = state.notable.max { $0.weight < $1.weight }
            let plain = state.plain.values.min { (state.shown[$0.subscription] ?? 0, $0.subscription) < (state.shown[$1.subscription] ?? 0, $1.subscription) }
            for delivery in [plain, notable].compactMap({ $0 }) {
                state.shown[delivery.subscription] = state.looks
                state.chosen.insert(delivery, at: 0)
            }
            if state.chosen.count > Self.kept { state.chosen.removeLast(state.chosen.count - Self.kept) }
            state.plain.removeAll(keepingCapacity: true)
            state.notable.removeAll(keepingCapacity: true)
            return state.chosen
        }
    }
}

extension DemoDelivery {
    fileprivate init(_ delivery: Delivery) {
        let signature: Signature =
            switch delivery.signature {
            case .verified: .verified
            case .failed: .wrong
            case .unsigned, .unchecked: .none
            }
        let type = delivery.events > 1 ? "\(delivery.events) events" : delivery.eventType ?? ""
        self.init(
            subscription: delivery.subscription ?? delivery.path, eventType: type, signature: signature, attempt: delivery.attempt ?? 1,
            status: delivery.status, repeated: delivery.repeated)
    }

    fileprivate var weight: Int { repeated ? 4 : status >= 400 && status < 500 ? 3 : attempt > 1 ? 2 : 1 }
}
