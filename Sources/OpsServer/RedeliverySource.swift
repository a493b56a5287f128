public import Control
public import EventModel
public import Redelivery

/// Dead letters, and what sends them and ranges of topics again; the bridge implements it.
///
/// Everything reads Kafka, on threads of its own and with a bound; nothing holds up deliveries or the server.
public protocol RedeliverySource: Sendable {
    /// The newest that match.
    ///
    /// - Parameter topic: as somebody names it; nil means all that the manifests name.
    func deadLetters(
        of topic: String?, _ filter: DeadLetterFilter, limit: Int, after: DeadLetterCursor?
    ) async throws(RedeliveryFailure) -> DeadLetterPage

    func deadLetter(at place: RecordPlace) async throws(RedeliveryFailure) -> WholeDeadLetter

    /// Begins a job, or goes on with it. Returns when it runs here, and its order is in the control topic.
    func start(_ request: JobRequest, by: Attribution) async throws(RedeliveryFailure) -> JobReport

    /// Those that were asked for through the API, and dry runs of this replica. Waits for signs of life of those that run elsewhere.
    func jobs(_ verb: JobVerb) async -> [JobReport]

    /// How far one has come.
    func job(_ id: JobOrder.ID) async throws(RedeliveryFailure) -> JobReport

    /// Ends a run of a job in good order, wherever it runs.
    func stop(_ id: JobOrder.ID, by: Attribution) async throws(RedeliveryFailure) -> JobReport
}

/// Each says what is wrong and what to do about it.
public enum RedeliveryFailure: Error {
    /// What was asked about is not there.
    case unknown(String)
    /// It cannot be done as things are.
    case impossible(String)
    /// Kafka does not answer, or too much is under way.
    case unavailable(String)
}

/// What is to be sent again, and how.
public struct JobRequest: Sendable {
    public enum Work: Sendable {
        case redrive(DeadLetterSelection, maxRedrives: Int, isForced: Bool)
        case replay(ReplaySelection)
    }

    public var work: Work
    /// Nil makes one of what is asked for.
    public var name: String?
    public var isDryRun: Bool
    public var isAgain: Bool
    /// Records per second at most.
    public var rate: Int?
    public var limit: Int?
    /// JSON: the request as it was made.
    public var text: String

    public var verb: JobVerb {
        switch work {
        case .redrive: .redrive
        case .replay: .replay
        }
    }
}

/// How a job that was asked for through the API stands.
public struct JobReport: Sendable {
    public enum State: String, Sendable, CaseIterable {
        /// Here.
        case running
        /// On another replica, as far as is known here.
        case elsewhere
        case done, limited, stopped
        /// Its replica was stopped or died: the same request goes on.
        case interrupted
        case failed
    }

    public var id: JobOrder.ID
    public var state: State
    public var isDryRun: Bool
    /// JSON: the request as it was made.
    public var request: String
    public var replica: String
    public var change: Attribution
    /// Who wants it to end.
    public var stop: Attribution?
    public var endedAt: WallTime?
    /// Why it failed; else empty.
    public var message: String
    /// Offsets that were looked at, of how many; nil where another replica knows.
    public var done: Int?
    public var total: Int?
    /// Offsets that are still to be looked at, as far as is known.
    public var left: Int?
    /// What this run did; nil where another replica knows.
    public var counts: JobCounts?
    /// Of a run that has ended, also where the rest is not known any more.
    public var sent: Int?
    public var refused: Int?

    public init(
        id: JobOrder.ID, state: State, isDryRun: Bool = false, request: String, replica: String, change: Attribution, stop: Attribution? = nil,
        endedAt: WallTime? = nil, message: String = "", sent: Int? = nil, refused: Int? = nil
    ) {
        self.id = id
        self.state = state
        self.isDryRun = isDryRun
        self.request = request
        self.replica = replica
        self.change = change
        self.stop = stop
        self.endedAt = endedAt
        self.message = message
        self.sent = sent
        self.refused = refused
    }
}
