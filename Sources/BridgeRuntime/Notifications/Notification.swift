import EventFormats
package import EventModel

/// Something that happened to a bridge and that people want to hear of without looking: an event of Fanfare's own.
package struct Notification: Sendable, Equatable {
    /// The raw value is the CloudEvents type; see docs/NOTIFICATIONS.md.
    package enum Kind: String, CaseIterable, Sendable {
        case circuitOpened = "fanfare.circuit.opened"
        case circuitClosed = "fanfare.circuit.closed"
        case suspended = "fanfare.subscription.suspended"
        case paused = "fanfare.subscription.paused"
        case resumed = "fanfare.subscription.resumed"
        case moved = "fanfare.subscription.moved"
        case deadLettered = "fanfare.events.dead-lettered"
        case lost = "fanfare.events.lost"
        case retentionNear = "fanfare.retention.near"
        case certificateEnds = "fanfare.certificate.ends"
        case configurationRefused = "fanfare.configuration.refused"
        case configurationLoaded = "fanfare.configuration.loaded"
    }

    /// How bad it is, as in the log.
    package enum Severity: String, Sendable { case info, warning, error, critical }

    package var kind: Kind
    /// Nil for what concerns the whole bridge.
    package var subscription: String?
    /// One sentence for people.
    package var summary: String
    package var reason = ""
    /// Events it is about, where they are counted.
    package var count: Int64?

    package init(kind: Kind, subscription: String? = nil, summary: String, reason: String = "", count: Int64? = nil) {
        self.kind = kind
        self.subscription = subscription
        self.summary = summary
        self.reason = reason
        self.count = count
    }

    package var severity: Severity {
        switch kind {
        case .circuitClosed, .paused, .resumed, .moved, .configurationLoaded: .info
        case .circuitOpened, .deadLettered, .certificateEnds: .warning
        case .suspended, .retentionNear, .configurationRefused: .error
        case .lost: .critical
        }
    }
}

extension Notification.Kind {
    /// What each process counts for itself; all else is one occurrence, however many replicas see it.
    package var isCounted: Bool { self == .deadLettered || self == .lost }

    /// How long one occurrence lasts: what happens again within it is the same one.
    package var interval: TimeSpan { isCounted ? .minutes(1) : .minutes(5) }
}

/// Of whom a notification speaks.
package struct NotificationSubject: Sendable, Equatable {
    package var topic: String
    package var owner: String

    package init(topic: String, owner: String) {
        self.topic = topic
        self.owner = owner
    }
}

/// A notification as it stands in Kafka: a CloudEvent in binary mode.
package struct NotificationRecord: Sendable {
    package var id: String
    package var key: String
    package var headers: [(name: String, value: String)]
    package var value: String

    package init(_ notification: Notification, id: String, _ subject: NotificationSubject?, group: String, replica: String, at time: WallTime) {
        self.id = id
        // What is about one subscription stays in order.
        key = notification.subscription ?? group
        headers = [
            (name: "ce_specversion", value: "1.0"), (name: "ce_id", value: id), (name: "ce_source", value: "/fanfare/\(group)"),
            (name: "ce_type", value: notification.kind.rawValue), (name: "ce_time", value: time.rfc3339),
            (name: "content-type", value: "application/json"),
        ]
        if let subscription = notification.subscription { headers.append((name: "ce_subject", value: subscription)) }
        let data = JSONObjectText()
        data.add("severity", notification.severity.rawValue)
        data.add("summary", notification.summary)
        data.add("subscription", notification.subscription)
        data.add("topic", subject?.topic)
        data.add("owner", subject.flatMap { $0.owner.isEmpty ? nil : $0.owner })
        data.add("reason", notification.reason.isEmpty ? nil : notification.reason)
        if let count = notification.count { data.add("count", count) }
        data.add("group", group)
        data.add("replica", replica)
        value = data.text
    }
}
