import CLinux
import Glibc

/// Wakes a loop from any thread, also from C code that only knows how to write to a descriptor.
///
/// It is an eventfd: any number of wake-ups before the loop looks count as one. The descriptor is closed with the last
/// reference, so whoever may still wake the loop (or had the descriptor written to by a C library) holds the signal.
public final class Signal: Sendable {
    /// Written to with exactly 8 bytes holding a 64-bit integer in the machine's byte order that is not zero, which is how
    /// librdkafka's `rd_kafka_queue_io_event_enable` announces events.
    public let descriptor: Int32

    init() throws(EventLoopError) {
        descriptor = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
        guard descriptor >= 0 else { throw EventLoopError(call: "eventfd") }
    }

    deinit { close(descriptor) }

    /// Makes the loop's current or next wait end. Never blocks: a full counter (EAGAIN) means that a wake-up is pending.
    public func wake() {
        var one: UInt64 = 1
        while write(descriptor, &one, 8) < 0 && errno == EINTR {}
    }

    /// Takes all pending wake-ups.
    func drain() {
        var count: UInt64 = 0
        while read(descriptor, &count, 8) < 0 && errno == EINTR {}
    }
}

extension EventLoopError {
    /// Reads `errno`, so nothing may come between the call and this.
    init(call: String) {
        let code = errno
        description = "\(call) failed: \(String(cString: strerror(code))) (errno \(code))"
    }
}
