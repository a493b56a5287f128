import Glibc

/// How many of the descriptors that the process may have go to connections with endpoints. The rest is Kafka's, the ops API's and
/// the resolver's: without one, they could neither write a dead letter nor answer a probe.
public struct DescriptorBudget: Sendable, Equatable {
    /// What the process may have.
    public let limit: Int

    public init(limit: Int) { self.limit = limit }

    /// By the soft limit as it stands now.
    public static var ofThisProcess: DescriptorBudget {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return DescriptorBudget(limit: 1024) }
        return DescriptorBudget(limit: Int(clamping: min(limit.rlim_cur, 1 << 20)))
    }

    /// Connections to endpoints, idle ones included, of all transports together.
    public var connections: Int { max(1, limit / 2) }

    /// The kernel gives out the lowest number that is free, so a descriptor from here on says that all others are in use, whoever
    /// took them: it is left to those who need it more.
    var end: Int32 { Int32(limit - min(64, limit / 8)) }

    /// A socket, if the budget has one left. Like the system's own, -1 with the reason in `errno`.
    func socket(_ family: Int32, _ type: Int32, _ protocol: Int32) -> Int32 {
        let descriptor = Glibc.socket(family, type, `protocol`)
        guard descriptor >= end else { return descriptor }
        close(descriptor)
        errno = EMFILE
        return -1
    }
}
