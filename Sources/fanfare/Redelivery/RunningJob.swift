import Control
import EventModel
import OpsServer
import Redelivery
import Synchronization

/// A job that runs in this process, or has run: its thread writes, requests read.
final class RunningJob: Sendable {
    let id: JobOrder.ID
    /// Tells it from other runs of the same job.
    let run = String(UInt64.random(in: .min ... .max), radix: 16)
    private let state: Mutex<JobReport>
    private let stopAsked = Atomic(false)
    private let lastLook = Mutex(ContinuousClock.now)

    init(_ report: JobReport) {
        id = report.id
        state = Mutex(report)
    }

    var report: JobReport { state.withLock { $0 } }

    var isStopAsked: Bool { stopAsked.load(ordering: .relaxed) }
    func askToStop() { stopAsked.store(true, ordering: .relaxed) }

    /// True a few times a second.
    func isTimeToLook() -> Bool {
        lastLook.withLock { last in
            let now = ContinuousClock.now
            guard now - last >= .milliseconds(200) else { return false }
            last = now
            return true
        }
    }

    func progressed(_ done: Int, _ total: Int, _ counts: JobCounts) {
        state.withLock { report in
            report.done = done
            report.total = total
            report.counts = counts
            report.left = max(0, total - done)
            report.sent = counts.sent
            report.refused = counts.refused.values.reduce(0, +)
        }
    }

    func ended(_ end: JobReport.State, message: String = "", at time: WallTime) {
        state.withLock { report in
            report.state = end
            report.message = message
            report.endedAt = time
        }
    }
}
