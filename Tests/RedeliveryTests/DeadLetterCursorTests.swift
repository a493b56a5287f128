import Redelivery
import Testing

@Suite struct DeadLetterCursorTests {
    @Test(arguments: ["shop.orders.dead-letter:0=17,1=20", "a:3=0;b:0=9"])
    func `a cursor is read as it was written`(_ text: String) {
        #expect(DeadLetterCursor(text)?.description == text)
    }

    @Test(arguments: ["", "a", "a:", ":0=1", "a:0", "a:0=", "a:0=-1", "a:-1=0", "a:0=1;", "a:0=1,", "a:x=1"])
    func `what is no cursor is refused`(_ text: String) { #expect(DeadLetterCursor(text) == nil) }

    @Test func `a place is read as URLs have it`() {
        #expect(RecordPlace("t.dead-letter/3/1042") == RecordPlace(topic: "t.dead-letter", partition: 3, offset: 1042))
        for wrong in ["t/3", "/3/1", "t/-1/1", "t/1/x", "t/1/2/3"] { #expect(RecordPlace(wrong) == nil) }
        // Whoever reads from a place to the one behind it need not look whether there is one.
        #expect(RecordPlace("t/3/9223372036854775806").map { $0.offset + 1 } == .max)
        #expect(RecordPlace("t/3/9223372036854775807") == nil)
    }

    @Test func `what is looked for is part of a job's name, and a job without it keeps its own`() {
        var selection = DeadLetterSelection(topic: "shop.orders", since: "2h")
        let plain = selection.redrive(named: nil)
        selection.filter.search = "o-17"
        let searched = selection.redrive(named: nil)
        selection.filter.search = nil
        selection.filter.places = [RecordPlace(topic: "t", partition: 0, offset: 1)]
        let names = Set([plain, searched, selection.redrive(named: nil)].map(\.name))
        #expect(names.count == 3)
        // Kafka remembers jobs under names that were made before there was anything to search for.
        let options: [String?] = ["shop.orders", nil, nil, nil, "2h", nil, nil, nil]
        #expect(plain == JobIdentity(name: nil, subject: "shop.orders", options: options.map { $0 ?? "\u{0}" }))
    }
}
