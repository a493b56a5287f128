import CLinux
import Glibc

/// A thread with a name. Shards block in `epoll_wait` and lookups on the network, which Swift's own pool is not for.
package final class WorkerThread: @unchecked Sendable {
    // Written once before the thread starts, read by the owner only.
    private var handle = pthread_t()
    private var isJoined = false

    private final class Body {
        let name: String
        let run: @Sendable () -> Void
        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    package init(name: String, _ run: @escaping @Sendable () -> Void) {
        let body = Unmanaged.passRetained(Body(name: name, run: run))
        let status = pthread_create(
            &handle, nil,
            { context in
                let body = Unmanaged<Body>.fromOpaque(context!).takeRetainedValue()
                // Shown by `top -H`; at most 15 bytes.
                _ = body.name.withCString { fanfare_prctl(PR_SET_NAME, UInt(bitPattern: $0), 0, 0, 0) }
                body.run()
                return nil
            }, body.toOpaque())
        precondition(status == 0, "the system gives no thread for \(name): \(String(cString: strerror(status)))")
    }

    /// Waits for the thread's end. Once.
    package func join() {
        pthread_join(handle, nil)
        isJoined = true
    }

    /// A thread that nobody waits for gives its stack back when it ends.
    deinit {
        if !isJoined { pthread_detach(handle) }
    }
}
