import EventModel
import Receipts
import Testing

@Suite struct ReceiptTests {
    private func read(_ json: String) -> Receipt? {
        var json = json
        return json.withUTF8 { Receipt(json: UnsafeRawBufferPointer($0)) }
    }

    private let failure = """
        {"subscription":"billing","topic":"shop.orders","webhookId":"a%2E1","attempt":3,"result":"retry","status":503,\
        "message":"the endpoint answered 503","durationSeconds":0.004250,"endpoint":"billing.example.com","time":"2026-05-01T08:00:05.250Z",\
        "count":2,"events":[{"id":"a.1","type":"order.created","partition":0,"offset":17,"attempt":3,"next":{"step":"retry","due":"2026-05-01T08:00:35.250Z","retryPartition":2}},\
        {"partition":1,"offset":4,"attempt":1,"next":{"step":"dead-letter","kind":"poison"},"later":{}}],"later":[1]}
        """

    @Test func `a receipt is read with what it says of each event`() throws {
        let receipt = try #require(read(failure))
        #expect(receipt.subscription == "billing" && receipt.topic == "shop.orders" && receipt.webhookID == "a%2E1")
        #expect(receipt.attempt == 3 && receipt.result == "retry" && receipt.status == 503 && receipt.seconds == 0.00425 && receipt.count == 2)
        #expect(receipt.time == WallTime(rfc3339: "2026-05-01T08:00:05.250Z"))
        #expect(receipt.events[0].next?.due == WallTime(rfc3339: "2026-05-01T08:00:35.250Z"))
        #expect(receipt.events[1].id == nil && receipt.events[1].next?.step == "dead-letter" && receipt.events[1].next?.kind == "poison")
    }

    @Test func `a record is a CloudEvent whose data is the receipt`() throws {
        func read(_ text: String, _ body: (Receipt, String) -> Void = { _, _ in }) -> Bool {
            var text = text
            return text.withUTF8 { value in
                guard let (receipt, json) = Receipt.read(UnsafeRawBufferPointer(value)) else { return false }
                body(receipt, String(decoding: json, as: UTF8.self))
                return true
            }
        }
        let expected = try #require(self.read(failure))
        let isOne = read("{\"specversion\":\"1.0\",\"id\":\"1\",\"data\":\(failure)}") { receipt, json in
            #expect(receipt == expected && json == failure)
        }
        #expect(isOne)
        for text in ["", "{}", "7", failure, "{\"data\":7}", "{\"data\":\(failure)"] { #expect(!read(text), "\(text)") }
    }

    @Test(arguments: ["", "{}", "[]", "7", "{\"subscription\":\"a\",\"topic\":\"t\",\"result\":\"success\",\"time\":\"now\",\"events\":[]}"])
    func `what is no receipt is none`(json: String) {
        #expect(read(json) == nil)
    }

    @Test func `an event is found by its id, its webhook-id and its place`() throws {
        let receipt = try #require(read(failure))
        for name in ["a.1", "a%2E1", "shop.orders-0-17", "shop.orders-1-4"] {
            #expect(ReceiptFilter(event: name).matches(receipt), "\(name)")
        }
        for name in ["a", "shop.orders-0-4", ""] { #expect(!ReceiptFilter(event: name).matches(receipt), "\(name)") }
        #expect(ReceiptFilter(event: "shop.orders-1-4").shown(receipt).events[0].offset == 4)
    }

    @Test func `a filter asks for all that it says`() throws {
        let receipt = try #require(read(failure))
        var filter = ReceiptFilter()
        #expect(filter.matches(receipt))
        filter.failed = true
        filter.subscription = "billing"
        filter.since = receipt.time
        filter.until = receipt.time + .milliseconds(1)
        #expect(filter.matches(receipt))
        filter.until = receipt.time
        #expect(!filter.matches(receipt))
        filter.until = nil
        filter.since = receipt.time + .milliseconds(1)
        #expect(!filter.matches(receipt))
        #expect(!ReceiptFilter(subscription: "shipping").matches(receipt))
        var success = receipt
        success.result = "success"
        #expect(!ReceiptFilter(failed: true).matches(success))
    }
}
