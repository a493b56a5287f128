import BridgeRuntime
import Control
import DeliveryCore
import EventModel
import Manifests
import OpsServer
import Receipts

/// What the ops server sees of the bridge.
struct BridgeSource: OpsSource {
    let bridge: Bridge
    /// Nil where no index of receipts is asked for.
    let receipts: ReceiptIndexKeeper?
    let desk: RedeliveryDesk

    /// - Parameter receipts: nil where no index of receipts is asked for.
    init(_ bridge: Bridge, _ receipts: ReceiptIndexKeeper? = nil) {
        self.bridge = bridge
        self.receipts = receipts
        desk = RedeliveryDesk(bridge)
    }

    var redelivery: any RedeliverySource { desk }
    func snapshot() -> CoreSnapshot { bridge.snapshot() }
    func control() -> ControlState { bridge.control }

    func change(_ change: SubscriptionChange, of name: String, by: Attribution) async throws(ChangeFailure) -> ChangeReceipt {
        try await bridge.change(change, of: name, by: by)
    }

    func definitions() -> [String: SubscriptionDefinition] { bridge.definitions }

    func plan(_ name: String, _ definition: [UInt8]) throws(SubscriptionRegistry.Refusal) -> SubscriptionRegistry.Plan {
        try bridge.plan(name, definition)
    }

    func register(_ plan: SubscriptionRegistry.Plan, by: Attribution) async throws(ChangeFailure) -> ChangeReceipt {
        try await bridge.register(plan, by: by)
    }

    func delete(_ name: String, by: Attribution) async throws(ChangeFailure) -> ChangeReceipt {
        try await bridge.delete(name, by: by)
    }

    func logLevel() -> LogLevelStatus { LogLevelStatus(current: bridge.levels.level, configured: bridge.levels.configured) }

    func setLogLevel(_ change: LogLevelChange) async throws(ChangeFailure) -> ChangeReceipt { try await bridge.setLogLevel(change) }

    func configuration() -> ConfigurationStatus {
        let (status, topics) = (bridge.manifestStatus, bridge.topics)
        return ConfigurationStatus(
            folder: bridge.configuration.topics, loadedAt: status.loadedAt, topics: topics.count,
            subscriptions: topics.reduce(0) { $0 + $1.subscriptions.count }, warnings: status.warnings,
            refused: status.refused.map { .init(at: $0.at, problems: $0.problems) }, receiptIndex: receipts != nil)
    }

    func deliveries(_ filter: ReceiptFilter, limit: Int, after: ReceiptPosition?) async throws(DeliveriesFailure) -> ReceiptPage {
        guard let receipts else { throw .off }
        return try await receipts.page(filter, limit: limit, after: after)
    }

    func receiptIndex() -> ReceiptIndexStanding? { receipts?.standing }

    func oldestTurn() -> TimeSpan { bridge.oldestTurn() }
    var version: String { fanfareVersion }
    var startedAt: WallTime { bridge.startedAt }

    func readiness() -> Readiness {
        switch bridge.readiness() {
        case .ready: .ready
        case .notReady(let reasons): .notReady(reasons)
        }
    }
}
