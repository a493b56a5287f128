import EventModel

/// What time it is for the windows of one cursor: the watermark, which events move, and where none comes, *advances*. An
/// advance is committed before it has an effect, so that it is as much a part of the log as events are.
struct WindowClock {
    typealias Advance = WindowMetadata.Advance

    static let noTime = Int64.min

    let grace: Int64
    /// Milliseconds; `noTime` before the first event.
    private(set) var watermark = noTime
    /// Ascending; the first `applied` of them are in force.
    private(set) var advances: ContiguousArray<Advance> = []
    private var applied = 0
    /// To be committed before it may be applied. Until then nothing more is counted.
    private(set) var proposed: Advance? = nil
    /// The proposal is in the commit that is under way.
    var isProposalSent = false

    init(grace: Int64) { self.grace = grace }

    /// Nil before the first event.
    var time: WallTime? { watermark == Self.noTime ? nil : WallTime(milliseconds: watermark) }

    /// Windows that end before this are complete.
    var closedBefore: Int64 { watermark == Self.noTime ? Self.noTime : watermark - grace + 1 }

    func isClosed(_ end: Int64) -> Bool { end < closedBefore }

    mutating func event(at time: Int64) { watermark = max(watermark, time) }

    // MARK: Advances

    /// Some were committed for offsets that are still to be looked at.
    var hasAdvances: Bool { applied < advances.count }

    /// Everything in the log before an offset was looked at: what was decided to happen there does.
    mutating func reach(_ offset: Int64) {
        while hasAdvances, advances[applied].offset <= offset {
            watermark = max(watermark, advances[applied].watermark)
            applied += 1
        }
    }

    mutating func propose(_ advance: Advance) { proposed = advance }

    /// The proposal is committed.
    mutating func accept() {
        guard let proposed else { return }
        forgetProposal()
        // What was decided for later offsets cannot be: those were not looked at.
        precondition(!hasAdvances, "nothing is proposed before all is applied")
        if advances.last?.offset == proposed.offset {
            // Nothing lies between them.
            advances.removeLast()
            applied -= 1
        }
        advances.append(proposed)
        reach(proposed.offset)
    }

    mutating func forgetProposal() {
        proposed = nil
        isProposalSent = false
    }

    /// The cursor has passed them: the watermark that it says has them in it.
    mutating func forgetAdvances(upTo base: Int64) {
        while applied > 0, let advance = advances.first, advance.offset <= base {
            advances.removeFirst()
            applied -= 1
        }
    }

    // MARK: Kafka's memory of it

    /// All that goes into a commit, except the watermark at its offset.
    func write(to metadata: inout WindowMetadata) {
        metadata.advances = advances
        if let proposed { metadata.advances.append(proposed) }
    }

    mutating func restore(_ metadata: WindowMetadata, withAdvances: Bool) {
        watermark = metadata.watermark ?? Self.noTime
        if withAdvances { advances = metadata.advances }
    }
}
