public import EventModel

/// Where a subscription is to go on.
public enum SeekTarget: Sendable, Equatable {
    case earliest
    case latest
    case time(WallTime)
    /// The same in every partition.
    case offset(Int64)
    /// The other partitions stay where they are.
    case offsets([Int32: Int64])

    /// `earliest`, `latest`, an RFC 3339 time, how long ago (`1h`, `-1h`), an offset, or `partition=offset,...`; nil for other text.
    public init?(_ text: String, now: WallTime) {
        switch text {
        case "earliest": self = .earliest
        case "latest": self = .latest
        default:
            if let ago = TimeSpan(text.hasPrefix("-") ? String(text.dropFirst()) : text) {
                self = .time(WallTime(milliseconds: max(0, now.milliseconds - ago.millisecondsRoundedUp)))
            } else if let time = Self.time(text) {
                self = .time(time)
            } else if let offset = Int64(text), offset >= 0 {
                self = .offset(offset)
            } else if let offsets = Self.offsets(text) {
                self = .offsets(offsets)
            } else {
                return nil
            }
        }
    }

    /// No record is older than the clock of computers.
    private static func time(_ text: String) -> WallTime? {
        var text = text
        return text.withUTF8 { WallTime(rfc3339: UnsafeRawBufferPointer($0)) }.map { WallTime(milliseconds: max(0, $0.milliseconds)) }
    }

    /// `0=120,3=88`.
    private static func offsets(_ text: String) -> [Int32: Int64]? {
        var offsets: [Int32: Int64] = [:]
        for pair in text.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = pair.split(separator: "=", omittingEmptySubsequences: false)
            guard parts.count == 2, let partition = Int32(parts[0]), let offset = Int64(parts[1]), partition >= 0, offset >= 0,
                offsets.updateValue(offset, forKey: partition) == nil
            else { return nil }
        }
        return offsets
    }

    /// For people.
    public var words: String {
        switch self {
        case .earliest: "earliest"
        case .latest: "latest"
        case .time(let time): time.rfc3339
        case .offset(let offset): "\(offset)"
        case .offsets(let offsets): offsets.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        }
    }
}
