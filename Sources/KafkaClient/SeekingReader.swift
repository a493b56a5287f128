/// Reads any partition from any offset, in no group: one position per partition, many partitions, one client.
public final class SeekingReader {
    private let client: Client
    private let limits: FetchLimits
    private let signal: Int32

    /// - Parameter signal: An eventfd of the caller's, written (8 bytes, 1) when a partition or the client has something new.
    ///   It must stay open as long as this reader and its queues.
    public init(_ configuration: KafkaConfiguration, signal: Int32) throws(KafkaError) {
        client = try Client(.fetcher, configuration, signal: signal)
        limits = FetchLimits(of: client.handle)
        self.signal = signal
    }

    /// Starts to fetch; at most one queue may be open for a partition.
    ///
    /// - Parameter offset: Of the first record wanted, or a `LogicalOffset`. An offset that the broker does not have is
    ///   reported by the queue's first `read`.
    public func open(_ partition: TopicPartition, at offset: Int64) throws(KafkaError) -> PartitionQueue {
        try PartitionQueue(client, partition, at: offset, limits: limits, signal: signal)
    }

    /// Handles what the client has to say about brokers and itself. Does not wait.
    public func poll(_ handle: (ClientNotice) -> Void) {
        client.events.poll { event in
            if let notice = client.notice(event) { handle(notice) }
        }
    }
}
