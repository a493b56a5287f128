import CLinux
import Egress
import EventLoop
import Glibc
import Synchronization

/// Looks names up with the system's resolver, each on a thread of its own: it knows no way but waiting, and a name server that does
/// not answer holds nobody else up.
final class NameResolver: DescriptorHandler {
    struct Answer: Sendable {
        let question: Int
        /// In the order to try them. Empty: there is none.
        let addresses: [SocketAddress]
    }

    /// Called from within `EventLoop.run`.
    var answered: (Answer) -> Void = { _ in }

    private let loop: EventLoop
    /// Made with the first question.
    private var mailbox: Mailbox?

    /// Lookups at once; more wait for one of them to end.
    private static let mostThreads = 32

    init(loop: EventLoop) { self.loop = loop }

    func close() {
        guard let mailbox else { return }
        loop.remove(mailbox.descriptor)
        self.mailbox = nil
    }

    func look(up host: String, port: UInt16, question: Int) {
        let mailbox = self.mailbox ?? makeMailbox()
        mailbox.ask(host, port, question, mostThreads: Self.mostThreads)
    }

    func descriptorReady(_ descriptor: Int32, _ events: Readiness) {
        guard let answers = mailbox?.takeAnswers() else { return }
        for answer in answers { answered(answer) }
    }

    private func makeMailbox() -> Mailbox {
        let made = Mailbox()
        do {
            try loop.add(made.descriptor, for: .readable, handler: self)
        } catch {
            fatalError("Cannot watch the resolver: \(error)")
        }
        mailbox = made
        return made
    }
}

/// Between the loop's thread and those that wait for name servers. Lives as long as any of them.
private final class Mailbox: Sendable {
    private struct Question {
        let number: Int
        let host: String
        let port: UInt16
    }

    private struct State {
        var waiting: [Question] = []
        var threads = 0
        var answers: [NameResolver.Answer] = []
    }

    let descriptor: Int32
    private let state = Mutex(State())

    init() {
        descriptor = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
        guard descriptor >= 0 else { fatalError("eventfd: \(FailureText.system(errno))") }
    }

    deinit { close(descriptor) }

    func ask(_ host: String, _ port: UInt16, _ number: Int, mostThreads: Int) {
        let needsThread = state.withLock { state in
            state.waiting.append(Question(number: number, host: host, port: port))
            guard state.threads < mostThreads else { return false }
            state.threads += 1
            return true
        }
        guard needsThread else { return }
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        defer { pthread_attr_destroy(&attributes) }
        var thread = pthread_t()
        let me = Unmanaged.passRetained(self)
        let code = pthread_create(&thread, &attributes, { me in
            Unmanaged<Mailbox>.fromOpaque(me!).takeRetainedValue().work()
            return nil
        }, me.toOpaque())
        if code != 0 {
            // On this thread, as late as that is: an answer that never comes would be worse.
            me.takeRetainedValue().work()
        }
    }

    func takeAnswers() -> [NameResolver.Answer] {
        var count: UInt64 = 0
        while read(descriptor, &count, 8) < 0 && errno == EINTR {}
        return state.withLock { state in
            defer { state.answers.removeAll() }
            return state.answers
        }
    }

    private func work() {
        while let question = next() {
            let addresses = Self.resolve(question.host, question.port)
            state.withLock { $0.answers.append(NameResolver.Answer(question: question.number, addresses: addresses)) }
            var one: UInt64 = 1
            while write(descriptor, &one, 8) < 0 && errno == EINTR {}
        }
    }

    private func next() -> Question? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.threads -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
    }

    private static func resolve(_ host: String, _ port: UInt16) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = FANFARE_SOCK_STREAM
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var entry = list
        while let current = entry?.pointee {
            entry = current.ai_next
            guard let ip = IPAddress(current.ai_addr, length: current.ai_addrlen) else { continue }
            let scope = ip.family == .v6 ? UnsafeRawPointer(current.ai_addr).loadUnaligned(as: sockaddr_in6.self).sin6_scope_id : 0
            let address = SocketAddress(ip: ip, port: port, scope: scope)
            if !found.contains(address) { found.append(address) }
        }
        return inTurns(found)
    }

    /// The families in turns, beginning with that of the first: where one of them leads nowhere, the second attempt is of the other.
    static func inTurns(_ addresses: [SocketAddress]) -> [SocketAddress] {
        guard let family = addresses.first?.ip.family else { return [] }
        let first = addresses.filter { $0.ip.family == family }
        let second = addresses.filter { $0.ip.family != family }
        return (0..<max(first.count, second.count)).flatMap { Array(first[min($0, first.count)...].prefix(1) + second[min($0, second.count)...].prefix(1)) }
    }
}
