import BridgeRuntime
import Control
import EventLoop
import EventModel
import TerminalViews

/// Which of the running replicas have taken a change.
struct Reception {
    var taken: [String] = []
    /// Announced, and without an answer: dead, most likely.
    var silent: [String] = []
    private var isAwaited = true

    /// Waits until every replica has, with a bound.
    ///
    /// - Parameters:
    ///   - position: of a replica that knows of the change.
    ///   - replicas: those that had announced themselves when the change was written.
    init(of position: Int64, by replicas: some Collection<String>, within patience: TimeSpan, _ desk: ControlDesk) throws {
        let replicas = replicas.sorted()
        guard !replicas.isEmpty else { return }
        guard patience > .zero else {
            isAwaited = false
            return
        }
        var progress = Progress("Waiting for \(Numbers.counted(replicas.count, "replica"))", total: replicas.count)
        var missing = replicas
        try desk.follow(until: EventLoop.now() + patience.nanoseconds) { reader in
            // One that leaves in good order takes its announcement back.
            missing = replicas.filter { name in reader.state.replicas[name].map { $0.position < position } ?? false }
            progress.update(replicas.count - missing.count)
            return missing.isEmpty
        }
        progress.clear()
        silent = missing
        taken = replicas.filter { !missing.contains($0) && desk.state.replicas[$0] != nil }
        // Nobody need wait for it again; one that is alive after all announces itself anew.
        if !silent.isEmpty { _ = try desk.write(silent.map { .forgotten(.replica($0)) }) }
    }

    var sentence: String {
        if !isAwaited { return "the running replicas take it as soon as they read it" }
        if taken.isEmpty { return "no bridge runs; it holds when one starts" }
        return Self.taken(by: taken.count)
    }

    static func taken(by replicas: Int) -> String { "\(replicas) replica\(replicas == 1 ? " has" : "s have") taken it" }

    func warn() { Self.warn(of: silent) }

    static func warn(of silent: [String]) {
        for name in silent {
            printError("warning: replica \(name) has not answered, and is taken for dead; if it lives, it takes the change as soon as it can read the control topic")
        }
    }

    var json: [(name: String, value: String)] {
        [("replicas", "\(taken.count)"), ("silent", JSONText.array(silent.map(JSONText.quoted)))]
    }
}
