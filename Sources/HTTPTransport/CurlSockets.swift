import CCurl
import CLinux
import Egress
import EventLoop
import Glibc

/// Joins libcurl's sockets and its timer to the event loop, registering lazily.
///
/// libcurl takes its interest in a connection back (`CURL_POLL_REMOVE`) after every request and declares it again with the
/// next one. Followed to the letter that costs two `epoll_ctl` per request. So a removal is ignored: the descriptor stays
/// registered, mostly for reading, which is what the next request wants too; it is forgotten when the connection closes.
/// If an idle descriptor becomes ready (the server closed it), it is taken out then, so that it does not spin.
///
/// That works only for descriptors whose end we are told of, and libcurl 7.88 calls `CURLOPT_CLOSESOCKETFUNCTION` only for
/// connections that were completely set up: while it connects or shakes hands it closes sockets silently, and so it does
/// with the resolver's socket pair. A connection that brought at least the beginning of an answer was set up; until then
/// removals are followed to the letter. A connection that works costs two `epoll_ctl` in its life, a request none.
///
/// Not the transport itself, because libcurl calls back also while the transport is being deinitialized.
final class CurlSockets: DescriptorHandler, TimerHandler {
    let loop: EventLoop
    let connecting: ConnectionRules
    let proxy: Proxy?
    /// Set right after both exist; cleared by the transport's `deinit`.
    unowned(unsafe) var transport: CurlTransport?
    private(set) var socketsOpened = 0

    private var timer: TimerID?
    /// Fires when there are cancelled requests to report.
    private var cancellation: TimerID?
    /// By descriptor number.
    private var table: UnsafeMutablePointer<Entry>
    private var capacity = 256

    private struct Entry {
        /// What epoll watches; empty: not in epoll.
        var registered: Readiness = []
        /// What libcurl wants.
        var wanted: Readiness = []
        /// Since the last request that ended on it: how often it was ready, and what it had received when that was first looked at.
        var turns = 0
        var received: UInt64 = 0
    }

    /// More than what a hundred answers that are cut off may have brought together, as they do when they share a connection.
    private static let mostWithoutAnEnd: UInt64 = 16 << 20

    init(loop: EventLoop, connecting: ConnectionRules, proxy: Proxy?) {
        self.loop = loop
        self.connecting = connecting
        self.proxy = proxy
        table = .allocate(capacity: capacity)
        table.initialize(repeating: Entry(), count: capacity)
    }

    deinit { table.deallocate() }

    func install(on multi: UnsafeMutableRawPointer) {
        let me = Unmanaged.passUnretained(self).toOpaque()
        timer = loop.addTimer(self)
        cancellation = loop.addTimer(self)
        fanfare_multi_set_socket_function(multi) { easy, descriptor, what, me, _ in
            Unmanaged<CurlSockets>.fromOpaque(me!).takeUnretainedValue().watch(descriptor, what, for: easy!)
            return 0
        }
        fanfare_multi_set_pointer(multi, CURLMOPT_SOCKETDATA, me)
        fanfare_multi_set_timer_function(multi) { _, milliseconds, me in
            Unmanaged<CurlSockets>.fromOpaque(me!).takeUnretainedValue().setTimer(milliseconds)
            return 0
        }
        fanfare_multi_set_pointer(multi, CURLMOPT_TIMERDATA, me)
    }

    /// After libcurl closed everything.
    func uninstall() {
        for timer in [timer, cancellation] { if let timer { loop.removeTimer(timer) } }
        timer = nil
        cancellation = nil
        transport = nil
    }

    // MARK: From libcurl

    func opened(_ descriptor: Int32) {
        reserve(descriptor)
        socketsOpened += 1
        table[Int(descriptor)].turns = 0
        guard !table[Int(descriptor)].registered.isEmpty else { return }
        // One attempt to connect failed, its socket was closed silently (which took it out of epoll), and the attempt at the
        // next address got the same number. libcurl sees a descriptor that it waits for already, and will not say so again.
        loop.forget(descriptor)
        table[Int(descriptor)].registered = []
        register(descriptor)
    }

    /// The caller closes the descriptor next, which takes it out of epoll.
    func closed(_ descriptor: Int32) {
        if !table[Int(descriptor)].registered.isEmpty { loop.forget(descriptor) }
        table[Int(descriptor)] = Entry()
    }

    private func watch(_ descriptor: Int32, _ what: Int32, for easy: UnsafeMutableRawPointer) {
        reserve(descriptor)
        let entry = table + Int(descriptor)
        switch what {
        case CURL_POLL_IN: entry.pointee.wanted = .readable
        case CURL_POLL_OUT: entry.pointee.wanted = .writable
        case CURL_POLL_INOUT: entry.pointee.wanted = [.readable, .writable]
        default:
            entry.pointee.wanted = []
            // Without a slot: libcurl's own handle, closing what is left at the end.
            if LibCurl.slot(of: easy)?.pointee.head.lines ?? 0 == 0 { unregister(descriptor) }
            return
        }
        register(descriptor)
    }

    private func setTimer(_ milliseconds: Int) {
        guard let timer else { return }
        loop.setTimer(timer, at: milliseconds < 0 ? nil : milliseconds == 0 ? 0 : EventLoop.now() + Int64(milliseconds) * 1_000_000)
    }

    func reportCancellations() {
        if let cancellation { loop.setTimer(cancellation, at: 0) }
    }

    // MARK: From the loop

    func timerFired(_ timer: TimerID) {
        if timer == cancellation {
            transport?.deliverCancelled()
        } else {
            transport?.drive(CURL_SOCKET_TIMEOUT, 0)
        }
    }

    func descriptorReady(_ descriptor: Int32, _ events: Readiness) {
        let wanted = table[Int(descriptor)].wanted
        guard !wanted.isEmpty else {
            unregister(descriptor)
            return
        }
        // An error or hang-up is passed on as what libcurl waits for: it then reads or writes and meets the error itself.
        let actual = events.isDisjoint(with: [.error, .hangUp]) ? events : wanted
        guard let transport else { return }
        let hasEnded = transport.drive(
            descriptor,
            (actual.contains(.readable) ? CURL_CSELECT_IN : 0) | (actual.contains(.writable) ? CURL_CSELECT_OUT : 0))
        limit(descriptor, hasEnded)
    }

    /// Cuts a connection off that brings more and more and never the end of an answer. Bodies and headers have bounds of their
    /// own; this one is for what libcurl takes in without a word: extensions of chunks, HTTP/2's frames about the connection.
    /// Until the timeout, they could have all of the thread's time.
    private func limit(_ descriptor: Int32, _ hasEnded: Bool) {
        let entry = table + Int(descriptor)
        guard !hasEnded, !entry.pointee.wanted.isEmpty else {
            entry.pointee.turns = 0
            return
        }
        entry.pointee.turns += 1
        guard entry.pointee.turns % 64 == 0 else { return }
        let received = fanfare_bytes_received(descriptor)
        if entry.pointee.turns == 64 { entry.pointee.received = received }
        if received - min(received, entry.pointee.received) > Self.mostWithoutAnEnd { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }

    // MARK: epoll

    private func register(_ descriptor: Int32) {
        let entry = table + Int(descriptor)
        let wanted = entry.pointee.wanted
        guard entry.pointee.registered != wanted else { return }
        do {
            if entry.pointee.registered.isEmpty {
                try loop.add(descriptor, for: wanted, handler: self)
            } else {
                try loop.modify(descriptor, for: wanted)
            }
        } catch {
            // The kernel is out of memory for it; there is no connection without epoll and nobody to tell.
            fatalError("Cannot watch a connection: \(error)")
        }
        entry.pointee.registered = wanted
    }

    private func unregister(_ descriptor: Int32) {
        let entry = table + Int(descriptor)
        guard !entry.pointee.registered.isEmpty else { return }
        loop.remove(descriptor)
        entry.pointee.registered = []
    }

    private func reserve(_ descriptor: Int32) {
        guard Int(descriptor) >= capacity else { return }
        let larger = max(capacity * 2, Int(descriptor) + 1)
        let table = UnsafeMutablePointer<Entry>.allocate(capacity: larger)
        table.moveInitialize(from: self.table, count: capacity)
        (table + capacity).initialize(repeating: Entry(), count: larger - capacity)
        self.table.deallocate()
        self.table = table
        capacity = larger
    }
}

private let CURL_SOCKET_TIMEOUT: Int32 = -1
