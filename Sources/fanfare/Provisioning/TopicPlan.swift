import EventModel
import KafkaClient
import TerminalViews

/// What has to happen to one topic.
struct TopicPlan {
    enum Action {
        case create(ClusterAdmin.NewTopic)
        case extend(partitions: Int)
        case configure([(name: String, value: String)])
    }

    /// One line of the plan.
    struct Line {
        enum Mark: String {
            case create = "+"
            case change = "~"
            case same = "="
            case cannot = "!"
        }

        var mark: Mark
        var text: String
    }

    let topic: WantedTopic
    private(set) var lines: [Line] = []
    private(set) var actions: [Action] = []

    var isSettled: Bool { actions.isEmpty }
    var hasObstacle: Bool { lines.contains { $0.mark == .cannot } }

    init(_ topic: WantedTopic, _ state: ClusterState) {
        self.topic = topic
        if let existing = state.topics[topic.name] { extend(existing) } else { create(brokers: state.brokers) }
    }

    // MARK: Topics that do not exist

    private mutating func create(brokers: Int) {
        let replicas = topic.replicationFactor
        if let replicas, replicas > brokers {
            let are = brokers == 1 ? "is 1 broker" : "are \(brokers) brokers"
            return add(.cannot, "cannot be created with \(replicas) replicas, there \(are): lower \(topic.replicationKey)")
        }
        let settings = topic.settings.map { (name: $0.name, value: $0.rule.initial) }
        actions = [
            .create(.init(
                name: topic.name, partitions: topic.partitions ?? -1, replicationFactor: replicas ?? -1, configuration: settings))
        ]
        let counts = [
            topic.partitions.map { Numbers.counted($0, "partition") } ?? "the broker's number of partitions",
            replicas.map { Numbers.counted($0, "replica") } ?? "the broker's number of replicas",
        ]
        add(.create, "create: " + (counts + settings.map { "\($0.name) \(Self.shown($0.name, $0.value))" }).joined(separator: ", "))
    }

    // MARK: Topics that exist

    private mutating func extend(_ existing: ClusterState.Topic) {
        comparePartitions(existing)
        if let wanted = topic.replicationFactor, existing.replicationFactor < wanted {
            add(.cannot, "replicas \(existing.replicationFactor), wanted \(wanted): only `kafka-reassign-partitions` can add replicas")
        }
        var changes: [(name: String, value: String)] = []
        for (name, rule) in topic.settings {
            // What the broker does not show cannot be compared, and would be set again and again.
            guard let now = existing.settings[name] else { continue }
            guard let wanted = rule.change(from: now) else { continue }
            if case .manifest = rule, Self.losesRecords(name, from: now, to: wanted) {
                add(.cannot, "\(name) \(Self.shown(name, now)), wanted \(Self.shown(name, wanted)): this deletes records; if that is meant, do it with `kafka-configs`")
            } else {
                changes.append((name: name, value: wanted))
                add(.change, "\(name) \(Self.shown(name, now)) -> \(Self.shown(name, wanted))")
            }
        }
        if !changes.isEmpty { actions.append(.configure(changes)) }
        if lines.isEmpty { add(.same, "\(Numbers.counted(existing.partitions, "partition"))") }
    }

    private mutating func comparePartitions(_ existing: ClusterState.Topic) {
        guard let wanted = topic.partitions, wanted != existing.partitions else { return }
        // Any number will do, and with another one groups would have to move.
        if topic.role == .repartition || topic.role == .receipts { return }
        if wanted > existing.partitions {
            actions.append(.extend(partitions: wanted))
            let caution = topic.role == .source ? " (records of one key may go to another partition from now on)" : ""
            add(.change, "partitions \(existing.partitions) -> \(wanted)\(caution)")
        } else if topic.role == .source {
            add(.cannot, "partitions \(existing.partitions), wanted \(wanted): Kafka cannot take partitions away; write \(existing.partitions) into the manifest")
        }
    }

    private mutating func add(_ mark: Line.Mark, _ text: String) { lines.append(Line(mark: mark, text: text)) }

    /// Whether a change may delete what the topic holds.
    private static func losesRecords(_ name: String, from now: String, to wanted: String) -> Bool {
        switch name {
        case "cleanup.policy": return true
        case "retention.ms", "retention.bytes":
            guard let now = Int64(now), let wanted = Int64(wanted) else { return false }
            return wanted >= 0 && (now < 0 || wanted < now)
        default: return false
        }
    }

    /// `604800000 (7d)`.
    private static func shown(_ name: String, _ value: String) -> String {
        guard name.hasSuffix(".ms"), let number = Int64(value), number >= 1000, number < .max / 1_000_000 else { return value }
        return "\(value) (\(TimeSpan.milliseconds(number)))"
    }
}

extension WantedTopic.Rule {
    /// For a new topic.
    var initial: String {
        switch self {
        case .manifest(let value), .exactly(let value), .initially(let value): value
        case .atLeast(_, let value, _): String(value)
        }
    }

    /// What to set instead; nil when it is well as it is.
    func change(from now: String) -> String? {
        switch self {
        case .manifest(let value), .exactly(let value): return value == now ? nil : value
        case .initially: return nil
        case .atLeast(let minimum, let otherwise, let unlimited):
            guard let number = Int64(now) else { return nil }
            if let unlimited, number == unlimited { return nil }
            return number >= minimum ? nil : String(otherwise)
        }
    }
}
