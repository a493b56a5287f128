package import EventModel

/// How many requests are under way at once: many, so that ten thousand do not wait for each other, and not all of them, so that those
/// sent last do not time out behind the others.
///
/// One that is not answered soon gives its place up: some groups whose coordinator is away do not hold up the rest.
package struct RequestWindow {
    /// How long a request has its place.
    private static let patience = TimeSpan.seconds(1)

    private let size: Int
    /// Requests that have a place, and since when, in the order in which they were sent.
    private var holders: [(token: UInt, since: Instant)] = []

    package init(size: Int = 128) { self.size = size }

    package mutating func hasRoom(at now: Instant) -> Bool {
        if holders.count >= size { holders.removeAll { now - $0.since >= Self.patience } }
        return holders.count < size
    }

    package mutating func sent(_ token: UInt, at now: Instant) { holders.append((token, now)) }

    package mutating func ended(_ token: UInt) { holders.removeAll { $0.token == token } }
}
