import EventLoop
import EventModel
import Glibc

enum Clock {
    static func moment() -> Moment {
        Moment(instant: Instant(nanoseconds: EventLoop.now()), wall: WallTime(milliseconds: EventLoop.wallMilliseconds()))
    }

    /// For threads that wait anyway.
    static func pause(milliseconds: Int) { usleep(UInt32(milliseconds) * 1000) }
}
