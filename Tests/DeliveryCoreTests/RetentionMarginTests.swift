import DeliveryCore
import EventModel
import Testing

@Suite("Retention margins")
struct RetentionMarginTests {
    private let now = WallTime(milliseconds: 1_700_000_000_000)

    @Test("What is left is counted from the moment of deletion, and neither negative nor more than the retention")
    func remaining() {
        let day = RetentionMargin(retention: .days(1), deletion: now + .hours(6))
        #expect(day.remaining(at: now) == .hours(6) && day.ratio(at: now) == 0.25)
        #expect(day.remaining(at: now + .hours(7)) == .zero && day.ratio(at: now + .hours(7)) == 0)
        // The clock of who wrote the record goes ahead of ours.
        #expect(RetentionMargin(retention: .days(1), deletion: now + .days(2)).ratio(at: now) == 1)
    }

    @Test("With nothing unsettled, all is left")
    func settled() {
        #expect(RetentionMargin(retention: .days(1)).ratio(at: now) == 1)
        #expect(RetentionMargin(retention: .zero).ratio(at: now) == 0)
    }
}
