import Control
import DeliveryCore
import EventFormats
import EventLoop
import EventModel
import KafkaClient
import Synchronization

/// What other threads have to say to a shard, and what it shows of itself. The only things that cross threads.
final class ShardMailbox: Sendable {
    enum Message: Sendable {
        case manifests([TopicManifest])
        case control(ControlNews)
        case cursorsFetched(CursorGroup, [PartitionHandle], CursorFetches.Answer)
        case startFound(CursorGroup, PartitionHandle, offset: Int64)
        case boundsFound(PartitionHandle, start: Int64, end: Int64, chunk: Bool)
        /// Of a partition that was lost before: whether its log was made anew since the mark was read in it.
        case logChecked(TopicPartition, LogMark, isRenewed: Bool, start: Int64, end: Int64)
        /// What a retry record refers to, the shard's to destroy; nil where its source does not have it any more.
        case valueFound(References.Fetch, of: RecordToken, value: UInt?)
        case schemaFound(ConfluentFrame.SchemaID, SchemaLookups.Answer)
        /// A cursor that seemed to lie behind the end of its log, and where that log begins and ends.
        case cursorChecked(CursorGroup, PartitionHandle, StoredCursor, start: Int64, end: Int64)
        /// Where logs end, for the lag of those who do not read.
        case endsKnown([TopicPartitionName: Int64], asked: Moment)
        /// Of topics that have more partitions than was known.
        case partitionCounts([String: Int])
        case stop
    }

    struct Status: Sendable {
        var snapshot = CoreSnapshot()
        /// When the loop last turned.
        var turned = Instant(nanoseconds: 0)
        /// The group has answered at least once.
        var hasJoined = false
        var isFinished = false
        /// Why it cannot go on.
        var failure: String? = nil
    }

    private struct Inbox {
        var messages: [Message] = []
        var signal: Signal? = nil
    }

    private let inbox = Mutex(Inbox())
    private let shown = Mutex(Status())

    func send(_ message: Message) {
        let signal = inbox.withLock { inbox in
            inbox.messages.append(message)
            return inbox.signal
        }
        signal?.wake()
    }

    /// From now on `send` wakes this loop.
    func connect(_ signal: Signal) { inbox.withLock { $0.signal = signal } }

    func takeAll() -> [Message] {
        inbox.withLock { inbox in
            // Not keeping its capacity: the memory goes with the messages, and there are seldom any.
            defer { inbox.messages = [] }
            return inbox.messages
        }
    }

    func show(_ change: (inout Status) -> Void) { shown.withLock { change(&$0) } }
    var status: Status { shown.withLock { $0 } }
}
