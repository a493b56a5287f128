package import DeliveryCore
package import EventModel
package import Receipts

/// What one scrape shows: everything is read before the first byte is written, so that the figures belong together.
package struct MetricView {
    package var core: CoreSnapshot
    /// Whether `/readyz` would say so.
    package var isReady: Bool
    package var process: ProcessFigures
    package var version: String
    package var startedAt: WallTime
    package var now: WallTime
    /// Nil where there is no index of receipts.
    package var receiptIndex: ReceiptIndexStanding?

    package init(
        core: CoreSnapshot, isReady: Bool, process: ProcessFigures, version: String, startedAt: WallTime, now: WallTime,
        receiptIndex: ReceiptIndexStanding? = nil
    ) {
        self.core = core
        self.isReady = isReady
        self.process = process
        self.version = version
        self.startedAt = startedAt
        self.now = now
        self.receiptIndex = receiptIndex
    }
}

/// One line of the catalog: a metric's name, type and help, and how its samples come out of a view.
package struct Metric: Sendable {
    package enum Kind: Sendable {
        case counter, gauge, histogram, info

        /// What the samples' name adds to the family's.
        var suffix: String {
            switch self {
            case .counter: "_total"
            case .info: "_info"
            case .gauge, .histogram: ""
            }
        }

        func word(in format: MetricFormat) -> String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            case .info: format == .openMetrics ? "info" : "gauge"
            }
        }
    }

    /// Without the kind's suffix.
    package var name: String
    package var kind: Kind
    package var help: String
    package var samples: @Sendable (MetricView, inout MetricWriter) -> Void

    /// As users see it, in dashboards and alerts.
    package var fullName: String { name + kind.suffix }

    /// OpenMetrics wants the unit said, and that the name ends with it.
    package var unit: String? { ["seconds", "bytes"].first { name.hasSuffix("_" + $0) } }

    init(
        _ kind: Kind, _ name: String, _ help: String, _ samples: @escaping @Sendable (MetricView, inout MetricWriter) -> Void
    ) {
        self.name = name
        self.kind = kind
        self.help = help
        self.samples = samples
    }

    /// A metric of the bridge: the name gets its prefix.
    static func fanfare(
        _ kind: Kind, _ name: String, _ help: String, _ samples: @escaping @Sendable (MetricView, inout MetricWriter) -> Void
    ) -> Metric {
        Metric(kind, "fanfare_" + name, help, samples)
    }

    /// A metric that every subscription has.
    static func each(
        _ kind: Kind, _ name: String, _ help: String,
        _ samples: @escaping @Sendable (SubscriptionSnapshot, inout MetricWriter) -> Void
    ) -> Metric {
        fanfare(kind, name, help) { view, out in
            for subscription in view.core.subscriptions { samples(subscription, &out) }
        }
    }
}
