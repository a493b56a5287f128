import ArgumentParser
import Control
import EventModel
import TerminalViews

struct Subscriptions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Subscriptions: their state and lag; who paused them, when and why.",
        discussion: "`fanfare subscriptions NAME` shows one of them, partition by partition.",
        subcommands: [
            List.self, PauseCommand.self, ResumeCommand.self, SeekCommand.self, ForgetCommand.self, TestCommand.self, PutCommand.self, DeleteCommand.self,
        ],
        defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Lists all, or shows one.",
            discussion: """
                Reads manifests, the control topic and committed cursors: what it shows is the whole bridge's, running or not. The
                lag counts records from the lowest one that is not settled; circuits are in the metrics of each replica. With --url
                it shows what one replica knows, circuits too.
                """)

        @Argument(help: "Only this one, with its partitions.")
        var name: String?

        @OptionGroup var ops: OpsOptions
        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            if let client = try ops.client() { return try RemoteSubscriptions(client: client).list(name, output.output) }
            let desk = try ControlDesk(options)
            var shown: [SubscriptionStatus]
            if let name {
                shown = [SubscriptionStatus(name, try desk.policy(named: name), desk.state)]
            } else {
                let listed = desk.policies.map { SubscriptionStatus($0.name, $0, desk.state) }
                let others = desk.state.subscriptions.subtracting(listed.map(\.name)).filter(desk.state.isPaused).sorted()
                shown = listed + others.map { SubscriptionStatus($0, nil, desk.state) }
            }
            try CursorLookup(desk).fill(&shown)
            switch output.output {
            case .json: print(name == nil ? "[" + shown.map(\.json).joined(separator: ",\n") + "]" : shown[0].json)
            case .text where name == nil: printTable(shown)
            case .text: printOne(shown[0])
            }
            // It may well be that an endpoint is down.
            if output.output == .text, shown.contains(where: { $0.state == .running && $0.lag ?? 0 > 0 }) {
                printError("running is what was asked for; whether circuits are open is known to the replicas alone: --url asks one")
            }
        }

        private func printTable(_ subscriptions: [SubscriptionStatus]) {
            if subscriptions.isEmpty { return print("no subscriptions") }
            var table = Table([
                .init("SUBSCRIPTION"), .init("TOPIC", shrinks: true), .init("STATE"), .init("LAG", .right), .init("SINCE"),
                .init("BY", shrinks: true), .init("REASON", shrinks: true),
            ])
            for subscription in subscriptions {
                let change = subscription.change
                table.add([
                    subscription.name, subscription.policy?.topic ?? "-", subscription.state.rawValue,
                    subscription.lag.map { "\($0)" } ?? "-", change?.at.rfc3339 ?? "-", change?.by ?? "-", change?.reason ?? "",
                ])
            }
            print(Terminal.render(table), terminator: "")
        }

        private func printOne(_ subscription: SubscriptionStatus) {
            print("\(subscription.name)\(subscription.policy.map { " on \($0.topic)" } ?? ""): \(subscription.state.rawValue)")
            if let pause = subscription.pause { print("  \(pause.isPaused ? "paused" : "resumed") \(pause.change.sentence)") }
            if let suspension = subscription.suspension { print("  suspended \(suspension.change.sentence)") }
            if let seek = subscription.seek {
                let left = subscription.outstanding.count
                print("  sent to \(seek.to) \(seek.change.sentence)\(left > 0 ? "; still to be moved: \(Numbers.counted(left, "partition"))" : "")")
            }
            if subscription.partitions.isEmpty { return }
            var table = Table([.init("PARTITION", .right), .init("CURSOR", .right), .init("END", .right), .init("LAG", .right), .init("GOES TO", .right)])
            for partition in subscription.partitions {
                table.add([
                    "\(partition.number)", partition.cursor.map { "\($0)" } ?? "-", "\(partition.end)",
                    partition.lag.map { "\($0)" } ?? "-", partition.goesTo.map { "\($0)" } ?? "",
                ])
            }
            print(Terminal.render(table), terminator: "")
        }
    }
}
