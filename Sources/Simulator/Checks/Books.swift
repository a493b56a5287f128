import DeliveryCore

// The engine's own counts, counted anew by itself: what the outside sees of one that is wrong comes late, if at all.
extension Simulation {
    func checkBooks(_ replica: Replica) {
        for discrepancy in replica.core.audit() { violation(.books, "replica \(replica.index): \(discrepancy)") }
    }
}
