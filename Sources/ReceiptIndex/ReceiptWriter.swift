import EventModel
internal import GRDB
internal import Receipts

/// Puts receipts into the tables, and takes them out.
struct ReceiptWriter {
    private let db: Database
    private let receipt: Statement
    private let mention: Statement

    init(_ db: Database) throws {
        self.db = db
        receipt = try db.cachedStatement(sql: "insert or ignore into receipt values (?, ?, ?, ?, ?)")
        mention = try db.cachedStatement(sql: "insert or ignore into mention values (?, ?)")
    }

    func insert(_ record: ReceiptIndex.Record) throws {
        let receipt = record.receipt
        let id = ReceiptPosition(time: receipt.time, partition: record.partition, offset: record.offset).row
        try self.receipt.execute(arguments: [
            id, receipt.time.milliseconds, receipt.subscription.digest, receipt.hasFailed, record.json,
        ])
        for name in receipt.nameDigests { try mention.execute(arguments: [name, id]) }
    }

    /// - Parameter time: only those before; nil: whatever their age.
    /// - Returns: how many there were.
    func deleteOldest(_ count: Int, before time: WallTime?) throws -> Int {
        let rows = try Row.fetchAll(
            db, sql: "select id, body from receipt where time < ? order by time limit ?", arguments: [time?.milliseconds ?? .max, count])
        let mention = try db.cachedStatement(sql: "delete from mention where name = ? and receipt = ?")
        let receipt = try db.cachedStatement(sql: "delete from receipt where id = ?")
        for row in rows {
            let id: Int64 = row[0]
            for name in Receipt(text: row[1])?.nameDigests ?? [] { try mention.execute(arguments: [name, id]) }
            try receipt.execute(arguments: [id])
        }
        return rows.count
    }
}

extension Receipt {
    /// Of everything by which `ReceiptFilter.event` finds it.
    fileprivate var nameDigests: Set<Int64> { Set(names.lazy.map(\.digest)) }
}

extension ReceiptPosition {
    /// Partition and offset as one number, in their order.
    var row: Int64 { Int64(partition) * Self.offsets + offset }

    static func rows(of partition: Int32) -> ClosedRange<Int64> {
        let first = Int64(partition) * offsets
        return first...(first + offsets - 1)
    }

    init(row: Int64, time: WallTime) {
        self.init(time: time, partition: Int32(row / Self.offsets), offset: row % Self.offsets)
    }
}

extension String {
    /// FNV-1a (Fowler, Noll, Vo), 64 bits: names are found by a number instead of a text of any length.
    var digest: Int64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int64(bitPattern: hash)
    }
}
