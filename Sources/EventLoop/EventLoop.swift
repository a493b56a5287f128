import CLinux
import Glibc

/// One thread's epoll loop: descriptors, timers, and wake-ups from other threads.
///
/// The loop does not run by itself: its thread calls ``run(until:)`` in a loop of its own, which is one wait and the
/// dispatch of what became ready. Everything except ``signal`` and ``now()`` belongs to the thread that created the loop, and traps
/// elsewhere where that costs little.
public final class EventLoop {
    /// Wakes this loop; may be passed to other threads.
    public let signal: Signal
    /// Whether the last ``run(until:)`` saw a wake-up.
    public private(set) var signalled = false
    /// `epoll_ctl` calls so far: what lazy registration saves.
    public private(set) var controlCalls = 0

    private let epoll: Int32
    private let owner = pthread_self()
    private var table = DescriptorTable()
    /// A handful at most: one or two for each component that shares the loop.
    private var timers: [Timer] = []
    private let ready: UnsafeMutablePointer<epoll_event>
    private var mayWait = true
    /// Kernels before 5.11 and some sandboxes lack `epoll_pwait2`.
    private var hasNanosecondWait = true

    /// Descriptors dispatched per wait; more are reported by the next one.
    private static let batch = 256

    private struct Timer {
        /// `Int64.max`: not set.
        var deadline: Int64
        /// Nil: removed, free for reuse.
        var handler: (any TimerHandler)?
    }

    public init() throws(EventLoopError) {
        let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw EventLoopError(call: "epoll_create1") }
        do {
            signal = try Signal()
        } catch {
            close(epoll)
            throw error
        }
        self.epoll = epoll
        ready = .allocate(capacity: Self.batch)
        ready.initialize(repeating: epoll_event(), count: Self.batch)
        try control(Int32(EPOLL_CTL_ADD), signal.descriptor, .readable, generation: 0)
    }

    deinit {
        ready.deallocate()
        close(epoll)
    }

    /// Traps when called on another thread than the loop's.
    @inline(__always)
    public func assertOwnThread() {
        precondition(
            pthread_equal(owner, pthread_self()) != 0,
            "An EventLoop and what is registered with it belong to the thread that created it; only its signal may be used elsewhere.")
    }

    // MARK: Descriptors

    /// Watches a descriptor, which must not be watched already. The loop keeps the handler until ``remove(_:)`` or
    /// ``forget(_:)``, and does not own the descriptor.
    public func add(_ descriptor: Int32, for interest: Readiness, handler: any DescriptorHandler) throws(EventLoopError) {
        assertOwnThread()
        let generation = table.insert(descriptor, handler)
        do {
            try control(Int32(EPOLL_CTL_ADD), descriptor, interest, generation: generation)
        } catch {
            table.clear(descriptor)
            throw error
        }
    }

    /// Watches an already watched descriptor for something else.
    public func modify(_ descriptor: Int32, for interest: Readiness) throws(EventLoopError) {
        assertOwnThread()
        guard let entry = table[descriptor] else {
            preconditionFailure("Descriptor \(descriptor) is not watched; add it first.")
        }
        try control(Int32(EPOLL_CTL_MOD), descriptor, interest, generation: entry.generation)
    }

    /// Stops watching a descriptor that is still open. Without effect when it is not watched.
    public func remove(_ descriptor: Int32) {
        assertOwnThread()
        guard table[descriptor] != nil else { return }
        table.clear(descriptor)
        var unused = epoll_event()
        controlCalls += 1
        epoll_ctl(epoll, Int32(EPOLL_CTL_DEL), descriptor, &unused)
    }

    /// Stops watching a descriptor that the caller closes now: the kernel drops it from epoll by itself, which saves a
    /// system call. Only for descriptors that were never duplicated.
    public func forget(_ descriptor: Int32) {
        assertOwnThread()
        table.clear(descriptor)
    }

    private func control(
        _ operation: Int32, _ descriptor: Int32, _ interest: Readiness, generation: UInt32
    ) throws(EventLoopError) {
        var event = epoll_event()
        event.events = interest.rawValue
        event.data.u64 = UInt64(generation) << 32 | UInt64(UInt32(bitPattern: descriptor))
        controlCalls += 1
        guard epoll_ctl(epoll, operation, descriptor, &event) == 0 else { throw EventLoopError(call: "epoll_ctl") }
    }

    // MARK: Timers

    /// A new timer, not set. The loop keeps the handler until ``removeTimer(_:)``.
    public func addTimer(_ handler: any TimerHandler) -> TimerID {
        assertOwnThread()
        let timer = Timer(deadline: .max, handler: handler)
        if let free = timers.firstIndex(where: { $0.handler == nil }) {
            timers[free] = timer
            return TimerID(index: free)
        }
        timers.append(timer)
        return TimerID(index: timers.count - 1)
    }

    /// Sets when the timer fires, in nanoseconds of ``now()``, replacing what was set before. Nil: not at all; a time in
    /// the past: at the beginning of the next turn, or at the end of this one.
    @inline(__always)
    public func setTimer(_ timer: TimerID, at deadline: Int64?) {
        timers[timer.index].deadline = deadline ?? .max
    }

    public func removeTimer(_ timer: TimerID) {
        assertOwnThread()
        timers[timer.index] = Timer(deadline: .max, handler: nil)
    }

    private var earliestTimer: Int64 {
        var earliest = Int64.max
        for index in timers.indices { earliest = min(earliest, timers[index].deadline) }
        return earliest
    }

    private func fireTimers(dueAt now: Int64) {
        for index in timers.indices where timers[index].deadline <= now {
            guard let handler = timers[index].handler else { continue }
            timers[index].deadline = .max
            handler.timerFired(TimerID(index: index))
        }
    }

    // MARK: Running

    /// One turn: fires due timers, waits once until a descriptor is ready, a timer is due, the loop is signalled or the
    /// deadline has come, and dispatches what is ready.
    ///
    /// May return earlier than the deadline and with nothing done: the caller decides by its own state what to do next.
    ///
    /// - Parameter deadline: nanoseconds of ``now()``; nil waits without limit; a time in the past only looks.
    public func run(until deadline: Int64? = nil) {
        assertOwnThread()
        mayWait = true
        let now = Self.now()
        fireTimers(dueAt: now)
        let wakeUp = min(deadline ?? .max, earliestTimer)
        let count = !mayWait ? wait(0) : wakeUp == .max ? wait(nil) : wait(max(0, wakeUp - now))
        signalled = false
        for index in 0..<max(0, Int(count)) {
            dispatch(ready[index])
        }
        if earliestTimer != .max { fireTimers(dueAt: Self.now()) }
    }

    /// Makes this turn's wait only look, if it is still to come: for a timer's handler that gave the loop's caller something
    /// to do, which must not have to wait for another event.
    public func skipWait() {
        mayWait = false
    }

    private func dispatch(_ event: epoll_event) {
        let descriptor = Int32(truncatingIfNeeded: event.data.u64)
        if descriptor == signal.descriptor {
            signal.drain()
            signalled = true
            return
        }
        // The generation tells an event of a descriptor that a handler closed earlier in this batch from one of its
        // successor with the same number.
        guard let entry = table[descriptor], entry.generation == UInt32(event.data.u64 >> 32) else { return }
        entry.handler.descriptorReady(descriptor, Readiness(rawValue: event.events))
    }

    /// Nil: without limit.
    private func wait(_ nanoseconds: Int64?) -> Int32 {
        if hasNanosecondWait {
            let count: Int32
            if let nanoseconds {
                var time = timespec()
                time.tv_sec = Int(nanoseconds / 1_000_000_000)
                time.tv_nsec = Int(nanoseconds % 1_000_000_000)
                count = epoll_pwait2(epoll, ready, Int32(Self.batch), &time, nil)
            } else {
                count = epoll_pwait2(epoll, ready, Int32(Self.batch), nil, nil)
            }
            if count >= 0 || errno == EINTR { return count }
            guard errno == ENOSYS || errno == EPERM else { fatalError(EventLoopError(call: "epoll_pwait2").description) }
            hasNanosecondWait = false
        }
        // Rounded up: a deadline must not be early. Clamped: a month is waited out in several turns.
        let milliseconds = nanoseconds.map { Int32(clamping: $0 / 1_000_000 + ($0 % 1_000_000 == 0 ? 0 : 1)) } ?? -1
        let count = epoll_wait(epoll, ready, Int32(Self.batch), milliseconds)
        guard count >= 0 || errno == EINTR else { fatalError(EventLoopError(call: "epoll_wait").description) }
        return count
    }
}
