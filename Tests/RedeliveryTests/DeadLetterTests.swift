import EventModel
import KafkaClient
import Redelivery
import Testing

@Suite("Dead letters")
struct DeadLetterTests {
    /// Records as Kafka gives them, written to an embedded cluster and read back.
    private func withRecords(
        _ headers: [[(String, String)]], _ body: (KafkaRecord, TopicPartition) throws -> Void
    ) throws {
        let cluster = try EmbeddedCluster(topics: [(name: "t.dead-letter", partitions: 1)])
        let kafka = KafkaConfiguration(bootstrapServers: cluster.bootstrapServers)
        let producer = try RecordProducer(kafka, signal: nil)
        for fields in headers {
            var list = HeaderList()
            for (name, value) in fields { list.append(name: name, value: value) }
            try producer.produce(to: try producer.topic("t.dead-letter"), partition: 0, key: nil, value: nil, headers: &list, token: 1)
        }
        #expect(producer.flush(milliseconds: 10_000))
        let partition = TopicPartition(topic: "t.dead-letter", partition: 0)
        let reader = try RangeReader(kafka, [OffsetRange(partition, from: 0, to: Int64(headers.count))])
        while let (record, partition) = try reader.next() { try body(record, partition) }
    }

    private let whole = [
        ("kept", "one"), ("fanfare-subscription", "billing"), ("fanfare-topic", "t"), ("fanfare-partition", "2"), ("fanfare-offset", "7"),
        ("fanfare-timestamp", "1700000000000"), ("fanfare-attempt", "3"), ("fanfare-retries", "2"), ("fanfare-error-kind", "http"),
        ("fanfare-error-status", "503"), ("fanfare-error-message", "no"), ("fanfare-redrives", "1"), ("fanfare-replay", "monday"),
        ("kafka_dlt-original-topic", "t"), ("__connect.errors.topic", "t"), ("fanfare-asked", "5"), ("kept", "two"),
    ]

    @Test("say what happened")
    func reading() throws {
        try withRecords([whole, []]) { record, partition in
            let letter = DeadLetter(record, of: partition)
            guard record.offset == 0 else {
                #expect(letter.subscription == nil && letter.source == nil && letter.kind == nil)
                return
            }
            #expect(letter.subscription == "billing")
            #expect(letter.source == RecordPlace(topic: "t", partition: 2, offset: 7))
            #expect(letter.status == 503 && letter.attempts == 3 && letter.redrives == 1)
            #expect(letter.sourceTime == WallTime(milliseconds: 1_700_000_000_000))
            #expect(letter.place.inTopic == "0-0")
        }
    }

    @Test("are redriven with the original's headers and a fresh schedule")
    func redriving() throws {
        try withRecords([whole]) { record, partition in
            let mark = JobMark(job: "job", place: RecordPlace(record, of: partition))
            let headers = AddressedRecord.headers(
                redriving: DeadLetter(record, of: partition), record, byReference: false, job: mark, at: WallTime(milliseconds: 99))
            let cluster = try EmbeddedCluster(topics: [(name: "retry", partitions: 1)])
            let kafka = KafkaConfiguration(bootstrapServers: cluster.bootstrapServers)
            let producer = try RecordProducer(kafka, signal: nil)
            var list = headers
            try producer.produce(to: try producer.topic("retry"), partition: 0, key: nil, value: nil, headers: &list, token: 1)
            #expect(producer.flush(milliseconds: 10_000))
            let reader = try RangeReader(kafka, [OffsetRange(TopicPartition(topic: "retry", partition: 0), from: 0, to: 1)])
            let (written, _) = try #require(try reader.next())
            var found: [String: [String]] = [:]
            written.headers.forEach {
                found[String(decoding: $0.name, as: UTF8.self), default: []].append(String(decoding: $0.value!, as: UTF8.self))
            }
            #expect(found == [
                "kept": ["one", "two"], "fanfare-subscription": ["billing"], "fanfare-topic": ["t"], "fanfare-partition": ["2"],
                "fanfare-offset": ["7"], "fanfare-timestamp": ["1700000000000"], "fanfare-attempt": ["0"], "fanfare-retries": ["0"],
                "fanfare-due": ["99"], "fanfare-asked": ["99"], "fanfare-redrives": ["2"], "fanfare-replay": ["monday"],
                "fanfare-job": ["job 0 0 t.dead-letter"],
            ])
        }
    }

    @Test("are selected by what is asked for, all of it")
    func filter() throws {
        try withRecords([whole]) { record, partition in
            let letter = DeadLetter(record, of: partition)
            func matches(_ change: (inout DeadLetterFilter) -> Void) -> Bool {
                var filter = DeadLetterFilter()
                change(&filter)
                return filter.matches(letter, eventIDs: { ["id", "t-2-7"] })
            }
            #expect(matches { _ in })
            #expect(matches { $0.kind = .http; $0.status = .hundreds(5); $0.subscription = "billing"; $0.sourceTopic = "t"; $0.event = "t-2-7" })
            #expect(!matches { $0.kind = .timeout })
            #expect(!matches { $0.status = .exactly(500) })
            #expect(!matches { $0.key = "" }, "no key is not an empty one")
            #expect(!matches { $0.event = "other" })
            #expect(matches { $0.since = letter.time } && !matches { $0.until = letter.time })
        }
    }

    @Test("statuses are one or a class of them", arguments: [("422", "422"), ("4xx", "4xx"), ("600", nil), ("xx", nil), ("9xx", nil), ("42", nil)])
    func statuses(_ text: String, _ expected: String?) {
        #expect(StatusPattern(text)?.description == expected)
    }
}

@Suite("Ranges of topics")
struct RangeReaderTests {
    @Test("are read the oldest record first, and only what lies in them")
    func order() throws {
        let cluster = try EmbeddedCluster(topics: [(name: "t", partitions: 3)])
        let kafka = KafkaConfiguration(bootstrapServers: cluster.bootstrapServers)
        let producer = try RecordProducer(kafka, signal: nil)
        for n in 0..<900 {
            try producer.produce(
                to: try producer.topic("t"), partition: Int32(n % 3), key: nil, value: nil, timestamp: Int64(1_700_000_000_000 + n), token: 1)
        }
        #expect(producer.flush(milliseconds: 10_000))
        let ranges = [(Int32(0), 10, 300), (1, 0, 20), (2, 299, 300)].map {
            OffsetRange(TopicPartition(topic: "t", partition: $0.0), from: $0.1, to: $0.2)
        }
        let reader = try RangeReader(kafka, ranges)
        var times: [Int64] = []
        while let (record, _) = try reader.next() { times.append(record.timestamp) }
        #expect(times.count == 290 + 20 + 1)
        #expect(times == times.sorted())
        #expect(reader.done == reader.total)
    }
}
