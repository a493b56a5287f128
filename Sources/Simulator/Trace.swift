public import EventModel

/// What happened in a simulation, in order: always as a digest, and as a story for people where somebody listens.
///
/// Two runs are the same if and only if their digests are. What is noted: every input of an engine and every effect
/// (Narration.swift), and what the world does by itself, where it does it.
struct Trace {
    /// What kind of thing happened. Its name begins the line.
    enum Kind: UInt8 {
        // Inputs.
        case subscriptions, assigned, cursorLoaded, startResolved, records, outOfRange, endKnown, attemptEnded, diverted
        case diversionFailed, commitEnded, revoking, lost
        case pause, resume, suspend, seek, allowedRate, partitionCount, membershipDoubted, membershipSettled, tick
        // Effects.
        case loadCursors, resolveStart, startReading, readChunk, attempt, cancel, divert, commit, release, released, report
        // The world.
        case standstill, wake
        case start, crash, leave, stop, evict, expel, fault, heal, edit, remove, bringBack
        case produce, answer, commitArrived, commitRefused, written, writeRefused
    }

    /// FNV-1a (Fowler, Noll, Vo), a word at a time.
    private(set) var digest: UInt64 = 0xcbf2_9ce4_8422_2325
    /// Takes the story's lines, as they happen.
    let listener: ((TraceLine) -> Void)?

    init(listener: ((TraceLine) -> Void)? = nil) { self.listener = listener }

    /// Kind, time and the four words go into the digest.
    ///
    /// - Parameter text: worked out only for a listener. It must say nothing that the words do not decide.
    mutating func note(
        _ kind: Kind, at time: Instant, replica: Int?, _ a: Int64, _ b: Int64, _ c: Int64, _ d: Int64,
        _ text: () -> String
    ) {
        mix(Int64(kind.rawValue) << 8 | Int64(replica ?? 255))
        mix(time.nanoseconds)
        mix(a)
        mix(b)
        mix(c)
        mix(d)
        listener?(TraceLine(at: TimeSpan(nanoseconds: time.nanoseconds), replica: replica, what: "\(kind)", text: text()))
    }

    private mutating func mix(_ word: Int64) {
        digest = (digest ^ UInt64(bitPattern: word)) &* 0x100_0000_01b3
        digest ^= digest >> 29
    }
}

extension Trace {
    /// A word for a text that decides how a run goes on.
    static func word(_ text: String) -> Int64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return Int64(bitPattern: hash)
    }
}

/// One line of the story: when, where, what.
public struct TraceLine: Sendable {
    public var at: TimeSpan
    /// Nil: the world outside.
    public var replica: Int?
    /// The kind of thing that happened, such as `commit`.
    public var what: String
    public var text: String

    public init(at: TimeSpan, replica: Int?, what: String, text: String) {
        self.at = at
        self.replica = replica
        self.what = what
        self.text = text
    }
}

extension TraceLine: CustomStringConvertible {
    public var description: String {
        let microseconds = at.nanoseconds / 1000
        let fraction = String(microseconds % 1_000_000)
        let time = "\(microseconds / 1_000_000)." + String(repeating: "0", count: 6 - fraction.count) + fraction
        func padded(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(0, width - text.count)) }
        let place = replica.map { "replica \($0)" } ?? "world"
        let line = String(repeating: " ", count: max(0, 12 - time.count)) + time + "  " + padded(place, 9) + "  " + padded(what, 15) + "  " + text
        // Without blanks at the end where there is nothing to say.
        return String(line.reversed().drop { $0 == " " }.reversed())
    }
}

extension Simulation {
    /// Notes something that happened: on a replica, or (nil) in the world outside. The words go into the digest.
    func note(
        _ kind: Trace.Kind, _ replica: Replica? = nil, _ a: Int64 = 0, _ b: Int64 = 0, _ c: Int64 = 0, _ d: Int64 = 0,
        text: @autoclosure () -> String = ""
    ) {
        trace.note(kind, at: now, replica: replica?.index, a, b, c, d, text)
    }
}
