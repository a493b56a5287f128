/// Requests by their deadlines: one queue for each timeout that an endpoint has, in which the oldest request is the first to end.
struct Timeouts {
    private var queues: [(nanoseconds: Int64, requests: LinkedList)] = []

    /// The queue for a timeout; made where there is none.
    mutating func queue(milliseconds: Int) -> Int {
        let nanoseconds = Int64(milliseconds) * 1_000_000
        if let known = queues.firstIndex(where: { $0.nanoseconds == nanoseconds }) { return known }
        queues.append((nanoseconds, LinkedList()))
        return queues.count - 1
    }

    /// Sets a request's deadline.
    mutating func append(_ request: HTTP1Request.Pointer, to queue: Int) {
        request.pointee.deadline = request.pointee.startedAt + queues[queue].nanoseconds
        queues[queue].requests.append(request.pointee.timeoutLink)
    }

    mutating func remove(_ request: HTTP1Request.Pointer, from queue: Int) { queues[queue].requests.remove(request.pointee.timeoutLink) }

    /// One whose time is over.
    func firstDue(_ now: Int64) -> HTTP1Request.Pointer? {
        for queue in queues { if let first = queue.requests.first?.request, first.pointee.deadline <= now { return first } }
        return nil
    }

    /// Nil: there is none.
    var earliest: Int64? { queues.compactMap { $0.requests.first?.request.pointee.deadline }.min() }
}
