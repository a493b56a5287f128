internal import CLinux
internal import CRDKafka
internal import Glibc

/// Fetches single records from where they stand. Waits for the cluster: for commands and helper threads, never on a thread
/// that delivers.
public final class RecordFetcher {
    private let signal: Int32
    private var reader: SeekingReader?
    private let buffer = UnsafeMutablePointer<KafkaRecord>.allocate(capacity: 1)

    public init(_ configuration: KafkaConfiguration) throws(KafkaError) {
        var configuration = configuration
        // Nobody looks at them, and between two records nobody takes them out of the client's queue.
        configuration.properties.append((name: "statistics.interval.ms", value: "0"))
        signal = eventfd(0, Int32(EFD_NONBLOCK) | Int32(EFD_CLOEXEC))
        guard signal >= 0 else { throw KafkaError(RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, "eventfd: \(String(cString: strerror(errno)))") }
        do throws(KafkaError) {
            reader = try SeekingReader(configuration, signal: signal)
        } catch {
            close(signal)
            throw error
        }
    }

    deinit {
        reader = nil
        close(signal)
        buffer.deallocate()
    }

    /// The record at that offset, copied, the caller's to destroy; nil where Kafka does not have it (any more).
    ///
    /// - Throws: `_TIMED_OUT` where the cluster did not say so in time.
    public func record(
        of partition: TopicPartition, at offset: Int64, timeoutMilliseconds: Int = 10_000
    ) throws(KafkaError) -> KafkaRecord? {
        guard let found = try firstRecord(of: partition, from: offset, timeoutMilliseconds: timeoutMilliseconds) else { return nil }
        guard found.offset == offset else {
            found.destroy()
            return nil
        }
        return found
    }

    /// The first record at or after that offset, as `record(of:at:)`; nil where the log begins later, or has none.
    public func firstRecord(
        of partition: TopicPartition, from offset: Int64, timeoutMilliseconds: Int = 10_000
    ) throws(KafkaError) -> KafkaRecord? {
        let queue = try reader!.open(partition, at: offset)
        defer { queue.close() }
        let clock = ContinuousClock()
        let end = clock.now + .milliseconds(timeoutMilliseconds)
        while clock.now < end {
            do throws(KafkaError) {
                if try queue.read(into: buffer, max: 1) > 0 { return buffer[0].detached() }
            } catch {
                guard error.isOffsetOutOfRange || error.code == .UNKNOWN_TOPIC_OR_PART else { throw error }
                return nil
            }
            if queue.endOffset != nil { return nil }
            wait()
        }
        throw KafkaError(code: ._TIMED_OUT, message: "\(partition): the record at offset \(offset) does not come")
    }

    private func wait() {
        var descriptor = pollfd(fd: signal, events: Int16(POLLIN), revents: 0)
        poll(&descriptor, 1, 50)
        var count: UInt64 = 0
        _ = read(signal, &count, 8)
        reader!.poll { _ in }
    }
}
