import Aggregation
import EventModel
import Testing

@Suite("The time that decides on a window")
struct TimeTests {
    /// 2026-06-01T00:00:00Z
    private let midnight: Int64 = 1_780_272_000_000

    private func time(_ text: String, at timestamp: Int64? = nil, _ by: WindowTime = .event) throws -> Int64 {
        let test = TestStore { $0.time = by }
        return try test.look(TestRecord("{}", attributes: [("time", text)], timestamp: timestamp ?? midnight)).time.milliseconds
    }

    @Test(arguments: [
        ("2026-06-01T00:00:00Z", 0), ("2026-06-01t00:00:00z", 0), ("2026-06-01T02:00:00+02:00", 0), ("2026-05-31T18:30:00-05:30", 0),
        ("2026-06-01T00:00:00.999Z", 999), ("2026-06-01T00:00:00.9999999999Z", 999), ("2026-06-01T00:00:00.1Z", 100),
        ("2026-05-31T23:59:59.999999Z", -1), ("2026-05-31T23:59:60Z", 0), ("2026-06-01T01:00:00Z", 3_600_000), ("1970-01-01T00:00:00Z", -1_780_272_000_000),
    ])
    func isTheEventsOwn(_ text: String, _ distance: Int64) throws {
        #expect(try time(text) == midnight + distance)
    }

    @Test func isTheRecordsTimestampWhereTheEventHasNone() throws {
        #expect(try TestStore().look(TestRecord("{}", timestamp: midnight + 7)).time.milliseconds == midnight + 7)
        #expect(try TestStore().look(TestRecord(value: "text", timestamp: midnight + 7)).time.milliseconds == midnight + 7)
    }

    @Test func isTheRecordsTimestampByArrival() throws {
        #expect(try time("2020-01-01T00:00:00Z", .arrival) == midnight)
        #expect(try time("2999-01-01T00:00:00Z", .arrival) == midnight)
    }

    @Test func isNotBelievedWhereItIsFarAhead() {
        let ahead = TestRecord("{}", attributes: [("time", "2026-06-01T01:00:00.001Z")], timestamp: midnight)
        #expect(
            TestStore().poison(ahead)
                == "time is more than 1h ahead of the record's timestamp, and would make all windows until then complete")
    }

    @Test(arguments: [
        (-1, nil, "the record has no timestamp, which its window depends on"),
        (-1, "2026-06-01T00:00:00Z", "the record has no timestamp, which its window depends on"),
        (1_780_272_000_000_000, nil, "the record's timestamp is beyond the year 9998: no window can be that late"),
        (0, "1969-12-31T23:59:59.999Z", "time is before 1970: no window can be that early"),
        (0, "yesterday", "time is not an RFC 3339 time"),
    ] as [(Int64, String?, String)])
    func isPoisonWhereNoWindowCanBe(_ timestamp: Int64, _ time: String?, _ reason: String) {
        let record = TestRecord("{}", attributes: time.map { [("time", $0)] } ?? [], timestamp: timestamp)
        #expect(TestStore().poison(record) == reason)
    }
}
