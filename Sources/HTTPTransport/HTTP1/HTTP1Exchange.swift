import EventLoop
import Glibc

// A request and its answer, on a connection that stands.
extension HTTP1Transport {
    func exchange(_ request: HTTP1Request.Pointer, on connection: HTTP1Connection.Pointer) {
        request.pointee.state = .exchanging
        request.pointee.connection = connection
        request.pointee.beginExchange()
        connection.pointee.request = request
        connection.pointee.phase = .exchanging
        write(request, connection)
    }

    /// What became of a descriptor.
    func ready(_ connection: HTTP1Connection.Pointer, _ events: Readiness) {
        switch connection.pointee.phase {
        case .exchanging:
            guard let request = connection.pointee.request else { return }
            // TLS may have to read before it can write.
            let mayWrite = connection.pointee.tls != nil || !events.isDisjoint(with: HTTP1Connection.ending.union(.writable))
            if connection.pointee.isFull, mayWrite, !write(request, connection) { return }
            if !events.isDisjoint(with: HTTP1Connection.ending.union(.readable)) { read(request, connection, events) }
        case .idle:
            if !events.isDisjoint(with: HTTP1Connection.ending.union(.readable)) { look(at: connection) }
        case .connecting: connectingReady(connection, events)
        case .shakingHands: shakeHands(connection)
        }
    }

    /// An idle connection has nothing to say but its end, and what TLS says beside requests.
    private func look(at connection: HTTP1Connection.Pointer) {
        if case .wouldBlock = connection.pointee.receive(scratch) { return }
        close(connection)
    }

    // MARK: The request

    /// - Returns: whether the request is still on this connection.
    @discardableResult
    private func write(_ request: HTTP1Request.Pointer, _ connection: HTTP1Connection.Pointer) -> Bool {
        while request.pointee.written < request.pointee.byteCount {
            switch connection.pointee.send(request, scratch) {
            case .bytes(let count): request.pointee.written += count
            case .wouldBlock:
                connection.pointee.isFull = true
                return true
            case .ended:
                read(request, connection, .hangUp, broken: (ECONNRESET, nil))
                return false
            case .failed(let code, let words):
                // It may have been answered all the same, which is what counts.
                read(request, connection, .hangUp, broken: (code, words))
                return false
            }
        }
        connection.pointee.isFull = false
        return true
    }

    // MARK: The answer

    /// - Parameter broken: why no more can be written; then there is no more to wait for than what is there.
    private func read(
        _ request: HTTP1Request.Pointer, _ connection: HTTP1Connection.Pointer, _ events: Readiness, broken: (code: Int32, words: String?)? = nil
    ) {
        let isEnding = !events.isDisjoint(with: HTTP1Connection.ending)
        while true {
            switch connection.pointee.receive(scratch) {
            case .bytes(let count):
                switch request.pointee.answer.take(UnsafeRawBufferPointer(rebasing: scratch[..<count])) {
                case .complete:
                    // There may be more, of which epoll has told already: it must not be read as the next answer.
                    let isFull = connection.pointee.tls == nil && count == scratch.count
                    return answered(request, connection, isEnding: isEnding || isFull)
                case .failed(let problem): return fail(request, problem)
                // Less than there was room for: there is no more, and epoll will tell of what comes.
                case .needsMore: if count < scratch.count, !isEnding, connection.pointee.tls == nil { return }
                }
            case .wouldBlock:
                if let broken { lost(request, connection, broken.code, broken.words) }
                return
            case .ended(let isTruncated):
                if retry(request, connection) { return }
                switch request.pointee.answer.end(isTruncated: isTruncated) {
                case .complete: return answered(request, connection, isEnding: true)
                case .failed(let problem): return fail(request, problem)
                case .needsMore: preconditionFailure("An answer that has ended needs nothing more.")
                }
            case .failed(let code, let words): return lost(request, connection, code, words)
            }
        }
    }

    private func answered(_ request: HTTP1Request.Pointer, _ connection: HTTP1Connection.Pointer, isEnding: Bool) {
        // It wants another version, and has done nothing.
        if request.pointee.answer.status == 426 || request.pointee.answer.status == 505, giveBack(request) { return }
        let now = EventLoop.now()
        timeouts.remove(request, from: request.pointee.endpoint!.takeUnretainedValue().timeoutQueue)
        request.pointee.connection = nil
        connection.pointee.request = nil
        if request.pointee.answer.keepsConnection, request.pointee.written == request.pointee.byteCount, !isEnding, hasNothingMore(connection) {
            keep(connection, now)
        } else {
            close(connection)
        }
        var result = HTTPResult(
            status: request.pointee.answer.status, retryAfter: request.pointee.answer.head.retryAfter,
            directive: request.pointee.answer.head.directive, body: request.pointee.answer.body.bytes,
            httpVersion: request.pointee.answer.version, duration: now - request.pointee.startedAt,
            reusedConnection: request.pointee.isOnReusedConnection)
        result.headers = request.pointee.answer.head.kept
        deliver(request, result)
    }

    /// TLS reads ahead, perhaps more than the answer: a session to resume, or a good-bye.
    private func hasNothingMore(_ connection: HTTP1Connection.Pointer) -> Bool {
        guard let tls = connection.pointee.tls, TLSConnection.hasMore(tls) else { return true }
        if case .wouldBlock = connection.pointee.receive(scratch) { return true }
        return false
    }

    // MARK: Failures

    /// The connection broke.
    private func lost(_ request: HTTP1Request.Pointer, _ connection: HTTP1Connection.Pointer, _ code: Int32, _ words: String?) {
        if retry(request, connection) { return }
        let target = request.pointee.target!.takeUnretainedValue().judged
        if let words, TLSFailure.isAlert(words) {
            let problem = TLSProblem(TLSProblem.handshake, detail: words)
            return fail(request, .tls, FailureText.tls(target, problem.reason))
        }
        fail(request, .network, FailureText.exchange(target.authority, words ?? FailureText.system(code)))
    }

    /// Begins the request once more if it met a connection that closed under it: a server's closing of idle connections looks like
    /// that from here.
    private func retry(_ request: HTTP1Request.Pointer, _ connection: HTTP1Connection.Pointer) -> Bool {
        guard request.pointee.isOnReusedConnection, !request.pointee.isRetried, !request.pointee.answer.hasBegun else { return false }
        request.pointee.isRetried = true
        close(connection)
        connect(request)
        return true
    }

    private func fail(_ request: HTTP1Request.Pointer, _ problem: AnswerParser.Problem) {
        let who = request.pointee.target!.takeUnretainedValue().judged.authority
        let message: String
        switch problem {
        case .notHTTP: message = FailureText.notHTTP(who)
        case .headTooLarge: message = FailureText.headTooLarge(who)
        case .malformedChunks: message = FailureText.exchange(who, "malformed chunked-encoding")
        case .endedEarly: message = FailureText.endedEarly(who)
        case .nothing: message = FailureText.noAnswer(who)
        }
        fail(request, .network, message)
    }

    /// Ends a request that was not answered; its connection with it.
    func fail(_ request: HTTP1Request.Pointer, _ failure: HTTPResult.Failure, _ message: String, isRefused: Bool = false) {
        let isReused = request.pointee.isOnReusedConnection
        abandon(request)
        deliver(
            request,
            HTTPResult(
                failure: failure, connectionRefused: isRefused, message: message, duration: EventLoop.now() - request.pointee.startedAt,
                reusedConnection: isReused))
    }
}
