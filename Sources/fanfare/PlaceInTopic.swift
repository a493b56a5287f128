import ArgumentParser

/// Where a record stands in a topic that is known: `0-17`.
struct PlaceInTopic: Hashable, CustomStringConvertible {
    var partition: Int32
    var offset: Int64

    var description: String { "\(partition)-\(offset)" }
}

extension PlaceInTopic: ExpressibleByArgument {
    init?(argument: String) {
        let parts = argument.split(separator: "-", omittingEmptySubsequences: false)
        // There is an offset behind the last one, too: where a range with it ends.
        guard parts.count == 2, let partition = Int32(parts[0]), let offset = Int64(parts[1]), partition >= 0, (0..<Int64.max).contains(offset)
        else { return nil }
        self.init(partition: partition, offset: offset)
    }
}
