package import Control
package import EventModel
import Manifests
import SchemaRegistry
import Synchronization

/// Test events, sent on request.
extension Bridge {
    /// Tests that may be under way at once: each has a thread, and waits for its endpoint.
    private static let mostTests = 8
    /// However long a delivery may take.
    private static let testTimeout = TimeSpan.seconds(20)

    /// Sends one event that is marked as a test to a subscription's endpoint, and waits for the answer on a thread of its own.
    ///
    /// - Parameter record: makes the event, for the topic that the subscription reads.
    package func test(
        _ name: String, _ record: @escaping @Sendable (TopicManifest) -> GivenRecord
    ) async throws(ChangeFailure) -> TestDelivery.Outcome {
        let known = rotation.withLock { $0.current }.lazy.flatMap { topic in topic.subscriptions.map { (topic: topic, policy: $0) } }
        guard let (manifest, found) = known.first(where: { $0.policy.name == name }) else { throw .unknownSubscription }
        var policy = found
        policy.delivery.timeout = min(policy.delivery.timeout, Self.testTimeout)
        let isFree = tests.withLock { tests in
            guard tests < Self.mostTests else { return false }
            tests += 1
            return true
        }
        guard isFree else { throw .unavailable("\(Self.mostTests) tests are under way; repeat it when they have ended") }
        return try await withCheckedContinuation { (continuation: CheckedContinuation<Result<TestDelivery.Outcome, ChangeFailure>, Never>) in
            _ = WorkerThread(name: "test") { [self, policy] in
                let schemas = AskedSchemas(configuration.schemaRegistry)
                var result: Result<TestDelivery.Outcome, ChangeFailure>
                do {
                    result = .success(try TestDelivery.run(
                        record(manifest), to: policy, of: manifest, egress: configuration.egress, ownListeners: ownListeners, schemas: schemas))
                    if let failure = schemas?.failure { result = .failure(.unavailable("the schemas of framed values are not known: \(failure)")) }
                } catch {
                    result = .failure(.impossible("no test can be made: \(error)"))
                }
                tests.withLock { $0 -= 1 }
                continuation.resume(returning: result)
            }
        }.get()
    }
}
