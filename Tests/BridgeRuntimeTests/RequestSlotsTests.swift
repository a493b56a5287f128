import BridgeRuntime
import EventFormats
import Testing

@Suite("Request slots")
struct RequestSlotsTests {
    @Test("A slot that is used again is empty and keeps the room of its body")
    func reuse() {
        var slots = RequestSlots()
        write(10_000, to: slots.begin(0))
        slots.end(0)
        let again = slots.begin(0)
        #expect(again.body.isEmpty && again.headers.isEmpty)
        #expect(again.body.capacity >= 10_000)
    }

    @Test("A body larger than usual gives its room back")
    func exception() {
        var slots = RequestSlots()
        write(RequestSlots.keptBody + 1, to: slots.begin(0))
        slots.end(0)
        #expect(slots.idleBytes == 0)
        #expect(slots.begin(0).body.capacity == RequestSlot.leastBody)
    }

    @Test("Thousands of requests at once leave no more behind than is allowed")
    func bound() {
        var slots = RequestSlots()
        for index in 0..<4096 { write(50_000, to: slots.begin(index)) }
        #expect(slots.idleBytes == 0)
        for index in 0..<4096 { slots.end(index) }
        #expect(slots.idleBytes > 0)
        #expect(slots.idleBytes <= RequestSlots.keptBodies)
        for index in 0..<4096 { _ = slots.begin(index) }
        #expect(slots.idleBytes == 0)
    }

    private func write(_ count: Int, to slot: RequestSlot) {
        slot.headers.append("webhook-id: 1" as StaticString)
        slot.body.append(upTo: count) { _ in count }
    }
}
