import DeliveryCore
import EventModel
import HTTPTransport
import KafkaClient

/// Retry records whose values were too large for their topic and stand only at their source: what is read from there, for
/// the requests that need it.
struct References {
    /// What a request waits for.
    struct Fetch {
        var delivery: DeliveryID
        /// Tells an answer from one to an earlier delivery in the same place.
        var ticket: Int
    }

    /// Values of requests under way, by the record that refers to them.
    private var values: [UInt: KafkaRecord] = [:]
    /// Deliveries that have values or wait for some, by place: records that refer to values that are here.
    private var open: [Int: [UInt]] = [:]
    private var tickets: [Int: Int] = [:]
    private var nextTicket = 1
    /// Deliveries for which there was no room.
    private var waiting: [DeliveryID] = []
    /// Each holds values that the budget of records does not count.
    private static let room = 8

    var isEmpty: Bool { open.isEmpty && waiting.isEmpty }

    func value(of record: RecordToken) -> KafkaRecord? { values[record.bits] }

    /// Nil when the delivery has to wait for room; it is given by `end` then.
    mutating func begin(_ id: DeliveryID) -> Fetch? {
        if open[id.index] == nil, open.count >= Self.room {
            waiting.append(id)
            return nil
        }
        open[id.index, default: []] += []
        tickets[id.index] = nextTicket
        defer { nextTicket += 1 }
        return Fetch(delivery: id, ticket: nextTicket)
    }

    /// False when nobody waits for it any more.
    mutating func found(_ fetch: Fetch, of record: RecordToken, _ value: KafkaRecord?) -> Bool {
        guard tickets[fetch.delivery.index] == fetch.ticket else { return false }
        tickets[fetch.delivery.index] = nil
        if let value {
            values[record.bits] = value
            open[fetch.delivery.index]!.append(record.bits)
        }
        return true
    }

    /// The request has ended, or will not be made. Returns one that has room now: it asks for it, or is ended in its turn.
    mutating func end(_ index: Int) -> DeliveryID? {
        if let records = open.removeValue(forKey: index) {
            tickets[index] = nil
            for record in records { values.removeValue(forKey: record)?.destroy() }
        }
        return open.count < Self.room && !waiting.isEmpty ? waiting.removeFirst() : nil
    }

    /// Whether the delivery is not a request yet; then it will be none.
    mutating func cancel(_ id: DeliveryID) -> Bool {
        if let place = waiting.firstIndex(of: id) {
            waiting.remove(at: place)
            return true
        }
        return tickets[id.index] != nil
    }
}

extension Shard {
    /// False when a value has to be read first; the request is started again then.
    func hasReferredValues(_ delivery: Delivery) -> Bool {
        for i in 0..<delivery.count {
            let item = core.item(i, of: delivery)
            guard item.isRetryRecord else { continue }
            let headers = RetryHeaders(KafkaRecord(bits: item.token.bits))
            guard headers.isReference, references.value(of: item.token) == nil else { continue }
            guard let topic = headers.topic, let partition = headers.partition, let offset = headers.offset else { continue }
            fetchValue(of: item.token, TopicPartition(topic: topic, partition: partition), offset, for: delivery.id)
            return false
        }
        return true
    }

    private func fetchValue(of record: RecordToken, _ partition: TopicPartition, _ offset: Int64, for id: DeliveryID) {
        guard let fetch = references.begin(id) else { return }
        let mailbox = mailbox
        lookups.ask(.record(partition, offset: offset)) {
            mailbox.send(.valueFound(fetch, of: record, value: $0.record))
        }
    }

    func valueFound(_ fetch: References.Fetch, of record: RecordToken, _ value: UInt?) {
        let value = value.map { KafkaRecord(bits: $0) }
        guard references.found(fetch, of: record, value) else {
            value?.destroy()
            return
        }
        if value != nil { return startRequest(fetch.delivery) }
        endReferences(fetch.delivery.index)
        let outcome = AttemptOutcome(
            failure: .poison, message: "the value is too large for the retry topic, and its source does not have it any more")
        endAttempt(fetch.delivery, outcome, duration: .zero)
    }

    /// Lets go of what a request was made from.
    func endReferences(_ index: Int) {
        if let next = references.end(index) { startRequest(next) }
    }

    /// Cancels a request, also one that is not made yet.
    func cancelRequest(_ id: DeliveryID) {
        if cancelRepartition(id) { return }
        guard schemas?.cancel(id) ?? false || references.cancel(id) || cancelWaiting(id) else { return transport.cancel(id.index) }
        endReferences(id.index)
        endAttempt(id, AttemptOutcome(failure: .network, message: "cancelled"), duration: .zero)
    }
}
