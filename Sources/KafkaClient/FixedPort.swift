internal import CLinux
internal import Glibc
internal import Synchronization

/// Gives librdkafka's mock brokers, which bind to any free port, the port that the caller wants.
///
/// librdkafka offers no way to choose it. Its shared library calls `bind` through the dynamic symbol table, where a
/// definition in the executable comes first; so the executable that links this module binds through the function below,
/// which asks the kernel for what it was asked, except on the thread that is just making an embedded cluster.
enum FixedPort {
    /// The thread in `assigning`; 0 for none.
    fileprivate static let thread = Atomic<UInt>(0)
    fileprivate static let next = Atomic<UInt16>(0)

    /// During `body` the sockets that this thread binds to "any port" get `first`, `first + 1`, ... One thread at a time.
    static func assigning<Result>(from first: UInt16, _ body: () -> Result) -> Result {
        let me = UInt(pthread_self())
        while !thread.compareExchange(expected: 0, desired: me, ordering: .acquiringAndReleasing).exchanged { sched_yield() }
        next.store(first, ordering: .relaxed)
        defer { thread.store(0, ordering: .releasing) }
        return body()
    }
}

/// `bind(2)`. Exported by the executable, because librdkafka's shared library refers to it.
@_cdecl("bind")
public func bindThroughFixedPort(_ descriptor: Int32, _ address: UnsafeRawPointer?, _ length: UInt32) -> Int32 {
    guard FixedPort.thread.load(ordering: .acquiring) == UInt(pthread_self()),
        let address, length == MemoryLayout<sockaddr_in>.size
    else {
        return fanfare_sys_bind(descriptor, address?.assumingMemoryBound(to: sockaddr.self), length)
    }
    var wanted = address.loadUnaligned(as: sockaddr_in.self)
    if wanted.sin_family == AF_INET, wanted.sin_port == 0 {
        let port = FixedPort.next.wrappingAdd(1, ordering: .relaxed).oldValue
        wanted.sin_port = port.bigEndian
    }
    return withUnsafePointer(to: &wanted) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { fanfare_sys_bind(descriptor, $0, length) }
    }
}
