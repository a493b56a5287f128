import KafkaClient
import Testing

@Suite struct RecordTests {
    @Test func aRecordComesBackAsItWasWritten() throws {
        let fixture = try Fixture(("orders", 1))
        let producer = try RecordProducer(fixture.configuration, signal: nil)
        let topic = try producer.topic("orders")
        var headers = HeaderList()
        headers.append(name: "ce-type", value: "order.created")
        headers.append(name: "empty", value: UnsafeRawBufferPointer(start: nil, count: 0))
        headers.append(name: "null", value: nil)
        headers.append(name: "ce-type", value: "order.created.v2")
        try "k1".utf8Bytes { key in
            try "{}".utf8Bytes { value in
                try producer.produce(
                    to: topic, partition: 0, key: key, value: value, headers: &headers, timestamp: 1_700_000_000_123, token: 7)
            }
        }
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        try producer.produce(to: topic, partition: 0, key: nil, value: nil, token: 8)
        try producer.produce(to: topic, partition: 0, key: nothing, value: nothing, token: 9)
        #expect(producer.outstanding == 3)
        var results: [UInt: Int64] = [:]
        producer.flush(milliseconds: 10_000) { results[$0] = try? $1.get() }
        #expect(results == [7: 0, 8: 1, 9: 2])
        #expect(producer.outstanding == 0)

        let loop = Loop()
        let reader = try SeekingReader(fixture.configuration, signal: loop.signal)
        let queue = try reader.open(TopicPartition(topic: "orders", partition: 0), at: LogicalOffset.beginning)
        var seen = 0
        try loop.turn {
            try queue.drain { record in
                #expect(String(cString: record.topicName) == "orders")
                #expect(record.partition == 0)
                #expect(record.offset == Int64(seen))
                #expect(KafkaRecord(bits: record.bits).offset == record.offset)
                switch seen {
                case 0:
                    #expect(record.key.text == "k1")
                    #expect(record.value.text == "{}")
                    #expect(record.byteCount == 4)
                    #expect(record.timestamp == 1_700_000_000_123)
                    var list: [(String, String?)] = []
                    record.headers.forEach { list.append((String(decoding: $0.name, as: UTF8.self), $0.value.text)) }
                    #expect(list.map(\.0) == ["ce-type", "empty", "null", "ce-type"])
                    #expect(list.map(\.1) == ["order.created", "", nil, "order.created.v2"])
                    #expect(record.headers.count == 4)
                    #expect(record.headers.header(at: 4) == nil)
                    #expect(record.headers.last(named: "ce-type")?.value.text == "order.created.v2")
                    #expect(record.headers.last(named: "missing") == nil)
                case 1:
                    #expect(record.key == nil)
                    #expect(record.value == nil)
                    #expect(record.headers.count == 0)
                    #expect(record.timestamp > 1_700_000_000_123)
                default:
                    #expect(record.key?.count == 0)
                    #expect(record.value?.count == 0)
                }
                seen += 1
            }
            return queue.endOffset == 3
        }
        #expect(seen == 3)
        #expect(queue.position == 3)
        #expect(queue.highWatermark == 3)
        #expect(queue.lowWatermark == 0)
    }

    @Test func aRecordOfOurOwnReadsLikeOneOfKafkas() {
        var headers = HeaderList()
        headers.append(name: "content-type", value: "text/plain")
        headers.append(name: "empty", value: UnsafeRawBufferPointer(start: nil, count: 0))
        headers.append(name: "null", value: nil)
        let record = "k1".utf8Bytes { key in
            "value".utf8Bytes { value in
                KafkaRecord.made(key: key, value: value, headers: &headers, timestamp: 1_700_000_000_123, partition: 3, offset: 42)
            }
        }
        #expect(record.key.text == "k1")
        #expect(record.value.text == "value")
        #expect(record.byteCount == 7)
        #expect((record.timestamp, record.partition, record.offset) == (1_700_000_000_123, 3, 42))
        #expect(record.headers.count == 3)
        #expect(record.headers.last(named: "content-type")?.value.text == "text/plain")
        #expect(record.headers.last(named: "empty")?.value?.count == 0)
        #expect(record.headers.last(named: "null") != nil)
        #expect(record.headers.last(named: "null")?.value == nil)
        // It is one that nothing of librdkafka's is held by already.
        #expect(record.detached().bits == record.bits)
        record.destroy()
    }

    @Test func aRecordOfOurOwnTellsNothingFromEmpty() {
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        var none = HeaderList()
        let absent = KafkaRecord.made(key: nil, value: nil, headers: &none, timestamp: 0, partition: 0, offset: 0)
        let empty = KafkaRecord.made(key: nothing, value: nothing, headers: &none, timestamp: 0, partition: 0, offset: 0)
        #expect(absent.key == nil && absent.value == nil && absent.headers.count == 0)
        #expect(empty.key?.count == 0 && empty.value?.count == 0)
        absent.destroy()
        empty.destroy()
    }

    @Test func aRecordThatIsTooLargeIsRefusedAtOnceOrByTheBroker() throws {
        let fixture = try Fixture(("orders", 1))
        let producer = try RecordProducer(fixture.configuration, signal: nil)
        let topic = try producer.topic("orders")
        try [UInt8](repeating: 65, count: 10_000_001).withUnsafeBytes { bytes in
            let error = #expect(throws: KafkaError.self) {
                try producer.produce(to: topic, key: nil, value: bytes, token: 1)
            }
            #expect(error?.code == .MSG_SIZE_TOO_LARGE)
            #expect(producer.outstanding == 0)
            fixture.cluster.fail(.produce, with: .MSG_SIZE_TOO_LARGE)
            try producer.produce(to: topic, key: nil, value: UnsafeRawBufferPointer(rebasing: bytes.prefix(10)), token: 2)
        }
        var code: KafkaError.Code?
        producer.flush(milliseconds: 10_000) { token, result in
            if token == 2, case .failure(let error) = result { code = error.code }
        }
        #expect(code == .MSG_SIZE_TOO_LARGE)
    }

    @Test func aRecordForATopicThatDoesNotExistFails() throws {
        let fixture = try Fixture()
        fixture.cluster.setError(.UNKNOWN_TOPIC_OR_PART, ofTopic: "nowhere")
        let configuration = KafkaConfiguration(
            bootstrapServers: fixture.cluster.bootstrapServers, properties: [("topic.metadata.propagation.max.ms", "500")])
        let producer = try RecordProducer(configuration, signal: nil)
        try producer.produce(to: producer.topic("nowhere"), key: nil, value: nil, token: 1)
        var failure: KafkaError?
        producer.flush(milliseconds: 10_000) { if case .failure(let error) = $1 { failure = error } }
        #expect(failure?.code == ._UNKNOWN_TOPIC || failure?.code == .UNKNOWN_TOPIC_OR_PART)
    }

    @Test func recordsAreWrittenOnceTheBrokerIsBack() throws {
        let fixture = try Fixture(("orders", 1))
        let loop = Loop()
        let producer = try RecordProducer(fixture.configuration, signal: loop.signal)
        let topic = try producer.topic("orders")
        fixture.cluster.takeDown()
        try producer.produce(to: topic, partition: 0, key: nil, value: nil, token: 1)
        var notices: [ClientNotice] = []
        var offset: Int64?
        let turn = { producer.poll({ offset = try? $1.get() }, notice: { notices.append($0) }) }
        loop.turn {
            turn()
            return notices.contains { if case .failed = $0 { true } else { false } }
        }
        #expect(offset == nil)
        fixture.cluster.bringUp()
        loop.turn {
            turn()
            return offset != nil
        }
        #expect(offset == 0)
        #expect(producer.fatalError == nil)
    }

    @Test func aRefusedWriteToALeaderThatMovedIsSentAgain() throws {
        let fixture = try Fixture(brokers: 2, ("orders", 1))
        fixture.cluster.fail(.produce, with: .NOT_LEADER_FOR_PARTITION, count: 2)
        #expect(try fixture.write(["a", "b"], to: TopicPartition(topic: "orders", partition: 0)) == [0, 1])
    }
}
