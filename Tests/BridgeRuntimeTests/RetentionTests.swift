import BridgeRuntime
import EventModel
import Testing

@Suite("Retention")
struct RetentionTests {
    @Suite("What is known of a log's times")
    struct Times {
        @Test("A record is not older than where the log ended before it came")
        func floor() {
            var times = LogTimes()
            times.logEnded(at: 100, hour(1), spacing: .minutes(1))
            times.logEnded(at: 200, hour(2), spacing: .minutes(1))
            #expect(times.estimate(of: 99) == nil, "it may be of any age")
            #expect(times.estimate(of: 100) == .init(time: hour(1), isExact: false))
            #expect(times.estimate(of: 199) == .init(time: hour(1), isExact: false))
            #expect(times.estimate(of: 5000) == .init(time: hour(2), isExact: false))
        }

        @Test("A record that was looked at is known exactly, those behind it at least as well")
        func exact() {
            var times = LogTimes()
            times.logEnded(at: 100, hour(9), spacing: .minutes(1))
            times.sawRecord(at: 40, hour(1))
            #expect(times.estimate(of: 39) == nil)
            #expect(times.estimate(of: 40) == .init(time: hour(1), isExact: true))
            #expect(times.estimate(of: 41) == .init(time: hour(1), isExact: false))
            times.sawRecord(at: 100, hour(3))
            #expect(times.estimate(of: 100) == .init(time: hour(3), isExact: true), "a backfill is as old as it says")
        }

        @Test("A log that is shorter than it was begins anew")
        func renewed() {
            var times = LogTimes()
            times.logEnded(at: 100, hour(1), spacing: .minutes(1))
            times.logEnded(at: 10, hour(2), spacing: .minutes(1))
            #expect(times.estimate(of: 100) == .init(time: hour(2), isExact: false))
        }

        @Test("Observations stay few")
        func few() {
            var times = LogTimes()
            for n in 0..<10_000 { times.logEnded(at: Int64(n), WallTime(milliseconds: Int64(n) * 15_000), spacing: .hours(1)) }
            #expect(times.count == 42)
            times.forget(before: 5000)
            #expect(times.estimate(of: 5000) != nil && times.count < 25)
        }
    }

    @Suite("How long a topic keeps a record")
    struct Spans {
        @Test("For as long as retention.ms says, or for ever")
        func byTime() {
            #expect(TopicRetention(time: .days(7), isBoundInSize: false).span(logStart: nil, at: hour(500)) == .days(7))
            #expect(TopicRetention(time: nil, isBoundInSize: false).span(logStart: hour(1), at: hour(500)) == nil)
        }

        @Test("With retention.bytes, as long as the oldest record that is left has lived")
        func bySize() {
            #expect(TopicRetention(time: .days(7), isBoundInSize: true).span(logStart: hour(490), at: hour(500)) == .hours(10))
            #expect(TopicRetention(time: .hours(4), isBoundInSize: true).span(logStart: hour(490), at: hour(500)) == .hours(4))
            #expect(TopicRetention(time: nil, isBoundInSize: true).span(logStart: hour(490), at: hour(500)) == .hours(10))
            #expect(TopicRetention(time: .days(7), isBoundInSize: true).span(logStart: nil, at: hour(500)) == .days(7), "nothing was deleted yet")
        }
    }

    @Suite("Levels")
    struct Levels {
        @Test("They are reached at a fifth and at a twentieth", arguments: [
            (0.21, RetentionLevel.safe), (0.19, .near), (0.051, .near), (0.049, .urgent), (0, .urgent),
        ])
        func reached(ratio: Double, level: RetentionLevel) {
            #expect(RetentionLevel(ratio: ratio, after: .safe) == level)
        }

        @Test("A level is left well above where it was reached", arguments: [
            (0.24, RetentionLevel.near, RetentionLevel.near), (0.26, .near, .safe), (0.06, .urgent, .urgent), (0.07, .urgent, .near),
            (0.22, .urgent, .near), (0.3, .urgent, .safe),
        ])
        func left(ratio: Double, last: RetentionLevel, level: RetentionLevel) {
            #expect(RetentionLevel(ratio: ratio, after: last) == level)
        }
    }
}

private func hour(_ n: Int64) -> WallTime { WallTime(milliseconds: n * 3_600_000) }
