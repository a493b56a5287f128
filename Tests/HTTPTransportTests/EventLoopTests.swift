import EventLoop
import Foundation
import Glibc
import Testing

/// The loop itself, on pipes.
@Suite struct EventLoopTests {
    private final class Reader: DescriptorHandler {
        var seen: [(Int32, Readiness)] = []
        var action: (Int32) -> Void = { _ in }
        func descriptorReady(_ descriptor: Int32, _ events: Readiness) {
            seen.append((descriptor, events))
            action(descriptor)
        }
    }

    private final class Alarm: TimerHandler {
        var fired: [TimerID] = []
        var action: () -> Void = {}
        func timerFired(_ timer: TimerID) {
            fired.append(timer)
            action()
        }
    }

    private func makePipe() -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        precondition(pipe(&ends) == 0)
        return (ends[0], ends[1])
    }

    private func put(_ descriptor: Int32) {
        var byte: UInt8 = 1
        precondition(write(descriptor, &byte, 1) == 1)
    }

    @Test func aReadyDescriptorReachesItsHandlerUntilItIsRemoved() throws {
        let loop = try EventLoop()
        let reader = Reader()
        let (input, output) = makePipe()
        defer {
            close(input)
            close(output)
        }
        try loop.add(input, for: .readable, handler: reader)
        loop.run(until: 0)
        #expect(reader.seen.isEmpty)
        put(output)
        loop.run()
        loop.run()
        #expect(reader.seen.map(\.0) == [input, input], "level-triggered")
        #expect(reader.seen.allSatisfy { $0.1 == .readable })
        try loop.modify(input, for: [])
        loop.run(until: 0)
        #expect(reader.seen.count == 2)
        try loop.modify(input, for: .readable)
        loop.remove(input)
        loop.run(until: 0)
        #expect(reader.seen.count == 2)
        #expect(loop.controlCalls == 5, "the signal's own, add, two changes and the removal")
    }

    @Test func anEventOfAClosedDescriptorDoesNotReachItsSuccessor() throws {
        let loop = try EventLoop()
        let (a, b) = (makePipe(), makePipe())
        let reader = Reader()
        let successor = Reader()
        var reopened: (read: Int32, write: Int32)?
        // Whichever comes first in the batch closes the other and opens a pipe in its place.
        reader.action = { [unowned loop] descriptor in
            guard reopened == nil else { return }
            let other = descriptor == a.read ? b.read : a.read
            loop.forget(other)
            close(other)
            let new = self.makePipe()
            reopened = new
            if new.read == other { try? loop.add(new.read, for: .readable, handler: successor) }
        }
        try loop.add(a.read, for: .readable, handler: reader)
        try loop.add(b.read, for: .readable, handler: reader)
        put(a.write)
        put(b.write)
        loop.run()
        #expect(reader.seen.count == 1)
        #expect(successor.seen.isEmpty)
    }

    @Test func aSignalFromAnotherThreadEndsTheWaitOnce() throws {
        let loop = try EventLoop()
        let signal = loop.signal
        Thread.detachNewThread {
            signal.wake()
            signal.wake()
        }
        loop.run()
        #expect(loop.signalled)
        // The second may have come after the first was taken.
        loop.run(until: EventLoop.now() + 20_000_000)
        loop.run(until: 0)
        #expect(!loop.signalled)
        // As librdkafka does it.
        var one: UInt64 = 1
        #expect(write(signal.descriptor, &one, 8) == 8)
        loop.run()
        #expect(loop.signalled)
    }

    @Test func timersFireWhenDueAndNeverEarly() throws {
        let loop = try EventLoop()
        let alarm = Alarm()
        let first = loop.addTimer(alarm)
        let second = loop.addTimer(alarm)
        let due = EventLoop.now() + 2_345_678
        loop.setTimer(second, at: due)
        while alarm.fired.isEmpty { loop.run() }
        #expect(EventLoop.now() >= due)
        #expect(alarm.fired == [second])
        loop.run(until: 0)
        #expect(alarm.fired.count == 1, "once for each time it is set")
        loop.setTimer(first, at: 0)
        loop.setTimer(first, at: nil)
        loop.run(until: 0)
        #expect(alarm.fired.count == 1)
        loop.setTimer(first, at: 0)
        loop.removeTimer(first)
        loop.run(until: 0)
        #expect(alarm.fired.count == 1)
    }

    @Test func aTimerThatMadeWorkKeepsTheTurnFromWaiting() throws {
        let loop = try EventLoop()
        let alarm = Alarm()
        alarm.action = { [unowned loop] in loop.skipWait() }
        let timer = loop.addTimer(alarm)
        loop.setTimer(timer, at: 0)
        // Would wait for ever.
        loop.run()
        #expect(alarm.fired == [timer])
    }

    @Test func theDeadlineEndsTheWaitAndNotBefore() throws {
        let loop = try EventLoop()
        let deadline = EventLoop.now() + 1_234_567
        loop.run(until: deadline)
        #expect(EventLoop.now() >= deadline)
        #expect(!loop.signalled)
    }
}
