public import EventModel

/// Which dead letters. What is nil is not asked for.
public struct DeadLetterFilter: Equatable, Sendable {
    /// The topic whose event it was.
    public var sourceTopic: String?
    public var subscription: String?
    public var kind: FailureKind?
    public var status: StatusPattern?
    /// When it was written: from `since` on, before `until`.
    public var since: WallTime?
    public var until: WallTime?
    public var key: String?
    /// The event's id, as such or as a receiver sees it in `webhook-id`.
    public var event: String?
    /// Words that stand in what is said of it, in any case: ids, subscription, kind, status, message. Not in what it carries.
    public var search: String?
    /// Only those that stand there.
    public var places: Set<RecordPlace>?

    public init() {}

    /// - Parameter eventIDs: asked only when everything else matches.
    public func matches(_ letter: DeadLetter, eventIDs: () -> [String]) -> Bool {
        if let sourceTopic, letter.source?.topic != sourceTopic { return false }
        if let subscription, letter.subscription != subscription { return false }
        if let kind, letter.kind != kind.rawValue { return false }
        if let status, !(letter.status.map(status.matches) ?? false) { return false }
        if let since, letter.time < since { return false }
        if let until, letter.time >= until { return false }
        if let key, !(letter.key.map { $0.elementsEqual(key.utf8) } ?? false) { return false }
        if let places, !places.contains(letter.place) { return false }
        if event == nil, search == nil { return true }
        let ids = eventIDs()
        if let event, !ids.contains(event) { return false }
        return search.map { Self.says($0, letter, ids) } ?? true
    }

    private static func says(_ words: String, _ letter: DeadLetter, _ ids: [String]) -> Bool {
        let status = letter.status.map { "\($0)" }
        let line = (ids + [letter.subscription, letter.kind, status, letter.message, letter.place.inTopic].compactMap(\.self)).joined(separator: "\n").lowercased()
        return words.lowercased().split(whereSeparator: \.isWhitespace).allSatisfy { line.contains($0) }
    }
}

/// An HTTP status, or a class of them: `422`, `5xx`.
public enum StatusPattern: Hashable, Sendable, LosslessStringConvertible {
    case exactly(Int)
    case hundreds(Int)

    public init?(_ text: String) {
        if text.utf8.count == 3, text.hasSuffix("xx"), let digit = Int(text.prefix(1)), (1...5).contains(digit) {
            self = .hundreds(digit)
        } else if let status = Int(text), (100...599).contains(status) {
            self = .exactly(status)
        } else {
            return nil
        }
    }

    public var description: String {
        switch self {
        case .exactly(let status): "\(status)"
        case .hundreds(let digit): "\(digit)xx"
        }
    }

    public func matches(_ status: Int) -> Bool {
        switch self {
        case .exactly(let wanted): status == wanted
        case .hundreds(let digit): status / 100 == digit
        }
    }
}
