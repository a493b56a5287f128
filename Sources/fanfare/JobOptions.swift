import ArgumentParser
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
        if let rate, !(rate > 0) { throw ValidationError("--rate must be more than 0") }
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1") }
        if let job, !JobIdentity.isValid(job) {
            throw ValidationError("--job \(job): letters, digits, '.', '_' and '-', at most 100")
        }
    }
}
