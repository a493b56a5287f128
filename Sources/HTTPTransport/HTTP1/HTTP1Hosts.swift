import EventLoop

/// The hosts that requests go to: their pools by name, and where they are.
struct HTTP1Hosts {
    let resolver: NameResolver
    private var pools: [HTTP1Pool.Key: HTTP1Pool] = [:]
    /// Those that endpoints use now.
    private var contexts: [WeakContext] = []
    private let authorities = SystemAuthorities()
    private var questions: [Int: HTTP1Pool] = [:]
    private var lastQuestion = 0

    private struct WeakContext { weak var context: TLSContext? }

    init(loop: EventLoop) { resolver = NameResolver(loop: loop) }

    /// The pool that a target of these parts belongs to. Whoever uses it adds to its `users`.
    mutating func pool(_ parts: Target.Parts, _ tls: EndpointConfiguration.TLS) -> HTTP1Pool {
        let context = parts.isEncrypted ? context(tls) : nil
        let key = HTTP1Pool.Key(host: parts.host, port: parts.port, zone: parts.zone, tls: context.map(ObjectIdentifier.init))
        if let known = pools[key] { return known }
        let pool = HTTP1Pool(key, tls: context)
        pools[key] = pool
        return pool
    }

    mutating func releaseIfUnused(_ pool: HTTP1Pool) {
        if pool.users == 0 && pool.connections == 0 && !pool.isResolving { pools[pool.key] = nil }
    }

    private mutating func context(_ tls: EndpointConfiguration.TLS) -> TLSContext {
        contexts.removeAll { $0.context == nil }
        if let known = contexts.lazy.compactMap(\.context).first(where: { $0.tls == tls }) { return known }
        let made = TLSContext(tls, system: authorities)
        contexts.append(WeakContext(context: made))
        return made
    }

    /// Asks where a host is, unless that is asked already.
    mutating func resolve(_ pool: HTTP1Pool) {
        guard !pool.isResolving else { return }
        pool.isResolving = true
        lastQuestion += 1
        questions[lastQuestion] = pool
        resolver.look(up: pool.host, port: pool.key.port, question: lastQuestion)
    }

    /// Whose addresses these are.
    mutating func take(_ answer: NameResolver.Answer, _ now: Int64) -> HTTP1Pool? {
        guard let pool = questions.removeValue(forKey: answer.question) else { return nil }
        pool.resolved(answer.addresses, now)
        return pool
    }
}
