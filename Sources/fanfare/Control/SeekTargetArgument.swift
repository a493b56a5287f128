public import ArgumentParser
public import Control
import EventLoop
import EventModel

/// `--to`.
extension SeekTarget: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument, now: WallTime(milliseconds: EventLoop.wallMilliseconds())) }
}
