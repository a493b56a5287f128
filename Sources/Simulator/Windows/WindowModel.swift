package import EventModel

/// What windows a log makes, worked out in the plainest way from their definition. Shares nothing with the engine.
///
/// Fed with what one subscription sees of one partition, record by record, and with the watermark's advances where they lie
/// in the log.
package struct WindowModel {
    /// What a subscription sees of a record.
    package enum Sight: Equatable {
        case nothing
        case event(time: Int64, group: Int)
        case poison
    }

    /// A window that is not complete.
    private struct Open {
        var group: Int
        var start: Int64
        var end: Int64
        var offsets: [Int64]
        var place: Int64
        /// Of its first and last event, by their time: what decides whether a session takes one more.
        var times: ClosedRange<Int64>
    }

    package let shape: WindowShape
    private let grace: Int64
    package private(set) var watermark: Int64? = nil
    private var open: [Open] = []
    /// All that needs an outcome, in the order in which that is due.
    package private(set) var done: [WindowInstance] = []

    package init(_ policy: WindowPolicy) {
        shape = policy.shape
        grace = policy.grace.inMilliseconds
    }

    /// In how many windows an event may be.
    package static func places(_ shape: WindowShape) -> Int64 {
        guard case .hopping(let size, let hop) = shape else { return 1 }
        return (size.inMilliseconds + hop.inMilliseconds - 1) / hop.inMilliseconds
    }

    private var places: Int64 { Self.places(shape) }

    /// As they are now, in the order of their places.
    package var openWindows: [WindowInstance] { open.map(instance).sorted { $0.place < $1.place } }

    // MARK: The log

    /// - Parameter says: whether an event's time is as much as its partition has come to. Of several partitions together that is
    ///   told by itself.
    package mutating func look(_ sight: Sight, at offset: Int64, says: Bool = true) {
        switch sight {
        case .nothing: break
        case .poison: single(.poison, offset)
        case .event(let time, let group):
            let candidates = windows(of: time)
            let wanted = candidates.enumerated().filter { !isComplete(end: $0.element.upperBound) }
            if wanted.isEmpty { single(.late, offset) }
            for (index, bounds) in wanted { add(offset, time, group, bounds, place: offset * places + Int64(index)) }
            if says { advance(to: time) }
        }
    }

    package mutating func advance(to time: Int64) {
        watermark = max(watermark ?? time, time)
        let complete = open.filter { isComplete(end: $0.end) }.map(instance)
        open = open.filter { !isComplete(end: $0.end) }
        done += complete.sorted { ($0.end, $0.first) < ($1.end, $1.first) }
    }

    // MARK: The definition

    private func isComplete(end: Int64) -> Bool { watermark.map { end + grace <= $0 } ?? false }

    /// Of an event alone, earliest first.
    private func windows(of time: Int64) -> [Range<Int64>] {
        switch shape {
        case .tumbling(let size):
            let start = floor(time, size.inMilliseconds) * size.inMilliseconds
            return [start..<start + size.inMilliseconds]
        case .hopping(let size, let hop):
            let (size, hop) = (size.inMilliseconds, hop.inMilliseconds)
            return (floor(time - size, hop)...floor(time, hop)).map { $0 * hop..<$0 * hop + size }.filter { $0.contains(time) }
        case .session(let gap, _):
            return [time..<min(time + gap.inMilliseconds, cellEnd(time))]
        }
    }

    /// Sessions do not cross it.
    private func cellEnd(_ time: Int64) -> Int64 {
        guard case .session(_, let max) = shape else { preconditionFailure("only sessions end early") }
        return (floor(time, max.inMilliseconds) + 1) * max.inMilliseconds
    }

    private mutating func add(_ offset: Int64, _ time: Int64, _ group: Int, _ bounds: Range<Int64>, place: Int64) {
        var window = Open(group: group, start: bounds.lowerBound, end: bounds.upperBound, offsets: [offset], place: place, times: time...time)
        let joined = open.filter { joins(time, group, bounds, $0) }
        open = open.filter { !joins(time, group, bounds, $0) }
        for other in joined {
            window.offsets = (window.offsets + other.offsets).sorted()
            window.place = min(window.place, other.place)
            window.times = min(window.times.lowerBound, other.times.lowerBound)...max(window.times.upperBound, other.times.upperBound)
        }
        if case .session(let gap, _) = shape {
            window.start = window.times.lowerBound
            window.end = min(window.times.upperBound + gap.inMilliseconds, cellEnd(time))
        }
        open.append(window)
    }

    /// Whether an event counts in a window that is open already.
    private func joins(_ time: Int64, _ group: Int, _ bounds: Range<Int64>, _ window: Open) -> Bool {
        guard window.group == group else { return false }
        guard case .session(let gap, _) = shape else { return window.start == bounds.lowerBound }
        return cellEnd(window.times.lowerBound) == cellEnd(time)
            && window.times.lowerBound < time + gap.inMilliseconds && time < window.times.upperBound + gap.inMilliseconds
    }

    private mutating func single(_ kind: WindowInstance.Kind, _ offset: Int64) {
        let end = watermark.map { $0 - grace + 1 } ?? .min
        done.append(WindowInstance(name: .single(offset: offset), kind: kind, offsets: [offset], end: end, place: offset * places))
    }

    private func instance(_ window: Open) -> WindowInstance {
        WindowInstance(
            name: .window(group: window.group, start: window.start, end: window.end), kind: .window, offsets: window.offsets, end: window.end,
            place: window.place)
    }

    private func floor(_ number: Int64, _ divisor: Int64) -> Int64 {
        let quotient = number / divisor
        return number % divisor < 0 ? quotient - 1 : quotient
    }
}

extension TimeSpan {
    var inMilliseconds: Int64 { nanoseconds / 1_000_000 }
}
