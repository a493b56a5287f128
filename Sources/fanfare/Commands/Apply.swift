import ArgumentParser
import EventModel
import KafkaClient
import Manifests
import TerminalViews

struct Apply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Creates or extends the Kafka topics that configuration and manifests need.",
        discussion: """
            These are the topics of the manifests, the retry topic and the dead-letter topics. Topics get more partitions
            and longer retention, never less, and none is deleted; doing it again changes nothing. In the plan, + is
            created, ~ changed, = well as it is, and ! cannot be done here. Exit status 1 when something cannot be done.
            """)

    @Flag(help: "Only print the plan.")
    var dryRun = false

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let (loaded, manifests) = try options.usableManifests()
        let configuration = loaded.configuration
        let kafka = try KafkaConfiguration(configuration)
        let admin = try ClusterAdmin(kafka, timeoutMilliseconds: 5000)
        let cluster = try admin.reach(kafka)
        do {
            let state = try ClusterState(of: WantedTopic.names(configuration, manifests.topics), cluster, admin)
            let plans = WantedTopic.all(configuration, manifests.topics, state).map { TopicPlan($0, state) }
            if output.output == .text { show(plans) }
            // Creating many topics on a busy cluster takes its time.
            admin.timeout = 30_000
            var failures: [(topic: String, reason: String)] = []
            if !dryRun {
                for plan in plans { failures += try perform(plan, admin).map { (topic: plan.topic.name, reason: $0) } }
            }
            report(plans, failures)
            if !failures.isEmpty || plans.contains(where: \.hasObstacle) { throw ExitCode.findings }
        } catch is ClusterState.NoAdminAPI {
            throw Failed(
                "this broker does not offer the admin API, so that topics cannot be created from here; "
                    + "the embedded one creates topics when they are asked for")
        } catch let error as KafkaError {
            throw Failed("the topics cannot be looked at: \(error.message)")
        }
    }

    /// What failed.
    private func perform(_ plan: TopicPlan, _ admin: ClusterAdmin) throws -> [String] {
        var failures: [String] = []
        for action in plan.actions {
            do throws(KafkaError) {
                switch action {
                case .create(let topic): try admin.createTopics([topic])
                case .extend(let partitions): try admin.createPartitions(topic: plan.topic.name, total: partitions)
                case .configure(let changes): try admin.setConfiguration(ofTopic: plan.topic.name, changes)
                }
            } catch {
                if ClusterState.NoAdminAPI.isMeant(by: error) { throw ClusterState.NoAdminAPI() }
                // Somebody else was faster; the next run compares what they made.
                if error.code != .TOPIC_ALREADY_EXISTS { failures.append(error.message) }
            }
        }
        return failures
    }

    // MARK: Output

    private func show(_ plans: [TopicPlan]) {
        let width = plans.map(\.topic.name.count).max() ?? 0
        for plan in plans {
            let name = plan.topic.name + String(repeating: " ", count: width - plan.topic.name.count)
            for line in plan.lines { print("\(line.mark.rawValue) \(name)  \(line.text)") }
        }
        flushOutput()
    }

    private func report(_ plans: [TopicPlan], _ failures: [(topic: String, reason: String)]) {
        let pending = plans.count { !$0.isSettled }
        let stuck = plans.count(where: \.hasObstacle)
        switch output.output {
        case .text:
            for failure in failures { printError("error: \(failure.reason)") }
            var summary = "\(Numbers.counted(plans.count, "topic")): "
            if pending == 0 {
                summary += "nothing to do"
            } else if dryRun {
                summary += "\(pending) to create or change; `fanfare apply` without --dry-run does it"
            } else {
                summary += "\(pending - Set(failures.map(\.topic)).count) created or changed"
                if !failures.isEmpty { summary += ", \(Set(failures.map(\.topic)).count) failed" }
            }
            if stuck > 0 { summary += "; \(stuck) with something that cannot be done here" }
            print(summary)
        case .json:
            let topics = plans.map { plan in
                let lines = plan.lines.map { "{\"action\":\"\($0.mark)\",\"text\":\(JSONText.quoted($0.text))}" }
                let errors = failures.filter { $0.topic == plan.topic.name }.map { JSONText.quoted($0.reason) }
                return "{\"topic\":\(JSONText.quoted(plan.topic.name)),\"role\":\"\(plan.topic.role.rawValue)\","
                    + "\"plan\":[\(lines.joined(separator: ","))],\"errors\":[\(errors.joined(separator: ","))]}"
            }
            print("{\"dryRun\":\(dryRun),\"changes\":\(pending),\"topics\":[\(topics.joined(separator: ","))]}")
        }
    }
}
