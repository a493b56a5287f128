internal import GRDB
internal import Glibc

/// The file of an index: whether it is one, and of what.
struct ReceiptIndexFile {
    let path: String

    /// In the file's header, by which it is known for an index: "FRcp".
    private static let application: Int32 = 0x4652_6370
    /// Of the tables. Another one is made anew.
    private static let version = 1

    private enum Content { case nothing, index, other }

    func open(_ origin: ReceiptIndex.Origin) throws(ReceiptIndexFailure) -> DatabasePool {
        let content = try look()
        guard content != .other else {
            throw ReceiptIndexFailure(.unusable, "\(path) is no index of receipts; name another file, or delete it")
        }
        if content == .index, let pool = try openIndex(of: origin) { return pool }
        try delete()
        return try failing {
            // Before there is a journal, so that the file says from its first moment what it is.
            let file = try DatabaseQueue(path: path, configuration: Self.configuration)
            try file.writeWithoutTransaction { db in
                try db.execute(sql: "pragma auto_vacuum = incremental; pragma application_id = \(Self.application)")
                try db.inTransaction {
                    try db.execute(sql: Self.tables)
                    try db.execute(sql: "insert into origin values (?, ?)", arguments: [origin.cluster, origin.topic])
                    try db.execute(sql: "pragma user_version = \(Self.version)")
                    return .commit
                }
            }
            try file.close()
            return try DatabasePool(path: path, configuration: Self.configuration)
        }
    }

    /// Nil where it has to be made anew.
    private func openIndex(of origin: ReceiptIndex.Origin) throws(ReceiptIndexFailure) -> DatabasePool? {
        do throws(ReceiptIndexFailure) {
            return try failing {
                let pool = try DatabasePool(path: path, configuration: Self.configuration)
                let isSame = try pool.read { db in
                    guard try Int.fetchOne(db, sql: "pragma user_version") == Self.version,
                        let row = try Row.fetchOne(db, sql: "select cluster, topic from origin")
                    else { return false }
                    return ReceiptIndex.Origin(cluster: row[0], topic: row[1]) == origin
                }
                if isSame { return pool }
                try pool.close()
                return nil
            }
        } catch where error.kind == .damaged {
            return nil
        }
    }

    /// With what SQLite keeps beside it.
    func delete() throws(ReceiptIndexFailure) {
        for name in [path, path + "-wal", path + "-shm", path + "-journal"] {
            guard unlink(name) == 0 || errno == ENOENT else {
                throw ReceiptIndexFailure(.unusable, "\(name) cannot be deleted: \(String(cString: strerror(errno)))")
            }
        }
    }

    /// > The 4-byte big-endian integer at offset 68 is an "Application ID"
    private func look() throws(ReceiptIndexFailure) -> Content {
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return .nothing }
            throw ReceiptIndexFailure(.unusable, "\(path) cannot be opened: \(String(cString: strerror(errno)))")
        }
        defer { close(file) }
        var header = [UInt8](repeating: 0, count: 72)
        let count = pread(file, &header, header.count, 0)
        if count == 0 { return .nothing }
        let application = header[68..<72].reduce(Int32(0)) { $0 << 8 | Int32($1) }
        return count == header.count && header.starts(with: "SQLite format 3\0".utf8) && application == Self.application ? .index : .other
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.label = "receipt-index"
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in
            // After a power failure the last transactions may be missing, which are then read again.
            try db.execute(sql: "pragma synchronous = normal; pragma cache_size = -16384; pragma journal_size_limit = 16777216")
            // 16 MiB between two waits for the disk, which others may need.
            try db.execute(sql: "pragma wal_autocheckpoint = 4096")
        }
        return configuration
    }

    /// `receipt.id` is the partition and offset of its record, so that what comes twice is known. `mention` has a row for each name by which
    /// a receipt is found. Names and subscriptions are digests: the text is in the body.
    private static let tables = """
        create table origin (cluster text not null, topic text not null);
        create table position (partition integer primary key, next integer not null);
        create table receipt (
            id integer primary key, time integer not null, subscription integer not null, failed integer not null, body text not null);
        create index receipt_time on receipt (time);
        create index receipt_subscription on receipt (subscription, time);
        create index failure_time on receipt (time) where failed;
        create index failure_subscription on receipt (subscription, time) where failed;
        create table mention (name integer not null, receipt integer not null, primary key (name, receipt)) without rowid;
        """
}
