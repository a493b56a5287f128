import Dispatch
import Glibc
import Synchronization

/// Waits for SIGTERM or SIGINT without letting them end the process.
enum Termination {
    /// Of the pipe through which the numbers of the signals go that came. Not through signal sources of Dispatch: those do not
    /// hear what comes while the process starts, and one that is told to stop then would run on.
    private static let writingEnd = Atomic<Int32>(-1)

    /// Calls `body` at the first signal; a second one ends the process at once, for those who do not want to wait. Once for a
    /// process.
    static func onSignal(_ body: @escaping @Sendable () -> Void) -> any DispatchSourceRead {
        var descriptors: [Int32] = [-1, -1]
        guard pipe(&descriptors) == 0 else { fatalError("no pipe for signals: \(String(cString: strerror(errno)))") }
        for descriptor in descriptors {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        }
        let readingEnd = descriptors[0]
        writingEnd.store(descriptors[1], ordering: .releasing)
        let source = DispatchSource.makeReadSource(fileDescriptor: readingEnd, queue: DispatchQueue(label: "signals"))
        nonisolated(unsafe) var isFirst = true
        source.setEventHandler {
            var number: UInt8 = 0
            while read(readingEnd, &number, 1) == 1 {
                guard isFirst else { _exit(128 + Int32(number)) }
                isFirst = false
                body()
            }
        }
        source.resume()
        for number in [SIGTERM, SIGINT] {
            signal(number) { number in
                let before = errno
                var byte = UInt8(truncatingIfNeeded: number)
                _ = write(Termination.writingEnd.load(ordering: .acquiring), &byte, 1)
                errno = before
            }
        }
        return source
    }
}

/// SIGINT and SIGTERM end long work in good order; a second one ends it at once.
final class EndRequest: Sendable {
    private let asked = Atomic(false)
    var isAsked: Bool { asked.load(ordering: .relaxed) }

    /// Listens to signals until what it returns is cancelled.
    func listen() -> any DispatchSourceRead {
        Termination.onSignal { [self] in asked.store(true, ordering: .relaxed) }
    }

    /// Runs `body` while signals are listened to.
    static func during<Result>(_ body: (EndRequest) throws -> Result) rethrows -> Result {
        let request = EndRequest()
        let signals = request.listen()
        defer { signals.cancel() }
        return try body(request)
    }
}
