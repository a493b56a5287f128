import ArgumentParser
import EventModel

/// Does the same for as many events as it is told, and nothing else that depends on their number: the difference of two runs is what
/// the events cost.
struct RunStage: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "stage", abstract: "Takes events through one stage of their way.")

    enum Stage: String, CaseIterable, ExpressibleByArgument {
        /// Engine: from the record to the committed cursor.
        case engine, engineBatches = "engine-batches", engineOrdered = "engine-ordered", engineFanout = "engine-fanout"
        /// A thousand subscriptions' filters.
        case match
        /// Reading the event, and writing its request.
        case structured, binary, signed, mapped, batches
        /// HTTP/1.1: the head of a request, and its answer.
        case http
    }

    @Argument(help: "\(Stage.allCases.map(\.rawValue).joined(separator: ", ")).")
    var stage: Stage

    @Argument(help: "How many events; of a multiple of 200.")
    var events: Int

    func validate() throws {
        guard events > 0, events % 200 == 0 else { throw ValidationError("the number of events is a multiple of 200") }
    }

    func run() throws {
        switch stage {
        case .engine: runEngine()
        case .engineBatches: runEngine { $0.batch = BatchPolicy() }
        case .engineOrdered: runEngine { $0.delivery.ordering = .key }
        // An event is delivered ten times.
        case .engineFanout: runEngine(subscriptions: 10)
        case .match: try matchStage(events)
        case .structured: try RequestStage(.structured).run(events)
        case .binary: try RequestStage(.binary).run(events)
        case .signed: try RequestStage(.structured, isSigned: true).run(events)
        case .mapped: try RequestStage(.structured, mapping: Self.mapping).run(events)
        case .batches: try RequestStage(.structured).runBatches(events)
        case .http: httpStage(events)
        }
    }

    /// All attributes are in the value.
    private static let mapping = {
        var mapping = EventMapping()
        mapping.id = .pointer("/id")
        mapping.type = .pointer("/type")
        mapping.source = .pointer("/source")
        mapping.subject = .pointer("/subject")
        mapping.time = .pointer("/time")
        return mapping
    }()

    private func runEngine(subscriptions: Int = 1, _ change: (inout Subscription) -> Void = { _ in }) {
        var stage = EngineStage(subscriptions: subscriptions, change)
        stage.run(events)
    }
}
