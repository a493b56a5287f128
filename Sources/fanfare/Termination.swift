import Dispatch
import Glibc

/// Waits for SIGTERM or SIGINT without letting them end the process.
enum Termination {
    /// Calls `body` at the first signal; a second one ends the process at once, for those who do not want to wait.
    static func onSignal(_ body: @escaping @Sendable () -> Void) -> [any DispatchSourceSignal] {
        let queue = DispatchQueue(label: "signals")
        return [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            nonisolated(unsafe) var isFirst = true
            source.setEventHandler {
                guard isFirst else { _exit(128 + number) }
                isFirst = false
                body()
            }
            source.resume()
            return source
        }
    }
}
