import ArgumentParser
import EventModel
// Brings in -lm, which the standard library's rounding needs.
import Glibc
import KafkaClient

@main
struct Fanfare: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fanfare",
        abstract: "Delivers the events of Kafka topics to the webhooks that subscribed to them.",
        discussion: """
            Start with `fanfare demo`. Shell completions: `fanfare --generate-completion-script bash` (or zsh, fish).
            Exit status: 0 done; 1 findings or failed; 64 wrong usage; 78 wrong configuration.
            """,
        version: "\(fanfareVersion) (librdkafka \(librdkafkaVersion))",
        subcommands: [
            Demo.self, Serve.self, Ready.self, Check.self, Apply.self, Doctor.self, Explain.self, Publish.self, Listen.self,
            Probe.self, Subscriptions.self, PauseCommand.self, ResumeCommand.self, SeekCommand.self, DeadLetters.self, Replay.self, Deliveries.self,
            LogLevelCommand.self, Broker.self, Keys.self, Verify.self, Schema.self,
        ])

    static func main() async {
        ProcessEnd.leaveLibcryptoAlone()
        HiddenArguments.blank()
        await main(nil)
    }
}
