/// What a job's group says about who works on the job: a committed offset with metadata, beside the job's state.
///
///     1 holder=alice@ops-1/4711/9f3a61c2      the offset counts how often the holder has said that it is there
///     1 free
public struct LeaseEntry: Equatable, Sendable {
    /// Nil while nobody works on the job.
    public var holder: JobHolder?
    public var beat: Int64

    public init(holder: JobHolder?, beat: Int64) {
        self.holder = holder
        self.beat = beat
    }

    /// What others wrote, and what is not understood, holds nothing.
    public init(offset: Int64, metadata: String) {
        let words = metadata.split(separator: " ")
        let isKnown = words.count == 2 && words[0] == "1" && words[1].hasPrefix("holder=")
        self.init(holder: isKnown ? JobHolder(words[1].dropFirst("holder=".count)) : nil, beat: offset)
    }

    public var metadata: String { holder.map { "1 holder=\($0.text)" } ?? "1 free" }
}

/// A process that works on a job, or wants to.
public struct JobHolder: Equatable, Sendable, CustomStringConvertible {
    /// `alice@ops-1`.
    public var name: String
    public var process: Int32
    /// Containers share names and process numbers.
    public var nonce: UInt32

    public init(name: String, process: Int32, nonce: UInt32 = .random(in: .min ... .max)) {
        self.name = name.replacing(" ", with: "-").replacing("/", with: "-")
        self.process = process
        self.nonce = nonce
    }

    init?(_ text: Substring) {
        let parts = text.split(separator: "/")
        guard parts.count == 3, let process = Int32(parts[1]), let nonce = UInt32(parts[2], radix: 16) else { return nil }
        self.init(name: String(parts[0]), process: process, nonce: nonce)
    }

    var text: String { "\(name)/\(process)/\(String(nonce, radix: 16))" }

    /// For people.
    public var description: String { "\(name), process \(process)" }
}
