internal import CRDKafka
internal import Glibc
internal import Synchronization

/// Owner of one `rd_kafka_t` and of the queue that all its events go to.
///
/// Used by one thread, which polls `events`; nothing here waits for the network.
final class Client {
    let handle: OpaquePointer
    let events: EventQueue
    /// False for a member that was never assigned anything. librdkafka 2.0 calls its assignor's destructor without a state
    /// when it is destroyed between JoinGroup and SyncGroup, and crashes (confluentinc/librdkafka#4312).
    var mayBeDestroyed: Bool
    /// Those that were not, so that whoever looks for leaks sees that they are known.
    private static let left = Mutex<[UInt]>([])

    /// - Parameter signal: An eventfd that becomes readable when the queue needs polling; nil for those who wait instead.
    init(_ role: ClientRole, _ configuration: KafkaConfiguration, signal: Int32?) throws(KafkaError) {
        if case .member = role { mayBeDestroyed = false } else { mayBeDestroyed = true }
        handle = try role.makeHandle(for: configuration)
        events = EventQueue(rd_kafka_queue_new(handle), signal: signal)
        forward(rd_kafka_queue_get_main(handle))
        if case .member = role {
            forward(rd_kafka_queue_get_consumer(handle))
        }
        rd_kafka_set_log_queue(handle, events.pointer)
    }

    /// > Forward/re-route queue src to dst. [...] The forwarding stays when the application's reference goes.
    private func forward(_ source: OpaquePointer) {
        rd_kafka_queue_forward(source, events.pointer)
        rd_kafka_queue_destroy(source)
    }

    /// Gives the handle to a thread of its own: destroying waits until librdkafka's threads have ended.
    ///
    /// The queues are silent before, because the caller may close the eventfd and the system give its number away again.
    /// A member that was not closed is destroyed without leaving its group, as if the process had died.
    deinit {
        events.close()
        // Left to the end of the process, which is what comes next: members end with the bridge.
        guard mayBeDestroyed else { return Self.left.withLock { $0.append(UInt(bitPattern: handle)) } }
        var thread = pthread_t()
        let destroy: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { handle in
            let handle = OpaquePointer(handle!)
            ClientTokens.release(of: handle) { rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE) }
            return nil
        }
        if pthread_create(&thread, nil, destroy, UnsafeMutableRawPointer(handle)) == 0 {
            pthread_detach(thread)
        } else {
            _ = destroy(UnsafeMutableRawPointer(handle))
        }
    }

    /// What an event tells besides the results of this client; nil for others.
    func notice(_ event: OpaquePointer) -> ClientNotice? {
        let notice = ClientNotice(event: event, of: handle)
        if case .failed(let error) = notice { ClientTokens.noteRefusal(of: handle, error) }
        return notice
    }

    /// The error that made this client unusable, if one did.
    var fatalError: KafkaError? { Self.fatalError(of: handle) }

    static func fatalError(of handle: OpaquePointer) -> KafkaError? {
        var text = [CChar](repeating: 0, count: 512)
        let code = rd_kafka_fatal_error(handle, &text, text.count)
        guard var error = KafkaError.unlessNone(code, sentence(text)) else { return nil }
        error.isFatal = true
        return error
    }
}

/// Owner of a reference to an `rd_kafka_queue_t`.
final class EventQueue {
    let pointer: OpaquePointer
    private var isOpen = true

    /// Takes the reference over.
    ///
    /// > rd_kafka_queue_io_event_enable: the payload is written when the queue transitions from empty to non-empty
    ///
    /// So whoever is signalled must read until the queue is empty, or know that it did not.
    init(_ pointer: OpaquePointer, signal: Int32?) {
        self.pointer = pointer
        if let signal {
            withUnsafeBytes(of: UInt64(1)) { one in
                rd_kafka_queue_io_event_enable(pointer, signal, one.baseAddress, one.count)
            }
        }
    }

    /// No signal after this returns.
    func close() {
        guard isOpen else { return }
        isOpen = false
        rd_kafka_queue_io_event_enable(pointer, -1, nil, 0)
        rd_kafka_queue_destroy(pointer)
    }

    deinit { close() }

    var count: Int { rd_kafka_queue_length(pointer) }

    /// Handles what is queued, and waits up to the timeout for the first event.
    @discardableResult
    func poll(milliseconds: Int32 = 0, _ handle: (_ event: OpaquePointer) -> Void) -> Bool {
        guard let first = rd_kafka_queue_poll(pointer, milliseconds) else { return false }
        handle(first)
        rd_kafka_event_destroy(first)
        while count > 0, let event = rd_kafka_queue_poll(pointer, 0) {
            handle(event)
            rd_kafka_event_destroy(event)
        }
        return true
    }
}
