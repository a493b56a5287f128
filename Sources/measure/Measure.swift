import ArgumentParser

@main
struct Measure: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fanfare-measure",
        abstract: "Runs single stages of an event's way, for those who time or count them.",
        subcommands: [MeasureFilters.self, RunStage.self])
}
