import BridgeRuntime
import EventModel
import Testing

@Suite struct RequestWindowTests {
    private func at(_ milliseconds: Int64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

    @Test func `a request has its place until it is answered, or is long in being answered`() {
        var window = RequestWindow(size: 2)
        func hasRoom(_ milliseconds: Int64) -> Bool { window.hasRoom(at: at(milliseconds)) }
        window.sent(1, at: at(0))
        window.sent(2, at: at(500))
        #expect(!hasRoom(999))
        #expect(hasRoom(1000))
        window.sent(3, at: at(1000))
        #expect(!hasRoom(1000))
        // Its place was given up.
        window.ended(1)
        #expect(!hasRoom(1000))
        window.ended(2)
        #expect(hasRoom(1000))
    }
}
