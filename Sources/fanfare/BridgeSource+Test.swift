import BridgeRuntime
import Control
import DeliveryCore
import EventLoop
import EventModel
import OpsServer

extension BridgeSource {
    func test(_ name: String, event: String?, type: String?) async throws(ChangeFailure) -> TestReport {
        let outcome = try await bridge.test(name) { manifest in
            let now = WallTime(milliseconds: EventLoop.wallMilliseconds())
            return event.map { EventInput.record(of: Array($0.utf8), at: now) } ?? TestEvent(manifest, type: type).record(at: now)
        }
        return TestReport(outcome)
    }
}

extension TestReport {
    init(_ outcome: TestDelivery.Outcome) {
        let result: Result =
            switch outcome.verdict {
            case .success, .successThenSuspend: .success
            case .retry: .retry
            case .giveUp, .suspend: .refused
            }
        self.init(
            result: result, status: outcome.status == 0 ? nil : outcome.status, errorKind: outcome.isAccepted ? nil : outcome.failure ?? .http,
            message: outcome.message, duration: outcome.duration)
    }
}
