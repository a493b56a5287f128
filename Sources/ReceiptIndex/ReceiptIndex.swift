public import EventModel
internal import GRDB
public import Receipts

/// A copy of the receipts topic in an SQLite file, for questions that reading the whole topic would answer late.
///
/// It is a copy and nothing else: what cannot be read, or is of another topic, is thrown away and read again. Up to where each partition
/// is in it stands in the transaction that put it there, so a process that goes on from `positions` leaves nothing out, however the one
/// before ended.
///
/// Any thread may read. Whoever adds does so from one thread.
public final class ReceiptIndex: Sendable {
    /// Of what it is a copy.
    public struct Origin: Equatable, Sendable {
        /// As the cluster calls itself; empty where it does not.
        public var cluster: String
        public var topic: String

        public init(cluster: String, topic: String) {
            self.cluster = cluster
            self.topic = topic
        }
    }

    /// What it keeps.
    public struct Bounds: Equatable, Sendable {
        public var age: TimeSpan
        /// Of the file; what is being written comes on top.
        public var bytes: Int

        public init(age: TimeSpan, bytes: Int) {
            self.age = age
            self.bytes = bytes
        }
    }

    /// A record of the receipts topic.
    public struct Record: Sendable {
        public var partition: Int32
        public var offset: Int64
        public var receipt: Receipt
        /// The receipt, as it stands there.
        public var json: String

        public init(partition: Int32, offset: Int64, receipt: Receipt, json: String) {
            self.partition = partition
            self.offset = offset
            self.receipt = receipt
            self.json = json
        }
    }

    public let path: String
    public let bounds: Bounds
    let pool: DatabasePool

    /// Receipts that are deleted in one go.
    private static let sweep = 2000

    /// Opens the file, or makes it. One that is an index but of another origin or version, or is damaged, is made anew.
    ///
    /// - Throws: `ReceiptIndexFailure`, also where the file is something else, which is left alone.
    public init(path: String, of origin: Origin, bounds: Bounds) throws(ReceiptIndexFailure) {
        self.path = path
        self.bounds = bounds
        pool = try ReceiptIndexFile(path: path).open(origin)
    }

    /// Closes it, and deletes the file: nothing may be asked of it any more.
    public func discard() throws(ReceiptIndexFailure) {
        try failing { try pool.close() }
        try ReceiptIndexFile(path: path).delete()
    }

    // MARK: Adding

    /// The next offset of each partition.
    public func positions() throws(ReceiptIndexFailure) -> [Int32: Int64] {
        try failing {
            try pool.read { db in
                var positions: [Int32: Int64] = [:]
                for row in try Row.fetchAll(db, sql: "select partition, next from position") { positions[row[0]] = row[1] }
                return positions
            }
        }
    }

    /// The newest receipt of a partition, by its offset: as it stood in the topic that this is a copy of.
    public func newest(of partition: Int32) throws(ReceiptIndexFailure) -> (offset: Int64, json: String)? {
        try failing {
            try pool.read { db in
                let rows = ReceiptPosition.rows(of: partition)
                let row = try Row.fetchOne(
                    db, sql: "select id, body from receipt where id between ? and ? order by id desc limit 1", arguments: [rows.lowerBound, rows.upperBound])
                return row.map { (offset: ReceiptPosition(row: $0[0], time: .init(milliseconds: 0)).offset, json: $0[1]) }
            }
        }
    }

    /// Adds records in one transaction, and deletes what is too old or too much. What is there already is passed over.
    ///
    /// - Parameter positions: up to where partitions have been read now.
    public func add(_ records: [Record], positions: [Int32: Int64], now: WallTime) throws(ReceiptIndexFailure) {
        try failing {
            try pool.write { db in
                let oldest = self.oldest(at: now)
                let writer = try ReceiptWriter(db)
                for record in records where record.receipt.time >= oldest { try writer.insert(record) }
                for (partition, next) in positions {
                    try db.execute(
                        sql: "insert into position values (?, ?) on conflict (partition) do update set next = max(next, excluded.next)",
                        arguments: [partition, next])
                }
            }
        }
        try trim(now: now)
    }

    private func oldest(at now: WallTime) -> WallTime { WallTime(milliseconds: now.milliseconds - bounds.age.millisecondsRoundedUp) }

    /// Deletes what is older or more than the bounds say, the oldest first.
    public func trim(now: WallTime) throws(ReceiptIndexFailure) {
        let oldest = oldest(at: now)
        try failing {
            while try pool.write({ try ReceiptWriter($0).deleteOldest(Self.sweep, before: oldest) }) == Self.sweep {}
            guard try pool.read({ try Self.usedBytes($0) }) > bounds.bytes else { return }
            // Some room, so that not every batch must delete.
            while try pool.read({ try Self.usedBytes($0) }) > bounds.bytes / 20 * 19 {
                guard try pool.write({ try ReceiptWriter($0).deleteOldest(Self.sweep, before: nil) }) > 0 else { break }
            }
            // Pages that were freed are used again; they go back only where the file is larger than it may be.
            try pool.writeWithoutTransaction { db in
                if try Self.fileBytes(db) > bounds.bytes { _ = try Row.fetchAll(db, sql: "pragma incremental_vacuum") }
            }
        }
    }

    // MARK: Asking

    public enum Order: Sendable { case newestFirst, oldestFirst }

    /// Those that match, until `body` returns false.
    ///
    /// - Parameter after: only what follows there, in the order.
    public func forEach(
        _ filter: ReceiptFilter, _ order: Order = .newestFirst, after: ReceiptPosition? = nil, _ body: (ReceiptPosition, Receipt, String) -> Bool
    ) throws(ReceiptIndexFailure) {
        try failing { try pool.read { try Self.forEach($0, filter, order, after: after, body) } }
    }

    private static func forEach(
        _ db: Database, _ filter: ReceiptFilter, _ order: Order, after: ReceiptPosition?, _ body: (ReceiptPosition, Receipt, String) -> Bool
    ) throws {
        let query = ReceiptQuery(filter, order, after: after)
        let rows = try Row.fetchCursor(db, sql: query.sql, arguments: query.arguments)
        while let row = try rows.next() {
            let json: String = row[1]
            // The index finds what may be meant, by digests of names; the filter decides.
            guard let receipt = Receipt(text: json), filter.matches(receipt) else { continue }
            let position = ReceiptPosition(row: row[0], time: receipt.time)
            guard body(position, filter.shown(receipt), json) else { return }
        }
    }

    /// A piece, the newest first.
    ///
    /// - Parameter behind: for the standing.
    public func page(_ filter: ReceiptFilter, limit: Int, after: ReceiptPosition?, behind: Int?) async throws(ReceiptIndexFailure) -> ReceiptPage {
        do {
            return try await pool.read { db in
                var receipts: [Receipt] = []
                var last: ReceiptPosition?
                var hasMore = false
                try Self.forEach(db, filter, .newestFirst, after: after) { position, receipt, _ in
                    hasMore = receipts.count == limit
                    guard !hasMore else { return false }
                    receipts.append(receipt)
                    last = position
                    return true
                }
                return ReceiptPage(receipts: receipts, next: hasMore ? last : nil, standing: try Self.standing(db, behind: behind))
            }
        } catch {
            throw ReceiptIndexFailure(error)
        }
    }

    public func standing(behind: Int?) throws(ReceiptIndexFailure) -> ReceiptIndexStanding {
        try failing { try pool.read { try Self.standing($0, behind: behind) } }
    }

    private static func standing(_ db: Database, behind: Int?) throws -> ReceiptIndexStanding {
        let oldest = try Int64.fetchOne(db, sql: "select min(time) from receipt")
        return ReceiptIndexStanding(behind: behind, oldest: oldest.map { WallTime(milliseconds: $0) }, bytes: try fileBytes(db))
    }

    private static func fileBytes(_ db: Database) throws -> Int { try pragma(db, "page_count") * pragma(db, "page_size") }

    private static func usedBytes(_ db: Database) throws -> Int {
        try (pragma(db, "page_count") - pragma(db, "freelist_count")) * pragma(db, "page_size")
    }

    private static func pragma(_ db: Database, _ name: String) throws -> Int { try Int.fetchOne(db, sql: "pragma \(name)") ?? 0 }
}

extension Receipt {
    init?(text: String) {
        var text = text
        guard let receipt = text.withUTF8({ Receipt(json: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = receipt
    }
}
