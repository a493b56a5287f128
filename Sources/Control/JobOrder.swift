public import EventModel

/// A redrive or a replay that somebody asked for through the API: who and why, and how it ended. Written by the replica that runs it.
///
/// How far it is stands elsewhere in Kafka, with the job itself.
public struct JobOrder: Sendable, Equatable {
    public enum End: String, Sendable, CaseIterable {
        case done
        /// It has sent as many as it was to send at most.
        case limited
        case stopped, failed
    }

    /// How it ended.
    public struct Outcome: Sendable, Equatable {
        public var end: End
        public var at: WallTime
        /// Why it failed; else empty.
        public var message: String
        public var sent: Int64
        public var refused: Int64

        public init(end: End, at: WallTime, message: String = "", sent: Int64, refused: Int64) {
            self.end = end
            self.at = at
            self.message = message
            self.sent = sent
            self.refused = refused
        }
    }

    /// Tells this run of the job from others.
    public var run: String
    /// As others know the process that runs it.
    public var replica: String
    /// JSON: what was asked for.
    public var request: String
    public var change: Attribution
    /// Nil while it runs, and where its replica died.
    public var outcome: Outcome?

    public init(run: String, replica: String, request: String, change: Attribution, outcome: Outcome? = nil) {
        self.run = run
        self.replica = replica
        self.request = request
        self.change = change
        self.outcome = outcome
    }

    /// Which job.
    public struct ID: Hashable, Sendable {
        public var verb: JobVerb
        public var name: String

        public init(_ verb: JobVerb, _ name: String) {
            self.verb = verb
            self.name = name
        }
    }
}

/// An operator's word that a run of a job is to end.
public struct JobStop: Sendable, Equatable {
    public var run: String
    public var change: Attribution

    public init(run: String, change: Attribution) {
        self.run = run
        self.change = change
    }
}
