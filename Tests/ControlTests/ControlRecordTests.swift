import Control
import EventModel
import Testing

let alice = Attribution(by: "alice@ops", at: WallTime(milliseconds: 1_777_622_400_250), reason: "they said \"stop\"\n")

func read(_ key: String, _ value: String?) throws(ControlRecordError) -> ControlRecord? {
    var key = key
    var result: Result<ControlRecord?, ControlRecordError> = .success(nil)
    key.withUTF8 { key in
        func decode(_ value: UnsafeRawBufferPointer?) {
            result = Result { () throws(ControlRecordError) in try ControlRecord.read(key: UnsafeRawBufferPointer(key), value: value) }
        }
        guard var value else { return decode(nil) }
        value.withUTF8 { decode(UnsafeRawBufferPointer($0)) }
    }
    return try result.get()
}

@Suite struct ControlRecordTests {
    @Test(arguments: [
        (
            .pause(subscription: "billing", Pause(isPaused: true, change: alice)), "pause/billing",
            #"{"paused":true,"by":"alice@ops","at":"2026-05-01T08:00:00.250Z","reason":"they said \"stop\"\n"}"#
        ),
        (
            .suspension(subscription: "a.b-c", Suspension(isSuspended: true, manifest: "00ff", change: alice)), "suspension/a.b-c",
            #"{"suspended":true,"manifest":"00ff","by":"alice@ops","at":"2026-05-01T08:00:00.250Z","reason":"they said \"stop\"\n"}"#
        ),
        (
            .seek(
                subscription: "billing",
                Seek(id: "1f", topic: "shop.orders", to: "-1h", offsets: [10: 7, 2: 0], change: Attribution(by: "bob", at: WallTime(milliseconds: 0)))),
            "seek/billing", #"{"id":"1f","topic":"shop.orders","to":"-1h","offsets":{"2":0,"10":7},"by":"bob","at":"1970-01-01T00:00:00.000Z"}"#
        ),
        (.soughtPartition(subscription: "billing", partition: 12, seek: "1f"), "seek/billing/12", #"{"id":"1f"}"#),
        (
            .replica(name: "pod-1", Replica(host: "pod", startedAt: WallTime(milliseconds: 0), position: 42)), "replica/pod-1",
            #"{"host":"pod","startedAt":"1970-01-01T00:00:00.000Z","position":42}"#
        ),
        (
            .registration(subscription: "billing", Registration(definition: #"{"endpoint":"https://a.example","topic":"t","x":1.0}"#, change: alice)), "subscription/billing",
            #"{"definition":{"endpoint":"https://a.example","topic":"t","x":1.0},"by":"alice@ops","at":"2026-05-01T08:00:00.250Z","reason":"they said \"stop\"\n"}"#
        ),
        (
            .registration(subscription: "billing", Registration(definition: nil, change: alice)), "subscription/billing",
            #"{"deleted":true,"by":"alice@ops","at":"2026-05-01T08:00:00.250Z","reason":"they said \"stop\"\n"}"#
        ),
        (
            .logLevel(LogLevelChange(level: .debug, for: .minutes(15), change: alice)), "log-level",
            #"{"level":"debug","until":"2026-05-01T08:15:00.250Z","by":"alice@ops","at":"2026-05-01T08:00:00.250Z","reason":"they said \"stop\"\n"}"#
        ),
        (
            .logLevel(LogLevelChange(level: nil, for: .seconds(1), change: Attribution(by: "bob", at: WallTime(milliseconds: 0)))), "log-level",
            #"{"level":"configured","until":"1970-01-01T00:00:01.000Z","by":"bob","at":"1970-01-01T00:00:00.000Z"}"#
        ),
        (
            .job(JobOrder.ID(.redrive, "shop.orders-5f1c"), JobOrder(run: "1f", replica: "pod-7", request: #"{"topic":"shop.orders"}"#, change: alice)), "job/redrive/shop.orders-5f1c",
            #"{"run":"1f","replica":"pod-7","request":{"topic":"shop.orders"},"by":"alice@ops","at":"2026-05-01T08:00:00.250Z","reason":"they said \"stop\"\n"}"#
        ),
        (
            .job(
                JobOrder.ID(.replay, "billing-1"),
                JobOrder(
                    run: "1f", replica: "pod-7", request: "{}", change: Attribution(by: "bob", at: WallTime(milliseconds: 0)),
                    outcome: .init(end: .failed, at: WallTime(milliseconds: 1000), message: "no answer", sent: 7, refused: 1))), "job/replay/billing-1",
            #"{"run":"1f","replica":"pod-7","request":{},"by":"bob","at":"1970-01-01T00:00:00.000Z","end":"failed","endedAt":"1970-01-01T00:00:01.000Z","sent":7,"refused":1,"message":"no answer"}"#
        ),
        (
            .jobStop(JobOrder.ID(.redrive, "j"), JobStop(run: "1f", change: Attribution(by: "bob", at: WallTime(milliseconds: 0)))), "job/redrive/j/stop",
            #"{"run":"1f","by":"bob","at":"1970-01-01T00:00:00.000Z"}"#
        ),
        (.forgotten(.pause("billing")), "pause/billing", nil),
    ] as [(ControlRecord, String, String?)])
    func `a record is written and read as documented`(_ record: ControlRecord, _ key: String, _ value: String?) throws {
        #expect(record.key.text == key)
        #expect(record.json == value)
        #expect(try read(key, value) == record)
    }

    @Test func `members that are not known are left alone, and the reason may be missing`() throws {
        let record = try read("pause/billing", #"{ "paused" : false, "until": {"x": [1, 2]}, "by":"bob","at":"1970-01-01T01:00:00+01:00" }"#)
        #expect(record == .pause(subscription: "billing", Pause(isPaused: false, change: Attribution(by: "bob", at: WallTime(milliseconds: 0)))))
    }

    @Test(arguments: ["subscriptions/billing", "subscription", "subscription/a/b", "pause", "pause/", "pause/a/b", "seek/a/b", "seek/a/-1", "seek/a/1/2", "log-level/a", "/pause/a", ""])
    func `a key that is not known is passed over, whatever its value`(_ key: String) throws {
        #expect(try read(key, "not JSON") == nil)
        #expect(try read(key, nil) == nil)
    }

    @Test(arguments: [
        ("pause/a", "", "pause/a: not JSON: the text ends too early (byte 0)"),
        ("pause/a", "[]", "pause/a: paused is missing"),
        ("pause/a", #"{"paused":"yes"}"#, "pause/a: paused is no boolean"),
        ("pause/a", #"{"paused":true,"by":"x","at":"yesterday"}"#, "pause/a: at is not a time as RFC 3339 writes it"),
        ("pause/a", #"{"paused":true,"by":"\ud800","at":"1970-01-01T00:00:00Z"}"#, "pause/a: by is not text"),
        ("suspension/a", #"{"suspended":true,"by":"x","at":"1970-01-01T00:00:00Z"}"#, "suspension/a: manifest is missing"),
        ("seek/a", #"{"id":"1","topic":"t","to":"2","offsets":{"0":-1}}"#, "seek/a: offsets is not a mapping of partitions to offsets"),
        ("seek/a", #"{"id":"1","topic":"t","to":"2","offsets":{"x":1}}"#, "seek/a: offsets is not a mapping of partitions to offsets"),
        ("seek/a/0", #"{"id":7}"#, "seek/a/0: id is no string"),
        ("log-level", #"{"level":"loud","until":"1970-01-01T00:00:00Z","by":"x","at":"1970-01-01T00:00:00Z"}"#, "log-level: level is no level of the log"),
        ("replica/a", #"{"host":"h","startedAt":"1970-01-01T00:00:00Z","position":1.5}"#, "replica/a: position is not a whole number"),
    ])
    func `what cannot be read says why`(_ key: String, _ value: String, _ complaint: String) {
        #expect { try read(key, value) } throws: { ($0 as? ControlRecordError)?.description == complaint }
    }

    @Test func `a record without a key, or with one that is no text, cannot be read`() {
        #expect(throws: ControlRecordError.self) { try ControlRecord.read(key: nil, value: nil) }
        withUnsafeBytes(of: UInt8(0xff)) { key in
            _ = #expect(throws: ControlRecordError.self) { try ControlRecord.read(key: key, value: nil) }
        }
    }
}
