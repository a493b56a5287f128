import Receiver
import Testing

@Suite struct `A delivery's line` {
    private var delivery: Delivery {
        var delivery = Delivery(path: "/billing", signature: .verified, status: 200, receivedAt: 1_700_000_000_042)
        delivery.webhookID = "shop:orders-0-42"
        delivery.eventType = "order.created"
        delivery.attempt = 1
        return delivery
    }

    /// Without the time of day, which depends on where the test runs.
    private func line(_ delivery: Delivery, colour: Bool = false, unicode: Bool = true) -> String {
        let text = DeliveryLine.render(delivery, colour: colour, unicode: unicode)
        return colour ? text : String(text.drop { $0 != " " }.drop { $0 == " " })
    }

    @Test func `says what came and what was answered`() {
        #expect(line(delivery) == "200  ✓  /billing  order.created  shop:orders-0-42  attempt 1")
        #expect(line(delivery, unicode: false) == "200  ok   /billing  order.created  shop:orders-0-42  attempt 1")
        #expect(DeliveryLine.render(delivery, colour: false).contains(".042  200"))
    }

    @Test func `tells duplicates, misbehaviour and wrong signatures`() {
        var failing = delivery
        failing.status = 503
        failing.attempt = 2
        failing.failedOnPurpose = true
        #expect(line(failing) == "503  ✓  /billing  order.created  shop:orders-0-42  attempt 2  failed on purpose")

        var batch = delivery
        batch.events = 10
        batch.repeatedEvents = 3
        #expect(line(batch) == "200  ✓  /billing  order.created  shop:orders-0-42  10 events  attempt 1  3 duplicates")

        var wrong = Delivery(path: "/", signature: .failed("too old"), status: 401, receivedAt: 0)
        #expect(line(wrong) == "401  ✗  /  (no type)  (no webhook-id)  signature: too old")
        wrong.signature = .unsigned
        #expect(line(wrong) == "401  ·  /  (no type)  (no webhook-id)  no signature")
    }

    @Test func `lets nobody write to the terminal`() {
        var hostile = delivery
        hostile.eventType = "\u{1b}]0;owned\u{7}\u{202e}x\n"
        hostile.webhookID = String(repeating: "i", count: 100)
        let text = line(hostile)
        #expect(text.contains("  ?]0;owned??x?  "))
        #expect(text.contains("  " + String(repeating: "i", count: 80) + "...  "))
    }

    @Test func `is painted only where it is asked for`() {
        #expect(line(delivery, colour: true).contains("\u{1b}[32m✓\u{1b}[0m"))
        #expect(!line(delivery).contains("\u{1b}"))
    }
}
