public import EventModel

/// A piece of the receipts that were asked for, the newest first.
public struct ReceiptPage: Sendable {
    public var receipts: [Receipt]
    /// Where the next piece begins; nil when nothing follows.
    public var next: ReceiptPosition?
    public var standing: ReceiptIndexStanding

    public init(receipts: [Receipt], next: ReceiptPosition?, standing: ReceiptIndexStanding) {
        self.receipts = receipts
        self.next = next
        self.standing = standing
    }
}

/// Where a receipt stands among all: by its time, and of one time by its record. Every replica's index has the same order, also when it
/// was made anew.
public struct ReceiptPosition: Hashable, Comparable, Sendable {
    public var time: WallTime
    /// Of its record in the receipts topic.
    public var partition: Int32
    public var offset: Int64

    public init(time: WallTime, partition: Int32, offset: Int64) {
        self.time = time
        self.partition = partition
        self.offset = offset
    }

    public static func < (a: ReceiptPosition, b: ReceiptPosition) -> Bool {
        (a.time, a.partition, a.offset) < (b.time, b.partition, b.offset)
    }

    /// For callers, who give it back as it is.
    public var text: String { "\(time.milliseconds)-\(partition)-\(offset)" }

    public init?(text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let areNumbers = parts.allSatisfy { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
        guard areNumbers, parts.count == 3, let time = Int64(parts[0]), let partition = Int32(parts[1]), let offset = Int64(parts[2]),
            partition < Self.partitions, offset < Self.offsets
        else { return nil }
        self.init(time: WallTime(milliseconds: time), partition: partition, offset: offset)
    }

    /// Offsets are below it, so that a partition and an offset are one number.
    package static let offsets: Int64 = 1 << 46
    private static let partitions: Int32 = 1 << 17
}

/// How far an index of receipts has come.
public struct ReceiptIndexStanding: Equatable, Sendable {
    /// Receipts that the topic has and the index has not; nil while that is not known.
    public var behind: Int?
    /// Of the oldest receipt; nil where there is none.
    public var oldest: WallTime?
    /// Of the file.
    public var bytes: Int
    /// How often it was begun anew since this process started, because the topic was.
    public var renewals = 0

    public init(behind: Int?, oldest: WallTime?, bytes: Int) {
        self.behind = behind
        self.oldest = oldest
        self.bytes = bytes
    }
}
