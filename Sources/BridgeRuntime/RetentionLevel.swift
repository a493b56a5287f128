/// How loud to be about a subscription that comes near its topic's retention.
package enum RetentionLevel: Int, Comparable {
    case safe
    /// Less than a fifth of the retention is left.
    case near
    /// Less than a twentieth.
    case urgent

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

    private var threshold: Double {
        switch self {
        case .safe: 1
        case .near: 0.2
        case .urgent: 0.05
        }
    }

    /// - Parameters:
    ///   - ratio: The part of the retention that is left.
    ///   - last: A level is left only well above its threshold, so that nobody hears of it again and again.
    package init(ratio: Double, after last: RetentionLevel) {
        let reached: [RetentionLevel] = [.urgent, .near]
        self = reached.first { ratio < $0.threshold * ($0 <= last ? 1.25 : 1) } ?? .safe
    }
}
