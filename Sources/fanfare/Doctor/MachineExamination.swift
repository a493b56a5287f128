import CLinux
import EventModel
import HTTPTransport

/// What of this machine, and of the limits of a process here, a bridge depends on.
enum MachineExamination {
    static func findings(_ configuration: BridgeConfiguration) -> [Finding] { [clock(), descriptors(configuration)] }

    /// By what the kernel knows of it (`adjtimex`): whether something keeps it right, and how far off it may be.
    private static func clock() -> Finding {
        var answer = timex()
        guard adjtimex(&answer) >= 0 else { return .unknown(.clock, .clockUnseen, "the kernel does not say whether the clock is kept right") }
        guard answer.status & STA_UNSYNC == 0 else {
            return .warning(
                .clock, .clockFree, "nothing known to the kernel keeps this machine's clock right",
                help: "run chrony or another NTP client, or see that the host does: receivers refuse signatures that are minutes off, and retries are due by this clock")
        }
        return .ok(.clock, "kept right, to within \(TimeSpan.milliseconds(Int64(max(1, answer.maxerror / 1000))))")
    }

    private static func descriptors(_ configuration: BridgeConfiguration) -> Finding {
        let budget = DescriptorBudget.ofThisProcess
        let wanted = configuration.limits.maxInFlight
        guard budget.connections < wanted else {
            return .ok(.descriptors, "\(budget.limit) for a process that is started here, enough for limits.maxInFlight (\(wanted))")
        }
        return .warning(
            .descriptors, .descriptorsFew, "\(budget.limit) for a process that is started here: \(budget.connections) requests at once instead of limits.maxInFlight (\(wanted))",
            help: "raise the limit of open files (ulimit -n, or LimitNOFILE of the service) to \(2 * wanted) or more")
    }
}
