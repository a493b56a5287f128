import ArgumentParser

/// The other world: subscriptions that have windows.
struct Windows: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "The same for subscriptions with windows, in a world of their own.", subcommands: [Run.self, Replay.self], defaultSubcommand: Run.self)

    struct Run: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Run many seeds, on all processors.")

        @OptionGroup var seeds: SeedRun

        func run() throws { try seeds.run(in: .windows) }
    }

    struct Replay: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Run one seed again, and show what happens.")

        @Argument var seed: UInt64
        @OptionGroup var replaying: Replaying

        func run() throws { try replaying.run(Job(world: .windows, seed: seed)) }
    }
}
