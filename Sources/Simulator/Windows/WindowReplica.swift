import DeliveryCore
import EventModel

/// One process in the world of windows: an engine, and what its performer keeps.
final class WindowReplica {
    /// The head of one partition as it is read.
    struct Reader {
        var offset: Int64
        /// An answer to an older fetch is thrown away.
        var epoch = 0
        var isFetching = false
    }

    /// An engine's cursor.
    struct Place: Hashable {
        var subscription: SubscriptionID
        var partition: PartitionHandle
    }

    /// What is sent or diverted, and whose it is.
    struct Cargo {
        var course: WindowCourse
        var name: WindowInstance.Name
        var place: Place
    }

    struct Attempt {
        var serial: Int
        var cargo: [Cargo]
    }

    struct Diversion {
        var serial: Int
        var cargo: Cargo
    }

    let index: Int
    var core = DeliveryCore(options: CoreOptions())
    var keeper = RecordKeeper()
    var isUp = false
    var isLeaving = false
    var startAgain = false
    /// Of the process: what was on its way to an earlier one finds nobody.
    var incarnation = 0
    var effects = ContiguousArray<Effect>()
    /// By the handle's index.
    var readers: [Int: Reader] = [:]
    var attempts: [Int: Attempt] = [:]
    var diversions: [Int: Diversion] = [:]
    var tickAt = Instant.distantFuture
    /// Effects that are still performed before the process dies in their midst.
    var effectsToLive: Int? = nil
    /// The assignment in force of each partition that it was given.
    var handles: [TopicPartitionName: PartitionHandle] = [:]
    /// The courses that its cursors follow.
    var courses: [Place: WindowCourse] = [:]
    /// Of each cursor since it was loaded, what was sent first last.
    var lastSent: [Place: (end: Int64, first: Int64)] = [:]
    /// Drains that ran into their limit.
    var timedOut: Set<PartitionHandle> = []
    var wasEvicted = false
    var clock = Clock()

    init(index: Int) { self.index = index }

    func isAlive(_ incarnation: Int) -> Bool { isUp && self.incarnation == incarnation }

    /// Everything of an earlier process is gone.
    func reset(options: CoreOptions) {
        core = DeliveryCore(options: options)
        keeper = RecordKeeper()
        core.contents = keeper
        core.identities = keeper
        readers = [:]
        attempts = [:]
        diversions = [:]
        tickAt = .distantFuture
        effectsToLive = nil
        handles = [:]
        courses = [:]
        lastSent = [:]
        timedOut = []
        wasEvicted = false
    }

    /// Whether a cursor still is where it was: its partition is this process's, and it follows that course.
    func holds(_ cargo: Cargo) -> Bool {
        isHeld(cargo.place.partition) && courses[cargo.place] === cargo.course
    }

    func isHeld(_ handle: PartitionHandle) -> Bool { handles.values.contains(handle) }
}
