package import EventModel

/// The retry topic's lanes: partition `p` belongs to lane `p mod L`.
///
/// A record goes to the slowest lane that is not longer than its delay, so that within a lane records are nearly in due
/// order. The due time in the record, not the lane, decides when it is delivered.
package struct Lanes {
    let delays: [TimeSpan]
    let partitionsPerLane: Int

    package init(delays: [TimeSpan], partitionsPerLane: Int) {
        self.delays = delays
        self.partitionsPerLane = partitionsPerLane
    }

    package func lane(ofPartition partition: Int32) -> Int { Int(partition) % delays.count }

    package func lane(forDelay delay: TimeSpan) -> Int { delays.lastIndex { $0 <= delay } ?? 0 }

    /// A partition of the lane; `choice` spreads over those that it has.
    package func partition(inLane lane: Int, choice: UInt64) -> Int32 {
        Int32(lane + delays.count * Int(choice % UInt64(partitionsPerLane)))
    }

    /// The delay of the lane after this one, for a record whose subscription cannot take it now.
    package func delayAfter(lane: Int) -> TimeSpan { delays[min(lane + 1, delays.count - 1)] }
}
