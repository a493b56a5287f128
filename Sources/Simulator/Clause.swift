public import EventModel

/// The clauses of the contract. Each has its checker; a checker says which one was broken.
public enum Clause: String, CaseIterable, Sendable, Codable {
    /// A commit says that an event is settled which has no outcome yet.
    case settlement
    /// A cursor went back, passed the log's end, or was committed with metadata that no owner could read.
    case cursor
    /// An old assignment still acts, or a partition was let go by one who does not own it or has work in flight.
    case ownership
    /// An event without an outcome at the end, or given up without need.
    case outcome
    /// A window that the log does not make, or not with this content.
    case windows
    /// An event came more often than faults explain.
    case duplicates
    /// Events of one key came out of order.
    case order
    /// An attempt before its due time, outside the schedule, or within the endpoint's `Retry-After`.
    case schedule
    /// More in flight than `maxInFlight`, a larger batch than the manifest allows, or one with events that are not to travel together.
    case limits
    /// An event went to a subscription that it is not for.
    case routing
    /// One subscription was delayed by another.
    case isolation
    /// More was diverted to the retry and dead-letter topics than the budget allows.
    case diversion
    /// A circuit that opened or closed without reason, or probes too early or too many.
    case circuit
    /// Commits too often, of nothing new, or with something left out.
    case commits
    /// Figures or reports that are not what happened.
    case reports
    /// A count that the engine keeps is not what it counts.
    case books
    /// More bytes of records are held than configured.
    case memory
    /// A record was used after its release, released twice, or never.
    case records
    /// An effect that contradicts an earlier one, such as cancelling a request that is not under way.
    case effects
    /// Some lag did not reach zero in time after the faults had stopped, or the engine runs in circles.
    case progress
    /// The same scenario went another way the second time.
    case determinism
    /// The engine found itself in a state that cannot be, and stopped the process.
    case trap
}

/// A clause that was broken: which, when, and how.
public struct Violation: Sendable, Equatable, Codable {
    public var clause: Clause
    /// Since the simulation's start.
    public var at: TimeSpan
    public var text: String

    public init(_ clause: Clause, at: TimeSpan, _ text: String) {
        self.clause = clause
        self.at = at
        self.text = text
    }
}

extension Violation: CustomStringConvertible {
    public var description: String { "\(clause.rawValue) at \(at.seconds) s: \(text)" }
}
