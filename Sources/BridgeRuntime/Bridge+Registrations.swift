public import Control
import DeliveryCore
public import EventModel
import KafkaClient
public import Manifests
import Synchronization

// Subscriptions that come through the API.
extension Bridge {
    /// Where every subscription stands.
    public var definitions: [String: SubscriptionDefinition] {
        assembly.withLock { $0.registry.definitions($0.files) }
    }

    /// What a registration would come to. Changes nothing.
    public func plan(_ name: String, _ definition: [UInt8]) throws(SubscriptionRegistry.Refusal) -> SubscriptionRegistry.Plan {
        // A copy: reading files takes its time.
        let (registry, files) = assembly.withLock { ($0.registry, $0.files) }
        return try registry.plan(name, definition, files)
    }

    /// Registers what was planned, on all replicas.
    public func register(
        _ plan: SubscriptionRegistry.Plan, by: Attribution, patience: TimeSpan = .seconds(10)
    ) async throws(ChangeFailure) -> ChangeReceipt {
        let control = try runningControl()
        let state = control.state.withLock { $0.control }
        let records = try await withCheckedContinuation { continuation in
            _ = WorkerThread(name: "register") { [configuration, kafka] in
                continuation.resume(
                    returning: Result { () throws(ChangeFailure) in
                        try RegistrationRecords.registering(plan, after: state, configuration, by, kafka)
                    })
            }
        }.get()
        return try await control.submit(records.records, seek: records.seek, until: Clock.moment().instant + patience).get()
    }

    /// Deletes one that came through the API, on all replicas.
    public func delete(_ name: String, by: Attribution, patience: TimeSpan = .seconds(10)) async throws(ChangeFailure) -> ChangeReceipt {
        let control = try runningControl()
        let state = control.state.withLock { $0.control }
        let file = assembly.withLock { assembly in assembly.files.first { $0.subscriptions.contains { $0.name == name } }?.file }
        let records = try RegistrationRecords.deleting(name, after: state, file: file, by)
        return try await control.submit(records, seek: nil, until: Clock.moment().instant + patience).get()
    }

    /// Changes how much all replicas log.
    public func setLogLevel(_ change: LogLevelChange, patience: TimeSpan = .seconds(10)) async throws(ChangeFailure) -> ChangeReceipt {
        try await runningControl().submit([.logLevel(change)], seek: nil, until: Clock.moment().instant + patience).get()
    }

    func runningControl() throws(ChangeFailure) -> ControlChannel {
        let (control, waitingFor) = state.withLock { ($0.control, $0.waitingFor) }
        guard let control else { throw .unavailable("nothing can be changed yet: \(waitingFor)") }
        return control
    }
}
