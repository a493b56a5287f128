public import Control
public import EventModel
internal import Synchronization

/// What jobs of this process need of the bridge.
extension Bridge {
    /// As other replicas know this process; nil before it has started.
    public var replicaName: String? { state.withLock { $0.control }?.name }

    /// Writes what concerns jobs to the control topic, and waits until all replicas know.
    public func tell(_ records: [ControlRecord], patience: TimeSpan = .seconds(10)) async throws(ChangeFailure) {
        let control = try runningControl()
        _ = try await control.submit(records, seek: nil, until: Clock.moment().instant + patience).get()
    }

    /// The same without waiting.
    public func note(_ record: ControlRecord) { state.withLock { $0.control }?.write(record) }

    /// Runs something that may wait on a thread of its own.
    ///
    /// - Parameter name: at most 15 bytes.
    public static func thread(_ name: String, _ body: @escaping @Sendable () -> Void) { _ = WorkerThread(name: name, body) }
}
