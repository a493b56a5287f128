import CLinux

/// What a descriptor is watched for, or what it turned out to be ready for. The raw values are epoll's.
public struct Readiness: OptionSet, Sendable, Hashable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Data, a new connection, or the end of the stream can be read.
    public static let readable = Readiness(rawValue: 0x001)
    /// Bytes can be written, or a connection attempt ended.
    public static let writable = Readiness(rawValue: 0x004)
    /// The descriptor is in an error state. Reported unasked.
    public static let error = Readiness(rawValue: 0x008)
    /// Both directions are closed. Reported unasked.
    public static let hangUp = Readiness(rawValue: 0x010)
    /// The other side sends nothing more.
    public static let peerClosed = Readiness(rawValue: 0x2000)
    /// Reported once when it becomes so, not for as long as it is: whoever asks for it reads until nothing is left.
    public static let edgeTriggered = Readiness(rawValue: 1 << 31)
}

/// Told when a descriptor it is registered for is ready. Called on the loop's thread, from within `EventLoop.run`.
///
/// An object and not a closure: the table then holds one reference per descriptor and nothing is allocated on the way.
public protocol DescriptorHandler: AnyObject {
    /// Level-triggered, if it was not registered otherwise: called again in the next turn while the descriptor stays ready.
    func descriptorReady(_ descriptor: Int32, _ events: Readiness)
}

/// Told when a timer of its own is due. Called on the loop's thread, from within `EventLoop.run`.
public protocol TimerHandler: AnyObject {
    /// The timer is unset before the call; set it again to be called again.
    func timerFired(_ timer: TimerID)
}

/// Names one timer of one loop.
public struct TimerID: Sendable, Hashable {
    let index: Int
}

/// A system call that the loop cannot do without failed.
public struct EventLoopError: Error, CustomStringConvertible, Sendable {
    public let description: String
}
