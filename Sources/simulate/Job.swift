import EventModel
import FoundationEssentials
import Simulator

/// What there is to simulate.
enum World: String, Codable {
    /// Every event has an outcome of its own.
    case events
    /// Subscriptions have windows.
    case windows
}

/// What a worker is asked to simulate.
struct Job: Codable {
    var world = World.events
    /// Of a random scenario, unless one is given.
    var seed: UInt64
    /// As in a scenario's file; for the world of events.
    var scenario: String? = nil
    /// Every line of the story is wanted, not the outcome alone.
    var tellsStory = false

    func makeScenario() throws -> Scenario {
        guard let scenario else { return .random(seed: seed) }
        return try Scenario(json: scenario)
    }

    /// What is simulated, in words.
    func describeScenario() throws -> String {
        switch world {
        case .events: "\(try makeScenario())"
        case .windows: "\(WindowScenario.random(seed: seed))"
        }
    }

    func run(_ listener: ((TraceLine) -> Void)?) throws -> Outcome {
        switch world {
        case .events: Outcome(self, Simulation(try makeScenario(), listener: listener).run())
        case .windows: Outcome(self, WindowSimulation(.random(seed: seed), listener: listener).run())
        }
    }
}

/// What a job came to: the result of its simulation, or how the process ended that ran it.
struct Outcome: Codable {
    struct Figures: Codable {
        var steps = 0
        var attempts = 0
        var accepted = 0
        var deadLettered = 0
        var repeated = 0
        var crashes = 0
        var windows: Windows? = nil
    }

    struct Windows: Codable {
        var made = 0
        var late = 0
        /// Of watermarks, at ends of logs.
        var advances = 0
    }

    var seed: UInt64
    var violations: [Violation]
    /// Nil when the process ended before it could tell.
    var digest: UInt64?
    var simulatedSeconds = 0.0
    var figures = Figures()

    init(_ job: Job, _ result: SimulationResult) {
        seed = job.seed
        violations = result.violations
        digest = result.digest
        simulatedSeconds = result.duration.seconds
        figures = Figures(
            steps: result.steps, attempts: result.attempts, accepted: result.accepted, deadLettered: result.deadLettered,
            repeated: result.repeated, crashes: result.crashes)
    }

    init(_ job: Job, _ result: WindowSimulationResult) {
        seed = job.seed
        violations = result.violations
        digest = result.digest
        simulatedSeconds = result.duration.seconds
        figures = Figures(
            steps: result.steps, attempts: result.attempts, accepted: result.accepted, deadLettered: result.deadLettered,
            repeated: result.repeated, crashes: result.crashes, windows: Windows(made: result.windows, late: result.late, advances: result.advances))
    }

    init(_ job: Job, _ violation: Violation) {
        seed = job.seed
        violations = [violation]
    }

    /// The clause that was broken first.
    var clause: Clause? { violations.first?.clause }
}

extension Encodable {
    /// In one line.
    func line() -> String { String(decoding: try! JSONEncoder().encode(self), as: UTF8.self) }
}

extension Decodable {
    init(line: some StringProtocol) throws { self = try JSONDecoder().decode(Self.self, from: FoundationEssentials.Data(line.utf8)) }
}
