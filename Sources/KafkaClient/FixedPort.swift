internal import CLinux
internal import Glibc
internal import Synchronization

/// Gives librdkafka's mock brokers, which bind to any free port, the port that the caller wants.
///
/// librdkafka offers no way to choose it. Its shared library calls `bind` through the dynamic symbol table, where a
/// definition in the executable comes first; so the executable that links this module binds through the function below,
/// which passes on to the kernel what it was asked, except on the thread that is just making an embedded cluster.
enum FixedPort {
    /// The thread in `assigning`; 0 for none.
    fileprivate static let thread = Atomic<UInt>(0)
    fileprivate static let next = Atomic<UInt16>(0)
    fileprivate static let taken = Atomic<Bool>(false)

    /// During `body` the sockets that this thread binds to "any port" get `first`, `first + 1`, ... One thread at a time.
    ///
    /// `gotAll` is false when one of the ports was taken. The socket got another one then, because librdkafka aborts the
    /// process when it cannot bind.
    static func assigning<Result>(from first: UInt16, _ body: () -> Result) -> (Result, gotAll: Bool) {
        let me = UInt(pthread_self())
        while !thread.compareExchange(expected: 0, desired: me, ordering: .acquiringAndReleasing).exchanged { sched_yield() }
        next.store(first, ordering: .relaxed)
        taken.store(false, ordering: .relaxed)
        defer { thread.store(0, ordering: .releasing) }
        let result = body()
        return (result, !taken.load(ordering: .relaxed))
    }
}

/// `bind(2)`. The executable must export it (linker option `--export-dynamic-symbol=bind`), so that it comes before the C
/// library's for librdkafka, and for every other library, which notices nothing.
@_cdecl("bind")
public func bindThroughFixedPort(_ descriptor: Int32, _ address: UnsafeRawPointer?, _ length: UInt32) -> Int32 {
    let ask = { fanfare_sys_bind(descriptor, address?.assumingMemoryBound(to: sockaddr.self), length) }
    guard FixedPort.thread.load(ordering: .acquiring) == UInt(pthread_self()),
        let address, length == MemoryLayout<sockaddr_in>.size
    else { return ask() }
    var wanted = address.loadUnaligned(as: sockaddr_in.self)
    guard wanted.sin_family == AF_INET, wanted.sin_port == 0 else { return ask() }
    wanted.sin_port = FixedPort.next.wrappingAdd(1, ordering: .relaxed).oldValue.bigEndian
    let status = withUnsafePointer(to: &wanted) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { fanfare_sys_bind(descriptor, $0, length) }
    }
    guard status != 0 else { return 0 }
    FixedPort.taken.store(true, ordering: .relaxed)
    return ask()
}
