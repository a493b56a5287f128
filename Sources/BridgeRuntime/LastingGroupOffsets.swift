import KafkaClient

/// A client that asks for offsets of groups, handed on from one thread to the next and used by one at a time.
///
/// For good: librdkafka 2.0 may crash when a client is destroyed whose request for a group failed while it looked for the group's
/// coordinator. What comes next is the end of the process, as for the group's members.
struct LastingGroupOffsets: @unchecked Sendable {
    let offsets: GroupOffsets

    /// - Parameter group: the one that owns partitions.
    init(_ configuration: KafkaConfiguration, group: String, timeoutMilliseconds: Int) throws(KafkaError) {
        offsets = try GroupOffsets(configuration, group: group, signal: nil, timeoutMilliseconds: timeoutMilliseconds)
        _ = Unmanaged.passRetained(offsets)
    }
}
