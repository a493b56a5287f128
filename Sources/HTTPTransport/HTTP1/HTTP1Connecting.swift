import CLinux
import Egress
import EventLoop
import Glibc

// From a request to a connection that it can use.
extension HTTP1Transport {
    /// As long as libcurl uses connections again.
    private static let longestIdle: Int64 = 118_000_000_000
    /// For one address while there are others: one more than the kernel waits before it tries again.
    private static let longestAttempt: Int64 = 1_100_000_000

    func begin(_ request: HTTP1Request.Pointer) {
        let pool = request.pointee.target!.takeUnretainedValue().pool
        if let connection = takeIdle(pool, request.pointee.startedAt) {
            request.pointee.isOnReusedConnection = true
            return exchange(request, on: connection)
        }
        connect(request)
    }

    /// Begins a request on a connection of its own.
    func connect(_ request: HTTP1Request.Pointer) {
        let pool = request.pointee.target!.takeUnretainedValue().pool
        let now = EventLoop.now()
        let limits = request.pointee.endpoint!.takeUnretainedValue().configuration
        request.pointee.isOnReusedConnection = false
        request.pointee.beginConnecting(now, within: limits.connectTimeoutMilliseconds)
        request.pointee.state = .connecting
        connecting.append(request.pointee.queueLink)
        events.wake(by: request.pointee.connectDeadline)
        if pool.hasAddresses(now) {
            request.pointee.firstAddress = pool.preferredAddress
            tryNextAddress(request)
        } else {
            request.pointee.state = .resolving
            hosts.resolve(pool)
        }
    }

    func resolved(_ answer: NameResolver.Answer) {
        guard let pool = hosts.take(answer, EventLoop.now()) else { return }
        var asked: [HTTP1Request.Pointer] = []
        var link = connecting.first
        while let current = link {
            link = current.pointee.next
            let request = current.request
            if request.pointee.state == .resolving, request.pointee.target!.takeUnretainedValue().pool === pool { asked.append(request) }
        }
        // Each of them may end others.
        for request in asked where request.pointee.state == .resolving {
            request.pointee.state = .connecting
            request.pointee.firstAddress = pool.preferredAddress
            tryNextAddress(request)
        }
        hosts.releaseIfUnused(pool)
    }

    // MARK: Addresses

    func tryNextAddress(_ request: HTTP1Request.Pointer) {
        let target = request.pointee.target!.takeUnretainedValue()
        let pool = target.pool
        while let address = pool.address(request.pointee.nextAddress, from: request.pointee.firstAddress) {
            guard makeRoom() else {
                connecting.remove(request.pointee.queueLink)
                request.pointee.state = .waiting
                return waiting.append(request.pointee.queueLink)
            }
            request.pointee.nextAddress += 1
            if open(request, address, pool, hostIsAllowed: target.judged.hostIsAllowed) {
                limitAttempt(request, hasOthers: pool.address(request.pointee.nextAddress, from: request.pointee.firstAddress) != nil)
                return
            }
        }
        failConnecting(request)
    }

    /// The one place where egress rules meet the address that is really connected to.
    private func open(_ request: HTTP1Request.Pointer, _ address: SocketAddress, _ pool: HTTP1Pool, hostIsAllowed: Bool) -> Bool {
        address.withSockaddr { socketAddress, length in
            if case .denied(let reason) = rules.verdict(socketAddress, length: length, hostIsAllowed: hostIsAllowed) {
                request.pointee.denied = (address.ip, reason)
                return false
            }
            let kind = FANFARE_SOCK_STREAM | FANFARE_SOCK_CLOEXEC | FANFARE_SOCK_NONBLOCK
            let descriptor = rules.budget.socket(address.family, kind, 0)
            guard descriptor >= 0 else {
                // A kernel without IPv6 has nothing against IPv4.
                if errno == EAFNOSUPPORT { request.pointee.connectError = errno } else { request.pointee.socketError = errno }
                return false
            }
            connectionsOpened += 1
            request.pointee.attempts += 1
            HTTP1Connection.prepare(descriptor)
            guard Glibc.connect(descriptor, socketAddress, length) == 0 || errno == EINPROGRESS else {
                request.pointee.connectError = errno
                Glibc.close(descriptor)
                return false
            }
            let connection = HTTP1Connection.make(descriptor, pool, request)
            request.pointee.connection = connection
            connectionCount += 1
            pool.connections += 1
            events.add(connection)
            return true
        }
    }

    /// Where there are other addresses, one that does not answer may not have all of the time.
    private func limitAttempt(_ request: HTTP1Request.Pointer, hasOthers: Bool) {
        let now = EventLoop.now()
        let left = request.pointee.connectDeadline - now
        request.pointee.attemptDeadline = hasOthers ? now + min(Self.longestAttempt, left / 2) : request.pointee.connectDeadline
        events.wake(by: request.pointee.attemptDeadline)
    }

    private func failConnecting(_ request: HTTP1Request.Pointer) {
        let who = request.pointee.target!.takeUnretainedValue().judged.authority
        if request.pointee.socketError != 0 {
            // Ours, not the endpoint's: nothing may be given up for it, also where another of its addresses is denied.
            fail(request, .network, FailureText.noSocket(request.pointee.socketError, who), isRefused: true)
        } else if request.pointee.attempts == 0, let denied = request.pointee.denied {
            fail(request, .egressDenied, FailureText.denied(denied.address, denied.reason, who))
        } else if request.pointee.connectError != 0 {
            let code = request.pointee.connectError
            fail(request, .network, FailureText.cannotConnect(who, FailureText.system(code)), isRefused: code == ECONNREFUSED)
        } else {
            fail(request, .network, FailureText.unresolved(who))
        }
    }

    /// The connection's socket has something to say.
    func connectingReady(_ connection: HTTP1Connection.Pointer, _ events: Readiness) {
        guard let request = connection.pointee.request, !events.isDisjoint(with: HTTP1Connection.ending.union(.writable)) else { return }
        let code = connection.pointee.connectError
        guard code == 0 else {
            request.pointee.connectError = code
            close(connection)
            return tryNextAddress(request)
        }
        let target = request.pointee.target!.takeUnretainedValue()
        target.pool.prefer(request.pointee.nextAddress - 1, from: request.pointee.firstAddress)
        request.pointee.attemptDeadline = request.pointee.connectDeadline
        guard let context = target.pool.tls else { return connected(request, connection) }
        do throws(TLSProblem) {
            connection.pointee.tls = try context.connection(
                connection.pointee.descriptor, name: target.judged.hostName, host: target.pool.host, sessions: target.pool.sessions, EventLoop.now())
        } catch {
            return fail(request, .tls, FailureText.tls(target.judged, error.reason))
        }
        connection.pointee.phase = .shakingHands
        shakeHands(connection)
    }

    func shakeHands(_ connection: HTTP1Connection.Pointer) {
        guard let request = connection.pointee.request, let ssl = connection.pointee.tls else { return }
        let target = request.pointee.target!.takeUnretainedValue()
        switch TLSConnection.shake(ssl, pins: target.pool.tls?.tls.publicKeyPins ?? [], host: target.pool.host) {
        case .needsMore: break
        case .done: connected(request, connection)
        case .failed(let problem):
            // Perhaps it is the old session that is not understood.
            target.pool.sessions.keep(nil)
            if giveBack(request) { return }
            fail(request, .tls, FailureText.tls(target.judged, problem.reason))
        }
    }

    private func connected(_ request: HTTP1Request.Pointer, _ connection: HTTP1Connection.Pointer) {
        connecting.remove(request.pointee.queueLink)
        exchange(request, on: connection)
    }

    // MARK: Room

    /// Whether there may be another connection, perhaps in place of an idle one.
    var hasRoom: Bool { connectionCount < maximumConnections || !idle.isEmpty }

    /// Lets the connection that was idle for longest make way, if that is needed.
    private func makeRoom() -> Bool {
        if connectionCount >= maximumConnections, let oldest = idle.first { close(oldest.connection) }
        return connectionCount < maximumConnections
    }

    private func takeIdle(_ pool: HTTP1Pool, _ now: Int64) -> HTTP1Connection.Pointer? {
        while let connection = pool.idle.last?.connection {
            guard now - connection.pointee.idleSince <= Self.longestIdle else {
                close(connection)
                continue
            }
            pool.idle.remove(connection.pointee.poolLink)
            idle.remove(connection.pointee.idleLink)
            return connection
        }
        return nil
    }

    /// Keeps a connection for the next request.
    func keep(_ connection: HTTP1Connection.Pointer, _ now: Int64) {
        connection.pointee.phase = .idle
        connection.pointee.request = nil
        connection.pointee.idleSince = now
        if idle.isEmpty { events.wake(by: now + Self.longestIdle) }
        connection.pointee.pool.takeUnretainedValue().idle.append(connection.pointee.poolLink)
        idle.append(connection.pointee.idleLink)
        if connectionCount > keptConnections, let oldest = idle.first { close(oldest.connection) }
        if !waiting.isEmpty { events.takeATurn() }
    }

    func close(_ connection: HTTP1Connection.Pointer) {
        let pool = connection.pointee.pool.takeUnretainedValue()
        if connection.pointee.phase == .idle {
            pool.idle.remove(connection.pointee.poolLink)
            idle.remove(connection.pointee.idleLink)
        }
        connection.pointee.request?.pointee.connection = nil
        events.remove(connection)
        HTTP1Connection.destroy(connection)
        connectionCount -= 1
        pool.connections -= 1
        hosts.releaseIfUnused(pool)
        if !waiting.isEmpty { events.takeATurn() }
    }

    // MARK: Time

    /// Ends what has waited too long.
    func expire(_ now: Int64) {
        while let request = timeouts.firstDue(now) { failByTime(request, isWhole: true) }
        var overdue: [HTTP1Request.Pointer] = []
        var link = connecting.first
        while let current = link {
            if current.request.pointee.attemptDeadline <= now { overdue.append(current.request) }
            link = current.pointee.next
        }
        for request in overdue where request.pointee.isConnecting && request.pointee.attemptDeadline <= now {
            if request.pointee.connectDeadline <= now {
                failByTime(request, isWhole: false)
            } else {
                request.pointee.connectError = ETIMEDOUT
                if let connection = request.pointee.connection { close(connection) }
                tryNextAddress(request)
            }
        }
        while let oldest = idle.first?.connection, now - oldest.pointee.idleSince > Self.longestIdle { close(oldest) }
        wakeAgain()
    }

    /// - Parameter isWhole: all of its time is over, and not only that for connecting.
    private func failByTime(_ request: HTTP1Request.Pointer, isWhole: Bool) {
        let connected = request.pointee.state == .exchanging
        let limits = request.pointee.endpoint!.takeUnretainedValue().configuration
        let who = request.pointee.target!.takeUnretainedValue().judged.authority
        fail(request, .timeout, FailureText.timeout(who, limits, connected: connected, isWhole: isWhole))
    }

    private func wakeAgain() {
        var earliest = timeouts.earliest ?? .max
        var link = connecting.first
        while let current = link {
            earliest = min(earliest, current.request.pointee.attemptDeadline)
            link = current.pointee.next
        }
        if let oldest = idle.first?.connection { earliest = min(earliest, oldest.pointee.idleSince + Self.longestIdle + 1) }
        if earliest != .max { events.wake(by: earliest) }
    }
}
