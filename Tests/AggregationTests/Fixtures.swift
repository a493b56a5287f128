import Aggregation
import EventFormats
import EventModel

/// A record that owns its bytes, so that views of it stay valid as long as it lives.
final class TestRecord {
    private var owned: [UnsafeMutableRawBufferPointer] = []
    private(set) var view: RecordView

    init(
        key: [UInt8]? = nil, value: String?, headers: [(String, String)] = [], timestamp: Int64 = 1_780_000_000_000,
        partition: Int32 = 3, offset: Int64 = 42
    ) {
        view = RecordView(
            topic: "shop.orders", partition: partition, offset: offset, timestamp: WallTime(milliseconds: timestamp), key: nil,
            value: nil, headers: [])
        view.key = key.map(own)
        view.value = value.map { own(Array($0.utf8)) }
        view.headers = headers.map { RecordView.Header(name: own(Array($0.utf8)), value: own(Array($1.utf8))) }
    }

    /// A CloudEvent in binary mode.
    convenience init(_ value: String, attributes: [(String, String)] = [], timestamp: Int64 = 1_780_000_000_000) {
        let required = [("specversion", "1.0"), ("id", "1"), ("source", "/s"), ("type", "t")]
        self.init(value: value, headers: (required + attributes).map { ("ce_\($0)", $1) }, timestamp: timestamp)
    }

    deinit { for buffer in owned { buffer.deallocate() } }

    private func own(_ bytes: [UInt8]) -> UnsafeRawBufferPointer {
        // Exactly as long as the content, so that the address sanitizer sees a step beyond it.
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        buffer.copyBytes(from: bytes)
        owned.append(buffer)
        return UnsafeRawBufferPointer(buffer)
    }
}

/// A store with what its tests say to it.
final class TestStore {
    let store: WindowStore
    /// What is looked at has to be there until it is added.
    private var looked: TestRecord?

    init(_ aggregates: [(String, Aggregate.Function)] = [], groupBy: [GroupKey] = [], _ more: (inout WindowPolicy) -> Void = { _ in }) {
        var policy = WindowPolicy(shape: .tumbling(size: .minutes(1)))
        policy.aggregates = aggregates.map { Aggregate(name: $0, function: $1) }
        policy.groupBy = groupBy
        more(&policy)
        let subscription = Subscription(name: "billing", topic: "shop.orders", endpoint: "https://example.com")
        store = WindowStore(subscription, policy, decoder: EventDecoder(topic: "shop.orders", mapping: EventMapping()))
    }

    @discardableResult
    func look(_ record: TestRecord) throws -> (time: WallTime, group: Int) {
        looked = record
        return try store.look(at: record.view)
    }

    /// Why a record cannot be counted; nil when it can.
    func poison(_ record: TestRecord) -> String? {
        do throws(PoisonReason) {
            looked = record
            _ = try store.look(at: record.view)
            return nil
        } catch {
            return error.message
        }
    }

    /// A window of these values as payloads.
    func window(_ values: [String]) throws -> Int {
        var window: Int?
        for (offset, value) in values.enumerated() {
            let record = TestRecord(value: value, offset: Int64(offset))
            try look(record)
            let index = window ?? store.open()
            store.add(to: index)
            window = index
        }
        return window!
    }

    func event(_ window: Int, start: Int64 = 0, end: Int64 = 60_000) -> String {
        let writer = ByteWriter()
        store.writeEvent(of: window, start: WallTime(milliseconds: start), end: WallTime(milliseconds: end), to: writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// What stands behind `"aggregates":` in a window's event.
    func aggregates(_ window: Int) -> String {
        let event = event(window)
        let start = event.firstRange(of: #""aggregates":"#)!.upperBound
        return String(event[start...].dropLast(2))
    }

    /// The result of a single aggregate over these values, `-` for an event without a value.
    static func result(_ function: Aggregate.Function, of values: [String]) throws -> String {
        let test = TestStore([("a", function)])
        let window = try test.window(values.map { $0 == "-" ? "{}" : #"{"v":\#($0)}"# })
        return String(test.aggregates(window).dropFirst(5).dropLast())
    }

    /// What one value says about a single aggregate.
    static func poison(_ function: Aggregate.Function, of value: String) -> String? {
        TestStore([("a", function)]).poison(TestRecord(value: #"{"v":\#(value)}"#))
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): every test repeats exactly.
struct Random: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

