import EventLoop
import Glibc

/// Joins a transport to the event loop, which keeps this object and not the transport.
final class HTTP1Events: DescriptorHandler, TimerHandler {
    private let loop: EventLoop
    /// Set right after both exist; cleared by the transport's `deinit`.
    unowned(unsafe) private var transport: HTTP1Transport?
    private var turn: TimerID?
    private var deadline: TimerID?
    /// `Int64.max`: none.
    private var deadlineAt = Int64.max
    /// By descriptor number.
    private var table: UnsafeMutablePointer<HTTP1Connection.Pointer?>
    private var capacity = 256

    init(loop: EventLoop) {
        self.loop = loop
        table = .allocate(capacity: capacity)
        table.initialize(repeating: nil, count: capacity)
    }

    deinit { table.deallocate() }

    func install(_ transport: HTTP1Transport) {
        self.transport = transport
        turn = loop.addTimer(self)
        deadline = loop.addTimer(self)
    }

    func uninstall() {
        transport = nil
        for timer in [turn, deadline] { if let timer { loop.removeTimer(timer) } }
    }

    var connections: [HTTP1Connection.Pointer] { (0..<capacity).compactMap { table[$0] } }

    // MARK: To the loop

    func add(_ connection: HTTP1Connection.Pointer) {
        let descriptor = connection.pointee.descriptor
        reserve(descriptor)
        table[Int(descriptor)] = connection
        do {
            try loop.add(descriptor, for: HTTP1Connection.interest, handler: self)
        } catch {
            // The kernel is out of memory for it; there is no connection without epoll and nobody to tell.
            fatalError("Cannot watch a connection: \(error)")
        }
    }

    /// The caller closes the descriptor next, which takes it out of epoll.
    func remove(_ connection: HTTP1Connection.Pointer) {
        let descriptor = connection.pointee.descriptor
        table[Int(descriptor)] = nil
        loop.forget(descriptor)
    }

    /// The loop's next turn has something to begin or to report.
    func takeATurn() {
        if let turn { loop.setTimer(turn, at: 0) }
    }

    /// The transport wants to look at its deadlines by then.
    @inline(__always)
    func wake(by time: Int64) {
        guard time < deadlineAt, let deadline else { return }
        deadlineAt = time
        loop.setTimer(deadline, at: time)
    }

    // MARK: From the loop

    func timerFired(_ timer: TimerID) {
        if timer == turn {
            transport?.begin()
        } else {
            deadlineAt = .max
            transport?.expire(EventLoop.now())
        }
    }

    func descriptorReady(_ descriptor: Int32, _ events: Readiness) {
        guard let connection = table[Int(descriptor)] else { return }
        transport?.ready(connection, events)
    }

    private func reserve(_ descriptor: Int32) {
        guard Int(descriptor) >= capacity else { return }
        let larger = max(capacity * 2, Int(descriptor) + 1)
        let table = UnsafeMutablePointer<HTTP1Connection.Pointer?>.allocate(capacity: larger)
        table.moveInitialize(from: self.table, count: capacity)
        (table + capacity).initialize(repeating: nil, count: larger - capacity)
        self.table.deallocate()
        self.table = table
        capacity = larger
    }
}
