import ArgumentParser
import Glibc
import KafkaClient
import Redelivery

/// What every command has that sends records again.
struct JobOptions: ParsableArguments {
    @Flag(help: "Only count what would be sent; nothing is written.")
    var dryRun = false

    @Option(help: ArgumentHelp("Records per second at most.", valueName: "number"))
    var rate: Double?

    @Option(help: ArgumentHelp("Stop after so many; the same command goes on from there.", valueName: "number"))
    var limit: Int?

    @Option(help: ArgumentHelp("The job's name, instead of one made from the options.", valueName: "name"))
    var job: String?

    @Flag(help: "Forget how far the job has come and begin anew: what was sent is sent again.")
    var again = false

    func validate() throws {
        if let rate, !(rate >= 0.001) { throw ValidationError("--rate must be at least 0.001") }
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
        if let job, !JobIdentity.isValid(job) {
            throw ValidationError("--job \(job): letters, digits, '.', '_' and '-', at most 100")
        }
    }
}

extension JobOptions {
    /// Runs a job as the options say, shows how it gets on, and says in words why it failed.
    ///
    /// - Parameter label: `Redriving`
    func run(_ label: String, _ body: (JobConduct) throws -> JobOutcome) throws -> (outcome: JobOutcome, isInterrupted: Bool) {
        var conduct = JobConduct(holder: JobHolder(name: ChangeOptions.me, process: getpid()))
        conduct.isDryRun = dryRun
        conduct.rate = rate
        conduct.limit = limit
        conduct.isAgain = again
        conduct.waiting = { job, last in
            printError("note: job \(job) was begun by \(last), which has not said that it ended; waiting up to 5 s to see whether it is still there")
        }
        let progress = ProgressBox(label)
        conduct.progress = { done, total, _ in progress.update(done, total) }
        defer { progress.clear() }
        return try EndRequest.during { end in
            conduct.isCancelled = { end.isAsked }
            do {
                return (try body(conduct), end.isAsked)
            } catch let failure as JobFailure {
                progress.clear()
                throw Failed(failure.sentence(for: .command))
            } catch let error as KafkaError {
                progress.clear()
                throw Failed("the cluster does not say what there is to send: \(error.message)")
            }
        }
    }
}
