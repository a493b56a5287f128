import Redelivery
import Testing

@Suite("Who works on a job")
struct LeaseEntryTests {
    private let held = LeaseEntry(holder: JobHolder(name: "alice@ops 1", process: 4711, nonce: 0x9F3A), beat: 17)

    @Test("reads back as it was written")
    func roundTrip() {
        #expect(held.metadata == "1 holder=alice@ops-1/4711/9f3a")
        #expect(LeaseEntry(offset: 17, metadata: held.metadata) == held)
        let free = LeaseEntry(holder: nil, beat: 18)
        #expect(LeaseEntry(offset: 18, metadata: free.metadata) == free)
    }

    @Test(
        "what others committed holds nothing",
        arguments: ["", "1", "2 holder=alice/1/1", "1 holder=alice", "1 holder=alice/one/1", "1 holder=alice/1/xyz", "1:AQE"])
    func foreign(metadata: String) {
        #expect(LeaseEntry(offset: 3, metadata: metadata) == LeaseEntry(holder: nil, beat: 3))
    }

    @Test("is told to people without what only tells processes apart")
    func words() {
        #expect("\(held.holder!)" == "alice@ops-1, process 4711")
    }
}
