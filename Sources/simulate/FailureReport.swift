import Simulator

/// Everything about one run that failed, for whoever looks into it.
struct FailureReport {
    static let linesShown = 40

    let job: Job
    private let scenario: String
    let outcome: Outcome
    private let story: [Substring]
    private let storyLines: Int
    /// The scenario's file, if it was not a seed alone.
    var file: String? = nil

    /// Runs the job once more, now listening.
    init(_ job: Job, limit: Int) throws {
        self.job = job
        scenario = try job.describeScenario()
        var job = job
        job.tellsStory = true
        var tail = Tail<Substring>(limit: Self.linesShown)
        outcome = try WorkerProcess(limit: limit, explainsTraps: true).run(job) { tail.append($0) }
        story = tail.elements
        storyLines = tail.count
    }

    var text: String {
        var lines = ["seed \(outcome.seed) " + (outcome.violations.isEmpty ? "keeps the contract" : "breaks the contract")]
        lines += outcome.violations.flatMap { "\($0)".split(separator: "\n") }.map { "  " + $0 }
        lines += [""] + scenario.split(separator: "\n").map { "  " + $0 }
        if !story.isEmpty {
            lines += ["", "  The last \(story.count) of \(storyLines) lines of its trace:"] + story.map { "  " + $0 }
        }
        switch job.world {
        case .events:
            lines += ["", "  Again, with the whole trace:  \(Self.command("replay", outcome.seed, file)) --trace"]
            lines += ["  Make it smaller:              \(Self.command("minimize", outcome.seed, file))", ""]
        case .windows: lines += ["", "  Again, with the whole trace:  \(Self.command("windows replay", outcome.seed, nil)) --trace", ""]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    static func command(_ name: String, _ seed: UInt64, _ file: String?) -> String {
        [CommandLine.arguments[0], name, file.map { "--scenario \($0)" } ?? "\(seed)"].joined(separator: " ")
    }
}

/// The last of many elements.
struct Tail<Element> {
    private let limit: Int
    private var kept: [Element] = []
    private(set) var count = 0

    init(limit: Int) { self.limit = limit }

    mutating func append(_ element: Element) {
        count += 1
        kept.append(element)
        // Now and then, rather than each time.
        if kept.count >= 2 * limit { kept.removeFirst(kept.count - limit) }
    }

    var elements: [Element] { kept.suffix(limit) }
}
