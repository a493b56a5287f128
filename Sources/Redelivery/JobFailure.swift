/// Why a job did not begin, or did not come to its end.
public enum JobFailure: Error {
    /// What it is about is not there.
    case unknown(String)
    /// Another process works on it.
    case taken(job: String, by: JobHolder?)
    /// Who works on it cannot be looked up.
    case leaseUnknown(job: String, reason: String)
    /// It was begun under its name with other options.
    case otherOptions(job: String)
    /// A replay came to its end before.
    case complete(job: String)
    /// There is nothing to send through.
    case noRetryTopic(String)
    /// It goes on from there.
    case stopped(job: String, reason: String)

    /// How somebody asks for jobs.
    public enum Surface: Sendable {
        case command, request

        var same: String { self == .command ? "the same command" : "the same request" }
        var again: String { self == .command ? "--again" : "again" }
        var job: String { self == .command ? "--job" : "job" }
    }

    /// What is wrong and what to do about it.
    public func sentence(for surface: Surface) -> String {
        switch self {
        case .unknown(let sentence): sentence
        case .taken(let job, let holder):
            "job \(job) is being run by \(holder?.description ?? "another process"): wait until it ends, or interrupt it there; then \(surface.same) goes on from where it was"
        case .leaseUnknown(let job, let reason): "who works on job \(job) cannot be looked up: \(reason)"
        case .otherOptions(let job):
            "job \(job) was begun with other options: give the same ones, or another \(surface.job); \(surface.again) begins it anew, and sends again what was sent"
        case .complete(let job): "job \(job) is complete: everything was replayed; \(surface.again) replays it once more"
        case .noRetryTopic(let name): "there is no retry topic \(name) to send through: `fanfare apply` creates it"
        case .stopped(let job, let reason): "job \(job) stopped: \(reason); \(surface.same) goes on from there"
        }
    }
}
