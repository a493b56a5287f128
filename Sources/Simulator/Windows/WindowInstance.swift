/// Something that a window subscription's log comes to, with an outcome of its own: a window, or a single event.
package struct WindowInstance: Equatable {
    /// Unique within a course (see `WindowCourse`).
    package enum Name: Hashable {
        /// Times in milliseconds, as everywhere here.
        case window(group: Int, start: Int64, end: Int64)
        case single(offset: Int64)
    }

    package enum Kind: String { case window, late, poison, plain }

    package var name: Name
    package var kind: Kind
    /// Its events, in the order of the log.
    package var offsets: [Int64]
    /// The window's end; of a single what the definition gives it, the least number before the first watermark.
    package var end: Int64
    /// The first event's offset times the number of windows that an event may be in, plus which of its windows this is.
    package var place: Int64

    package var first: Int64 { offsets[0] }
}

extension WindowInstance: CustomStringConvertible {
    package var description: String {
        switch name {
        case .window(let group, let start, let end): "window \(start)..<\(end) of group \(group) with \(offsets)"
        case .single(let offset): "\(kind.rawValue) event @\(offset)"
        }
    }
}
