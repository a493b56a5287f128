internal import EventModel

/// What a record of the control topic is about: its key.
///
/// Compaction keeps the last record of each key. What different people decide independently has keys of its own, so that
/// nobody has to read before writing, and a suspension cannot undo a pause that came in the same moment.
public enum ControlKey: Hashable, Sendable {
    /// `pause/<subscription>`
    case pause(String)
    /// `suspension/<subscription>`
    case suspension(String)
    /// `seek/<subscription>`
    case seek(String)
    /// `seek/<subscription>/<partition>`
    case soughtPartition(String, Int32)
    /// `subscription/<name>`
    case registration(String)
    /// `replica/<name>`
    case replica(String)
    /// `log-level`
    case logLevel
    /// `job/<verb>/<name>`
    case job(JobOrder.ID)
    /// `job/<verb>/<name>/stop`
    case jobStop(JobOrder.ID)

    /// Nil for a key that this version does not know.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard !parts.contains("") else { return nil }
        switch (parts.first, parts.count) {
        case ("pause", 2): self = .pause(parts[1])
        case ("suspension", 2): self = .suspension(parts[1])
        case ("seek", 2): self = .seek(parts[1])
        case ("subscription", 2): self = .registration(parts[1])
        case ("replica", 2): self = .replica(parts[1])
        case ("log-level", 1): self = .logLevel
        case ("seek", 3):
            guard let partition = Int32(parts[2]), partition >= 0 else { return nil }
            self = .soughtPartition(parts[1], partition)
        case ("job", 3), ("job", 4):
            guard let verb = JobVerb(rawValue: parts[1]), parts.count == 3 || parts[3] == "stop" else { return nil }
            let id = JobOrder.ID(verb, parts[2])
            self = parts.count == 3 ? .job(id) : .jobStop(id)
        default: return nil
        }
    }

    public var text: String {
        switch self {
        case .pause(let name): "pause/\(name)"
        case .suspension(let name): "suspension/\(name)"
        case .seek(let name): "seek/\(name)"
        case .soughtPartition(let name, let partition): "seek/\(name)/\(partition)"
        case .registration(let name): "subscription/\(name)"
        case .replica(let name): "replica/\(name)"
        case .logLevel: "log-level"
        case .job(let id): "job/\(id.verb.rawValue)/\(id.name)"
        case .jobStop(let id): "job/\(id.verb.rawValue)/\(id.name)/stop"
        }
    }

    /// Whether it is about a job: the replicas themselves forget old ones, so that nobody needs to be told of their tombstones.
    public var isOfJob: Bool {
        switch self {
        case .job, .jobStop: true
        default: false
        }
    }
}
