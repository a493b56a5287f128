/// What the control topic says: the last record of every key, whatever else it held.
///
/// Folded record by record in the order of their offsets; compaction changes nothing about the outcome.
public struct ControlState: Sendable, Equatable {
    public private(set) var pauses: [String: Pause] = [:]
    public private(set) var suspensions: [String: Suspension] = [:]
    public private(set) var seeks: [String: Seek] = [:]
    /// Also of deleted ones.
    public private(set) var registrations: [String: Registration] = [:]
    public private(set) var replicas: [String: Replica] = [:]
    /// Also one that has ended.
    public private(set) var logLevel: LogLevelChange?
    public private(set) var jobs: [JobOrder.ID: JobOrder] = [:]
    private var jobStops: [JobOrder.ID: JobStop] = [:]
    /// By subscription and partition: the seek that its owner carried out last.
    private var sought: [String: [Int32: String]] = [:]

    public init() {}

    public mutating func apply(_ record: ControlRecord) {
        switch record {
        case .pause(let name, let pause): pauses[name] = pause
        case .suspension(let name, let suspension): suspensions[name] = suspension
        case .seek(let name, let seek): seeks[name] = seek
        case .soughtPartition(let name, let partition, let seek): sought[name, default: [:]][partition] = seek
        case .registration(let name, let registration): registrations[name] = registration
        case .replica(let name, let replica): replicas[name] = replica
        case .logLevel(let change): logLevel = change
        case .job(let id, let order): jobs[id] = order
        case .jobStop(let id, let stop): jobStops[id] = stop
        case .forgotten(let key): forget(key)
        }
    }

    private mutating func forget(_ key: ControlKey) {
        switch key {
        case .pause(let name): pauses[name] = nil
        case .suspension(let name): suspensions[name] = nil
        case .seek(let name): seeks[name] = nil
        case .soughtPartition(let name, let partition):
            sought[name]?[partition] = nil
            if sought[name]?.isEmpty == true { sought[name] = nil }
        case .registration(let name): registrations[name] = nil
        case .replica(let name): replicas[name] = nil
        case .logLevel: logLevel = nil
        case .job(let id): jobs[id] = nil
        case .jobStop(let id): jobStops[id] = nil
        }
    }

    /// Who wants the job's run to end, if somebody does.
    public func stop(of job: JobOrder.ID) -> Attribution? {
        guard let stop = jobStops[job], stop.run == jobs[job]?.run else { return nil }
        return stop.change
    }

    /// Every subscription that something was ever said about.
    public var subscriptions: Set<String> { Set(pauses.keys).union(suspensions.keys).union(seeks.keys) }

    /// What came through the API and was not deleted, by name.
    public var definitions: [String: String] { registrations.compactMapValues(\.definition) }

    public func isPaused(_ subscription: String) -> Bool { pauses[subscription]?.isPaused ?? false }

    /// The suspension that holds for a subscription as its manifest is now.
    public func suspension(of subscription: String, manifest: @autoclosure () -> String) -> Suspension? {
        guard let suspension = suspensions[subscription], suspension.isSuspended, suspension.manifest == manifest() else { return nil }
        return suspension
    }

    /// The partitions that no owner has moved yet, and where they are to go.
    public func outstandingOffsets(of subscription: String, on topic: String) -> [Int32: Int64] {
        guard let seek = seeks[subscription], seek.topic == topic else { return [:] }
        return seek.offsets.filter { sought[subscription]?[$0.key] != seek.id }
    }
}
