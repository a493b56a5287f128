import EventModel

/// Which windows an event is in; times in milliseconds since 1970.
struct WindowPlan {
    enum Kind {
        /// `size` long, one beginning every `hop`.
        case fixed(size: Int64, hop: Int64)
        case session(gap: Int64, max: Int64)
    }

    let kind: Kind
    let grace: Int64
    let idle: Int64
    /// Most windows that one event is in.
    let windowsPerEvent: Int64
    /// Its events come from all partitions of a topic, by a repartition topic.
    let isOverAllPartitions: Bool
    /// Tells one definition of windows from another: what is known of those under way means nothing to the other.
    let digest: UInt32

    init(_ policy: WindowPolicy) {
        switch policy.shape {
        case .tumbling(let size): kind = .fixed(size: size.milliseconds, hop: size.milliseconds)
        case .hopping(let size, let hop): kind = .fixed(size: size.milliseconds, hop: hop.milliseconds)
        case .session(let gap, let max): kind = .session(gap: gap.milliseconds, max: max.milliseconds)
        }
        if case .fixed(let size, let hop) = kind { windowsPerEvent = (size + hop - 1) / hop } else { windowsPerEvent = 1 }
        grace = policy.grace.milliseconds
        idle = policy.idle.milliseconds
        digest = Self.digest("\(policy.shape) \(policy.time) \(policy.grace) \(policy.groupBy)\(policy.scope == .topic ? " topic" : "")")
        isOverAllPartitions = policy.scope == .topic
    }

    /// The beginning of the earliest window that a time is in.
    static func firstStart(_ time: Int64, size: Int64, hop: Int64) -> Int64 { floor(time - size, hop) + hop }

    /// The greatest multiple of `unit` that is not greater than `time`.
    static func floor(_ time: Int64, _ unit: Int64) -> Int64 {
        let rest = time % unit
        return time - (rest < 0 ? rest + unit : rest)
    }

    /// FNV-1a (Fowler, Noll, Vo), 32 bits.
    private static func digest(_ text: String) -> UInt32 {
        text.utf8.reduce(0x811C_9DC5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
    }
}

extension TimeSpan {
    fileprivate var milliseconds: Int64 { nanoseconds / 1_000_000 }
}
