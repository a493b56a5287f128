import ArgumentParser

@main
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fanfare-simulate",
        abstract: "Runs Fanfare's engine in a simulated world that a seed decides, and checks its contract.",
        discussion: "docs/TESTING.md says what is simulated, and which clauses of the contract are checked.",
        subcommands: [Run.self, Replay.self, Minimize.self, Show.self, Windows.self, Work.self])
}
