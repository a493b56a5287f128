import EventModel
import Foundation
import ReceiptIndex
import Receipts
import Testing

/// A folder of its own for each test, and a clock that stands.
@Suite final class ReceiptIndexTests {
    private let folder = NSTemporaryDirectory() + "receipt-index-\(UUID().uuidString)"
    private var path: String { folder + "/receipts.sqlite" }
    private let now = WallTime(milliseconds: 1_800_000_000_000)
    private let orders = ReceiptIndex.Origin(cluster: "a", topic: "fanfare.receipts")

    init() throws { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func open(_ origin: ReceiptIndex.Origin? = nil, age: TimeSpan = .days(7), bytes: Int = 1 << 30) throws -> ReceiptIndex {
        try ReceiptIndex(path: path, of: origin ?? orders, bounds: .init(age: age, bytes: bytes))
    }

    /// The record at an offset of partition 0: order `offset`, a second younger than the one before.
    private func record(
        _ offset: Int64, partition: Int32 = 0, of subscription: String = "billing", _ result: String = "success", id: String? = nil, at time: WallTime? = nil
    ) -> ReceiptIndex.Record {
        let time = time ?? now + .seconds(offset - 10_000)
        let id = id ?? "order-\(offset)"
        var json = """
            {"subscription":"\(subscription)","topic":"shop.orders","webhookId":"\(id)","attempt":1,"result":"\(result)","durationSeconds":0.1,\
            "endpoint":"billing.example.com","time":"\(time.rfc3339)","count":1,"events":[{"id":"\(id)","partition":3,"offset":\(offset),"attempt":1}]}
            """
        return ReceiptIndex.Record(partition: partition, offset: offset, receipt: json.withUTF8 { Receipt(json: UnsafeRawBufferPointer($0))! }, json: json)
    }

    private func add(_ records: [ReceiptIndex.Record], to index: ReceiptIndex) throws {
        var positions: [Int32: Int64] = [:]
        for record in records { positions[record.partition] = max(positions[record.partition] ?? 0, record.offset + 1) }
        try index.add(records, positions: positions, now: now)
    }

    private func ids(_ index: ReceiptIndex, _ filter: ReceiptFilter = ReceiptFilter(), _ order: ReceiptIndex.Order = .oldestFirst) throws -> [String] {
        var ids: [String] = []
        try index.forEach(filter, order) { _, receipt, _ in
            ids.append(receipt.events.first?.id ?? "-")
            return true
        }
        return ids
    }

    // MARK: Asking

    @Test func `an event is found by its id, its webhook-id and its place, and nothing else is`() throws {
        let index = try open()
        try add((0..<50).map { record($0) } + [record(50, id: "order-7"), record(0, partition: 1, of: "search", id: "order-7")], to: index)
        #expect(try ids(index, ReceiptFilter(event: "order-7")) == ["order-7", "order-7", "order-7"])
        #expect(try ids(index, ReceiptFilter(event: "shop.orders-3-7")) == ["order-7"])
        #expect(try ids(index, ReceiptFilter(subscription: "search", event: "order-7")).count == 1)
        #expect(try ids(index, ReceiptFilter(event: "order-77")).isEmpty)
    }

    @Test func `what failed for a subscription since a time`() throws {
        let index = try open()
        try add((0..<40).map { record($0, of: $0 % 2 == 0 ? "billing" : "search", $0 % 5 == 0 ? "retry" : "success") }, to: index)
        var filter = ReceiptFilter(subscription: "billing", failed: true)
        #expect(try ids(index, filter) == ["order-0", "order-10", "order-20", "order-30"])
        filter.since = now + .seconds(10 - 10_000)
        filter.until = now + .seconds(30 - 10_000)
        #expect(try ids(index, filter) == ["order-10", "order-20"])
        #expect(try ids(index, ReceiptFilter(failed: true)).count == 8)
        filter = ReceiptFilter(subscription: "search")
        #expect(try ids(index, filter).count == 20)
        #expect(try ids(index, filter, .newestFirst) == ids(index, filter).reversed())
    }

    @Test(arguments: [ReceiptFilter(), ReceiptFilter(subscription: "billing"), ReceiptFilter(failed: true), ReceiptFilter(event: "the-same")])
    func `pieces hold everything once, also of one time, and although others come meanwhile`(filter: ReceiptFilter) async throws {
        let index = try open()
        try add((0..<60).map { record($0 / 2, partition: Int32($0 % 2), "retry", id: "the-same", at: now + .seconds(-($0 % 4))) }, to: index)
        var found: [ReceiptPosition] = []
        var after: ReceiptPosition?
        var pieces = 0
        repeat {
            let page = try await index.page(filter, limit: 7, after: after, behind: 0)
            pieces += 1
            #expect(page.receipts.count == (pieces == 9 ? 4 : 7))
            found += page.receipts.map { ReceiptPosition(time: $0.time, partition: 0, offset: $0.events[0].offset) }
            after = try page.next.map { try #require(ReceiptPosition(text: $0.text)) }
            if pieces == 2 { try add([record(900, "retry", id: "the-same", at: now + .seconds(1))], to: index) }
        } while after != nil
        #expect(found.count == 60 && found.map(\.time) == found.map(\.time).sorted(by: >))
        #expect(pieces == 9)
    }

    // MARK: Keeping

    @Test func `receipts older than the bound are not taken, and go when their time has come`() throws {
        let index = try open(age: .minutes(1))
        let times = [90, 50, 10]
        try add(times.enumerated().map { record(Int64($0), at: now + .seconds(Int64(-$1))) }, to: index)
        #expect(try ids(index) == ["order-1", "order-2"])
        try index.trim(now: now + .seconds(20))
        #expect(try ids(index) == ["order-2"])
        #expect(try ids(index, ReceiptFilter(event: "order-1")).isEmpty)
        #expect(try index.positions() == [0: 3])
    }

    @Test func `the file stays within its bound, and the oldest go`() throws {
        let bound = 1 << 20
        let index = try open(bytes: bound)
        for batch in 0..<5 { try add((0..<1000).map { record(Int64(batch * 1000 + $0), at: now + .seconds(Int64(batch * 1000 + $0) - 100_000)) }, to: index) }
        let standing = try index.standing(behind: nil)
        #expect(standing.bytes <= bound)
        let left = try ids(index)
        #expect(left.count > 500 && left.last == "order-4999")
        // The names went with them.
        #expect(try left.first.map { try ids(index, ReceiptFilter(event: $0)) } == [left[0]])
        #expect(try ids(index, ReceiptFilter(event: "order-0")).isEmpty)
    }

    // MARK: Going on

    @Test func `another process goes on where the one before was`() throws {
        do {
            let index = try open()
            try add([record(0), record(1), record(0, partition: 2)], to: index)
        }
        let index = try open()
        #expect(try index.positions() == [0: 2, 2: 1])
        // What comes again is there once.
        try add([record(1), record(2)], to: index)
        #expect(try ids(index, ReceiptFilter(subscription: "billing")).sorted() == ["order-0", "order-0", "order-1", "order-2"])
        #expect(try index.positions() == [0: 3, 2: 1])
    }

    @Test(arguments: [ReceiptIndex.Origin(cluster: "b", topic: "fanfare.receipts"), .init(cluster: "a", topic: "other.receipts")])
    func `an index of another cluster or topic is made anew`(other: ReceiptIndex.Origin) throws {
        do { try add([record(0)], to: try open(other)) }
        let index = try open()
        #expect(try ids(index).isEmpty && index.positions().isEmpty)
    }

    @Test func `a damaged file is made anew, whether it shows at the start or later`() throws {
        do { try add((0..<2000).map { record($0) }, to: try open()) }
        // All but the first page, in which it says what it is.
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        let size = try file.seekToEnd()
        try file.seek(toOffset: 4096)
        try file.write(contentsOf: Data(repeating: 0xAB, count: Int(size) - 4096))
        try file.close()
        var index: ReceiptIndex
        do {
            index = try open()
            _ = try ids(index)
        } catch let failure as ReceiptIndexFailure {
            #expect(failure.kind == .damaged)
            index = try open()
            try? index.discard()
            index = try open()
        }
        #expect(try ids(index).isEmpty && index.positions().isEmpty)
        try add([record(5)], to: index)
        #expect(try ids(index) == ["order-5"])
    }

    @Test(arguments: ["a letter to my mother", "SQLite format 3\0 of somebody else", String(repeating: "x", count: 5000)])
    func `a file that is something else is left alone`(content: String) throws {
        try content.write(toFile: path, atomically: true, encoding: .utf8)
        #expect {
            _ = try open()
        } throws: { "\($0)" == "\(path) is no index of receipts; name another file, or delete it" }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == content)
    }

    @Test func `a folder that is not there is said`() throws {
        #expect {
            _ = try ReceiptIndex(path: folder + "/none/receipts.sqlite", of: orders, bounds: .init(age: .days(1), bytes: 1 << 20))
        } throws: { ($0 as? ReceiptIndexFailure)?.kind == .unusable }
    }

    @Test(arguments: ["", "1-2", "1-2-3-4", "a-0-1", "1-0-99999999999999999", "1-200000-0", "+1-0-0", "1--2-3", "-1-0-1"])
    func `what is no position is none`(text: String) { #expect(ReceiptPosition(text: text) == nil) }
}
