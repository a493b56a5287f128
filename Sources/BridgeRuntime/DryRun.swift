import DeliveryCore
import Egress
package import EventFormats
import EventLoop
package import EventModel
import HTTPTransport
import Manifests

/// What would become of a list of events for one subscription: found out by the code that delivers, with a clock of its own,
/// and without sending anything.
package struct DryRun: Sendable {
    package struct Window: Sendable {
        package var start: WallTime
        package var end: WallTime
        package var partition: Int32
        /// Indices of entries, in the order of the log, with the time that decided on their window.
        package var events: [(index: Int, time: WallTime)]
        package var completed: WallTime
        /// Nothing had come for the policy's `idle`.
        package var isClosedByClock: Bool
        /// It was still open when the last event had been looked at.
        package var isOpenAtEnd: Bool
        /// The event that moved the watermark beyond it, where one did, and as far as it is known.
        package var completedBy: Int?
        /// The event that is delivered: structured CloudEvents JSON.
        package var event: GivenRecord
    }

    package struct Request: Sendable {
        package enum Part: Sendable, Equatable {
            /// By its index among the entries.
            case event(Int)
            /// By its index among the windows.
            case window(Int)
        }

        package var at: WallTime
        /// Its `webhook-id`.
        package var id: String
        /// Of its body.
        package var bytes: Int
        package var parts: [Part]
    }

    package struct Refused: Sendable {
        package var event: Int
        package var reason: String
    }

    package struct Repeat: Sendable {
        package var event: Int
        /// The last before it that is the same.
        package var of: Int
    }

    package var subscription: Subscription
    /// In the order in which they are complete.
    package var windows: [Window] = []
    package var requests: [Request] = []
    /// Indices of entries whose windows were all complete.
    package var late: [Int] = []
    /// No valid events, or none that can be counted.
    package var poison: [Refused] = []
    /// The same event came before (`deduplicate`).
    package var repeats: [Repeat] = []
    /// Events that its filters leave out.
    package var leftOut = 0
    /// The event that made it stop; those behind it were not looked at.
    package var suspension: Refused? = nil
    /// Why nothing could be delivered; empty if it could.
    package var problem = ""

    /// - Parameter progress: is told how many events were looked at.
    /// - Throws: `EgressRuleError`, `EndpointError`, `EventLoopError`.
    package init(
        of log: GivenLog, for subscription: Subscription, _ manifest: TopicManifest, egress: BridgeConfiguration.Egress,
        schemas: (any SchemaSource)? = nil,
        progress: (Int) -> Void = { _ in }
    ) throws {
        var log = log
        var subscription = subscription
        if subscription.window?.scope == .topic {
            log = log.asOnePartition()
            subscription.window!.scope = .partition
        }
        let transport = CurlTransport(loop: try EventLoop(), rules: try EgressRules(egress), proxy: try egress.proxy.map { try Proxy($0) }, requests: 0)
        let route = TopicRoute(manifest, subscriptions: [], errors: SubscriptionCounts(\.filterErrors), schemas: schemas)
        let outlet = Outlet(policy: subscription, route: route, transport: transport)
        defer { outlet.close(transport) }
        self = DryRunShard(log, outlet, manifest, schemas: schemas).run(progress: progress)
    }

    init(_ subscription: Subscription) { self.subscription = subscription }
}
