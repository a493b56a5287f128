import ArgumentParser
import BridgeRuntime
import Control
import DeliveryCore
import Dispatch
import EventLoop
import EventModel
import Glibc
import Logging
import Manifests
import TerminalViews

struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows Fanfare at work: an embedded cluster, live events, endpoints that fail; one command.",
        discussion: """
            Everything runs in this process on free ports, and nothing is left behind. At the end the books are closed: of every
            event it is told whether it was delivered, dead-lettered or still waits. Exit status 0 if they balance, 1 if not.
            Without a terminal it prints a summary now and then.
            """)

    @Option(help: ArgumentHelp("How long events flow: 30s, 5m. ctrl-C ends it earlier.", valueName: "duration"), transform: TimeSpan.argument)
    var duration: TimeSpan = .seconds(60)

    @Option(help: ArgumentHelp("Folder of topic manifests.", discussion: "Default: ./topics, or the folder installed with the program.", valueName: "folder"), completion: .directory)
    var topics: String?

    @Flag(help: "Lines instead of a picture.")
    var plain = false

    func validate() throws {
        if duration < .seconds(5) { throw ValidationError("--duration \(duration): less than 5s shows nothing") }
    }

    func run() async throws {
        let mode = Terminal.mode(of: STDOUT_FILENO)
        let screen = DemoScreen(plain ? .lines(mode.style) : mode, summaryInterval: max(.seconds(3), duration * 0.1))
        // What goes wrong on purpose is in the picture; only what goes wrong otherwise is worth a line.
        let logger = Logger(label: "demo") { [isPicture = screen.isPicture] _ in
            if isPicture { return SwiftLogNoOpLogHandler() }
            return LineLogHandler(LogLevelSwitch(.error), format: .text)
        }
        do {
            let show = try DemoShow(folder: try DemoManifests.folder(topics), duration: duration, logger: logger)
            let balance = try await show.run(on: screen)
            Terminal.write(show.closing(balance, style: mode.style, width: Terminal.size(of: STDOUT_FILENO)?.width))
            guard balance.balances else { throw ExitCode.findings }
        } catch let error as ExitCode {
            screen.leave()
            throw error
        } catch {
            screen.leave()
            throw Failed("\(error)")
        }
    }
}

/// One demo from its beginning to its books.
final class DemoShow {
    private let stage: DemoStage
    private var story: DemoStory
    private var producing: Task<Void, any Error>?
    private var rates: [RateHistory]
    private var nextRate = Instant(nanoseconds: 0)
    /// Of about the last second, oldest first: what moved since tells delivering from idle.
    private var snapshots: [CoreSnapshot] = []
    private let end = EndRequest()

    private static let frame: Duration = .milliseconds(250)
    private static let joinLimit: TimeSpan = .seconds(60)

    init(folder: String, duration: TimeSpan, logger: Logger) throws {
        stage = try DemoStage(folder: folder, logger: logger)
        story = DemoStory(duration: duration, subscriptions: stage.manifests.subscriptions, downURL: stage.downURL)
        rates = stage.manifests.loaded.topics.map { _ in RateHistory() }
    }

    func run(on screen: DemoScreen) async throws -> DemoBalance {
        for name in stage.manifests.leftOut {
            printError("left out: the endpoint of \(name) is not the demo's receiver")
        }
        try await stage.start()
        if !screen.isPicture {
            Terminal.write("console: \(stage.opsURL)/  metrics: \(stage.opsURL)/metrics  API: \(stage.opsURL)/api/v1/subscriptions\n")
        }
        let signals = end.listen()
        defer { signals.cancel() }
        let tail = try stage.makeTail()
        let beginning = now
        while !end.isAsked, !story.isOver(now) {
            let snapshot = stage.bridge.snapshot()
            if let failure = stage.bridge.failure { throw DemoError(failure) }
            if story.phase == .joining {
                if stage.isReady(snapshot) {
                    startProducing()
                } else if now - beginning > Self.joinLimit {
                    throw DemoError("the bridge was not given its partitions within \(Self.joinLimit)")
                }
            }
            if story.advance(snapshot, at: now) { producing?.cancel() }
            if story.isTimeToComeBack(now) {
                try await stage.bringUpEndpoint()
                story.cameBack(snapshot)
            }
            _ = try tail.read()
            screen.show(state(snapshot), at: now)
            try await Task.sleep(for: Self.frame)
        }
        screen.leave()
        Terminal.write("Finishing what is in flight, and closing the books.\n")
        producing?.cancel()
        try await producing?.value
        await stage.stopBridge()
        if let failure = stage.bridge.failure { throw DemoError(failure) }
        let balance = try await stage.balance(tail)
        await stage.stopServers()
        return balance
    }

    private var now: Instant { Instant(nanoseconds: EventLoop.now()) }

    private func startProducing() {
        story.begin(at: now)
        let producer = DemoProducer(kafka: stage.kafka, topics: stage.manifests.loaded.topics, ledger: stage.ledger)
        producing = Task { try await producer.run() }
    }

    // MARK: The picture

    private func state(_ snapshot: CoreSnapshot) -> DemoState {
        let now = now
        var state = DemoState()
        state.headline = story.headline
        state.secondsLeft = story.secondsLeft(now)
        state.console = "open \(stage.opsURL)"
        let manifests = stage.manifests.loaded.topics
        let isNewRate = now >= nextRate && story.phase != .joining
        if isNewRate { nextRate = now + .milliseconds(490) }
        for (index, manifest) in manifests.enumerated() {
            let count = UInt64(stage.ledger.producedCount(of: manifest.topic))
            if isNewRate { rates[index].record(count, at: now) }
            state.topics.append(DemoTopic(name: manifest.topic, produced: count, rates: rates[index].rates))
        }
        let previous = snapshots.first
        for subscription in stage.manifests.subscriptions {
            guard let shown = snapshot.subscriptions.first(where: { $0.name == subscription.name }) else { continue }
            let nextProbe = shown.nextProbe.map { Int(max(0, ($0 - now).seconds).rounded(.up)) }
            state.subscriptions.append(
                DemoSubscription(
                    shown, previous: previous?.subscriptions.first { $0.name == subscription.name }, endpoint: subscription.endpoint,
                    nextProbe: nextProbe))
        }
        snapshots.append(snapshot)
        if snapshots.count > 4 { snapshots.removeFirst() }
        state.deliveries = stage.feed.look()
        state.lanes = RetryLane.lanes(
            of: snapshot, retryTopic: stage.configuration.retryTopicName, delays: stage.configuration.retryTopic.lanes)
        state.deadLetters = stage.ledger.letters.map { DemoDeadLetter(subscription: $0.subscription, event: $0.event, reason: Self.short($0.reason)) }
        return state
    }

    /// The panel is narrow, and whose answer it is stands in front of it.
    private static func short(_ reason: String) -> String {
        reason.hasPrefix("the endpoint ") ? String(reason.dropFirst("the endpoint ".count)) : reason
    }

    // MARK: The end

    func closing(_ balance: DemoBalance, style: TerminalStyle, width: Int?) -> String {
        let produced = stage.manifests.loaded.topics.map { "\($0.topic) \(Numbers.grouped(stage.ledger.producedCount(of: $0.topic)))" }
        var text = "\nProduced: \(produced.joined(separator: ", "))\n\n"
        text += balance.render(width: width, style: style)
        text += "\n\(balance.verdict)\n"
        if let letter = stage.ledger.letters.first {
            text += "Last dead letter: \(letter.subscription), \(letter.event): \(letter.reason)\n"
        }
        return text + Self.next
    }

    private static let next = """

        Try next, each in a terminal of its own:
          fanfare broker --topic fanfare.retry:7
          fanfare listen --port 9080 --fail 10%
          fanfare serve --set egress.allowHTTP=true --set egress.allowPrivate=true
          echo '{"type":"order.created"}' | fanfare publish --topic shop.orders
        The subscriptions are in topics/*.yaml. Edit them while it runs; `fanfare check`
        tells what is wrong with them.

        """
}
