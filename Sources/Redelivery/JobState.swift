public import EventModel
public import KafkaClient

/// How far a job has come. Kafka keeps it: as committed offsets with metadata, in a group of the job's own name.
public struct JobState: Equatable, Sendable {
    /// What it reads of one partition.
    public struct Part: Equatable, Sendable {
        /// Everything before has been handed over, or was not asked for.
        public var position: Int64
        /// Where the job ends.
        public var end: Int64

        public init(position: Int64, end: Int64) {
            self.position = position
            self.end = end
        }
    }

    public var parts: [TopicPartition: Part]
    /// Of the options that it was started with: under its name, nothing else may go on with it.
    public var digest: String
    /// Times as they were resolved at the job's start: "two hours ago" is the same moment when it goes on.
    public var from: WallTime?
    public var until: WallTime?
    /// By partition of the retry topic: from there on, records of this job may stand that the positions do not know of.
    public var handedOver: [Int32: Int64]
    public var isComplete: Bool

    public init(
        parts: [TopicPartition: Part], digest: String = "", from: WallTime? = nil, until: WallTime? = nil, handedOver: [Int32: Int64] = [:],
        isComplete: Bool = false
    ) {
        self.parts = parts
        self.digest = digest
        self.from = from
        self.until = until
        self.handedOver = handedOver
        self.isComplete = isComplete
    }

    /// What is still to be read.
    public var ranges: [OffsetRange] {
        parts.sorted { $0.key < $1.key }.map { OffsetRange($0.key, from: $0.value.position, to: $0.value.end) }
    }

    // MARK: As offsets with metadata

    /// The first partition's metadata says what concerns the whole job:
    ///
    ///     1 end=5000                                                               each partition
    ///     1 end=5000 state=open options=5f1c09ab from=1746057600000 retry=0:812    the first
    public var commits: [(partition: TopicPartition, offset: Int64, metadata: String)] {
        let partitions = parts.keys.sorted()
        return partitions.map { partition in
            let part = parts[partition]!
            var words = ["1", "end=\(part.end)"]
            if partition == partitions.first {
                words.append("state=\(isComplete ? "done" : "open")")
                if !digest.isEmpty { words.append("options=\(digest)") }
                if let from { words.append("from=\(from.milliseconds)") }
                if let until { words.append("until=\(until.milliseconds)") }
                let marks = handedOver.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }
                if !marks.isEmpty { words.append("retry=" + marks.joined(separator: ",")) }
            }
            return (partition, part.position, words.joined(separator: " "))
        }
    }

    /// Nil where there is no job, or one that this version does not understand.
    public init?(_ commits: [(partition: TopicPartition, offset: Int64, metadata: String)]) {
        self.init(parts: [:])
        var hasHead = false
        for (partition, offset, metadata) in commits {
            let words = metadata.split(separator: " ")
            guard words.first == "1" else { return nil }
            var part = Part(position: offset, end: offset)
            for word in words.dropFirst() {
                guard let equals = word.firstIndex(of: "=") else { return nil }
                let value = word[word.index(after: equals)...]
                switch word[..<equals] {
                case "end":
                    guard let end = Int64(value) else { return nil }
                    part.end = end
                case "state":
                    hasHead = true
                    isComplete = value == "done"
                case "options": digest = String(value)
                case "from": from = Int64(value).map { WallTime(milliseconds: $0) }
                case "until": until = Int64(value).map { WallTime(milliseconds: $0) }
                case "retry":
                    for mark in value.split(separator: ",") {
                        let numbers = mark.split(separator: ":").compactMap { Int64($0) }
                        guard numbers.count == 2 else { return nil }
                        handedOver[Int32(truncatingIfNeeded: numbers[0])] = numbers[1]
                    }
                default: break
                }
            }
            parts[partition] = part
        }
        guard hasHead else { return nil }
    }
}

/// What tells one job from another.
public struct JobIdentity: Equatable, Sendable {
    public var name: String
    /// Of the options.
    public var digest: String

    /// - Parameter name: nil makes one of what it is about and the digest, so that the same command finds the job again.
    public init(name: String?, subject: String, options: [String]) {
        // FNV-1a (Fowler, Noll, Vo), 64 bits.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for option in options {
            for byte in option.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
            // So that no option continues the one before.
            hash = (hash ^ 0xFF) &* 0x100_0000_01B3
        }
        let digits = String(hash, radix: 16)
        digest = String((String(repeating: "0", count: 16 - digits.utf8.count) + digits).suffix(8))
        self.name = name ?? "\(subject)-\(digest)"
    }

    /// Names are parts of a group's name and stand in headers.
    public static func isValid(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 100
            && name.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || "._-".utf8.contains($0) }
    }
}
