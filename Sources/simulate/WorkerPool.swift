import Glibc

/// Many seeds on all processors.
struct WorkerPool {
    private let world: World
    private var workers: [WorkerProcess]

    init(_ world: World, jobs: Int, limit: Int) {
        self.world = world
        workers = (0..<jobs).map { _ in WorkerProcess(limit: limit) }
    }

    /// Runs the seeds, each where there is room, until all have ended or `take` says that it is enough.
    func run(_ seeds: some Sequence<UInt64>, take: (Outcome) -> Bool) throws {
        var seeds = seeds.makeIterator()
        for worker in workers { if let seed = seeds.next() { try worker.send(Job(world: world, seed: seed)) } }
        while true {
            let busy = workers.filter(\.isBusy)
            if busy.isEmpty { return }
            for worker in try Self.ready(busy) {
                guard let outcome = try worker.receive() else { continue }
                guard take(outcome) else { return }
                if let seed = seeds.next() { try worker.send(Job(world: world, seed: seed)) }
            }
        }
    }

    /// Those that have something to say.
    private static func ready(_ workers: [WorkerProcess]) throws -> [WorkerProcess] {
        var polls = workers.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        while poll(&polls, nfds_t(polls.count), -1) < 0 {
            guard errno == EINTR else { throw SystemFailure("poll") }
        }
        return zip(workers, polls).filter { $1.revents != 0 }.map(\.0)
    }
}
