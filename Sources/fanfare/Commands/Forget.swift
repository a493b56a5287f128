import ArgumentParser
import Control
import EventLoop
import EventModel
import Glibc
import KafkaClient
import Manifests
import TerminalViews

struct ForgetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget", abstract: "Deletes what is left of a subscription that was removed: its cursors, pauses and seeks.",
        discussion: """
            Only once no manifest has it and every replica has heard of that. A subscription of the same name that comes later
            begins where its manifest says. Its retries that are still in the retry topic become dead letters of kind `removed`
            when they are due, unless a subscription of that name exists by then.
            """)

    @Argument(help: "The subscription that was removed.")
    var name: String

    @Flag(help: "Only say what would be deleted.")
    var dryRun = false

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        // A manifest with errors might have it.
        _ = try options.usableManifests()
        let desk = try ControlDesk(options)
        if let policy = desk.policies.first(where: { $0.name == name }) {
            let remedy =
                desk.registry.entries[name] == nil
                ? "stands in the manifest of \(policy.topic): remove it there first" : "came through the API: `fanfare subscriptions delete` it first"
            throw Failed("the subscription \(name) \(remedy)")
        }
        let remains = try Remains(of: name, desk)
        if remains.isEmpty { return report(remains, isDone: true, "nothing is left of \(name)") }
        if dryRun { return report(remains, isDone: false, "would delete \(remains.sentence)") }
        try confirm(remains)
        do throws(KafkaError) {
            try desk.admin.deleteGroup(remains.group)
        } catch {
            throw Failed(
                ClusterState.NoAdminAPI.isMeant(by: error)
                    ? "the cluster does not answer a request to delete the group \(remains.group); the embedded one cannot"
                    : "the cursors are not deleted: \(error.message)")
        }
        if !remains.keys.isEmpty { _ = try desk.write(remains.keys.map { .forgotten($0) }) }
        report(remains, isDone: true, "deleted \(remains.sentence)")
    }

    private func confirm(_ remains: Remains) throws {
        if yes { return }
        guard isatty(STDIN_FILENO) == 1 else { throw ValidationError("this deletes \(remains.sentence): say --yes, or look first with --dry-run") }
        print("Delete \(remains.sentence)? [y/N] ", terminator: "")
        flushOutput()
        guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else { throw Failed("nothing was deleted") }
    }

    private func report(_ remains: Remains, isDone: Bool, _ sentence: String) {
        switch output.output {
        case .text: print(sentence)
        case .json:
            print(
                JSONText.object([
                    ("subscription", JSONText.quoted(name)), ("group", JSONText.quoted(remains.group)),
                    ("cursors", "\(remains.cursors)"), ("controlKeys", JSONText.array(remains.keys.map { JSONText.quoted($0.text) })),
                    ("deleted", "\(isDone && !remains.isEmpty)"),
                ]))
        }
    }
}

/// What Kafka still holds of a subscription.
private struct Remains {
    var group: String
    /// Partitions with a committed offset.
    var cursors: Int
    /// In the control topic.
    var keys: [ControlKey]

    var isEmpty: Bool { cursors == 0 && keys.isEmpty }

    var sentence: String {
        var parts: [String] = []
        if cursors > 0 { parts.append("the group \(group) with \(Numbers.counted(cursors, "cursor"))") }
        if !keys.isEmpty { parts.append("\(keys.map(\.text).joined(separator: ", ")) in the control topic") }
        return parts.joined(separator: ", and ")
    }

    init(of name: String, _ desk: ControlDesk) throws {
        group = "\(desk.configuration.group).\(name)"
        // Of every topic: nobody knows any more which one it was.
        let partitions = desk.cluster.topics.flatMap { topic in
            topic.partitions.map { TopicPartition(topic: topic.name, partition: $0.number) }
        }
        cursors = try Self.cursors(of: group, among: partitions, desk.kafka)
        let state = desk.state
        keys = []
        if state.registrations[name] != nil { keys.append(.registration(name)) }
        if state.pauses[name] != nil { keys.append(.pause(name)) }
        if state.suspensions[name] != nil { keys.append(.suspension(name)) }
        if let seek = state.seeks[name] {
            keys.append(.seek(name))
            keys += seek.offsets.keys.sorted().map { .soughtPartition(name, $0) }
        }
    }

    private static func cursors(of group: String, among partitions: [TopicPartition], _ kafka: KafkaConfiguration) throws -> Int {
        do throws(KafkaError) {
            return try GroupOffsets.committed(by: group, partitions, kafka).count
        } catch {
            throw Failed("the cursors of the group \(group) cannot be read: \(error.message)")
        }
    }
}
