import EventModel
import KafkaClient
import Redelivery
import Testing

@Suite("A job's state")
struct JobStateTests {
    private let first = TopicPartition(topic: "a.dead-letter", partition: 0)
    private let second = TopicPartition(topic: "a.dead-letter", partition: 7)

    private var state: JobState {
        JobState(
            parts: [second: .init(position: 3, end: 3), first: .init(position: 17, end: 5000)], digest: "5f1c09ab",
            from: WallTime(milliseconds: 1_746_057_600_000), until: nil, handedOver: [0: 812, 7: 3])
    }

    @Test("reads back as it was written")
    func roundTrip() {
        #expect(JobState(state.commits) == state)
        var done = state
        done.isComplete = true
        done.until = WallTime(milliseconds: 5)
        #expect(JobState(done.commits.reversed()) == done)
    }

    @Test("fits into an offset's metadata with as many partitions of the retry topic as a job goes through")
    func longest() {
        var long = state
        long.from = WallTime(milliseconds: .max)
        long.until = WallTime(milliseconds: .max)
        long.handedOver = Dictionary(uniqueKeysWithValues: (0..<64).map { (Int32.max - $0, Int64.max) })
        #expect(long.commits.allSatisfy { $0.metadata.utf8.count <= 4096 }, "\(long.commits[0].metadata.utf8.count)")
    }

    @Test("is an offset with a few words for each partition, of which the first tells about the job")
    func format() {
        let commits = state.commits
        #expect(commits.map(\.partition) == [first, second])
        #expect(commits.map(\.offset) == [17, 3])
        #expect(commits.map(\.metadata) == ["1 end=5000 state=open options=5f1c09ab from=1746057600000 retry=0:812,7:3", "1 end=3"])
    }

    @Test("what others committed is no job")
    func foreign() {
        #expect(JobState([]) == nil)
        #expect(JobState([(partition: first, offset: 1, metadata: "")]) == nil)
        #expect(JobState([(partition: first, offset: 1, metadata: "2 end=5 state=open")]) == nil)
        #expect(JobState([(partition: first, offset: 1, metadata: "1 end=five state=open")]) == nil)
        #expect(JobState([(partition: second, offset: 1, metadata: "1 end=5")]) == nil, "its head is missing")
    }

    @Test("what is still to be read lies between the positions and the ends")
    func ranges() {
        #expect(state.ranges == [OffsetRange(first, from: 17, to: 5000), OffsetRange(second, from: 3, to: 3)])
    }
}

@Suite("Which job")
struct JobIdentityTests {
    @Test("the same options are the same job, others another")
    func derived() {
        let job = JobIdentity(name: nil, subject: "shop.orders", options: ["shop.orders", "billing"])
        #expect(job == JobIdentity(name: nil, subject: "shop.orders", options: ["shop.orders", "billing"]))
        #expect(job.name.hasPrefix("shop.orders-"))
        let others = [["shop.orders", "search"], ["shop.ordersbilling"], ["shop.orders", "billing", ""]]
        for options in others { #expect(JobIdentity(name: nil, subject: "shop.orders", options: options) != job) }
    }

    @Test("a given name keeps the options' digest, which tells when they change")
    func named() {
        let one = JobIdentity(name: "monday", subject: "x", options: ["a"])
        let other = JobIdentity(name: "monday", subject: "x", options: ["b"])
        #expect(one.name == other.name && one.digest != other.digest)
    }

    @Test("names are fit for groups and headers", arguments: [("monday-1.x_Y", true), ("", false), ("a b", false), ("ä", false), ("a/b", false)])
    func names(_ name: String, _ isValid: Bool) {
        #expect(JobIdentity.isValid(name) == isValid)
    }
}

@Suite("Marks of a job's records")
struct JobMarkTests {
    @Test("read back as they were written")
    func roundTrip() {
        let mark = JobMark(job: "orders-5f1c", place: RecordPlace(topic: "shop.orders.dead-letter", partition: 3, offset: 1042))
        #expect(JobMark(mark.text) == mark)
    }

    @Test("what is none is nil", arguments: ["", "a b c d", "a 1 2", "a 1 x t", "a 1 2 t u"])
    func none(_ text: String) {
        #expect(JobMark(text) == nil)
    }
}
