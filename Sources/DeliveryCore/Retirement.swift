import EventModel

/// A cursor that is gone, and its partition, which it refers to.
struct RetiredCursor {
    let cursor: Cursor
    let partition: PartitionState

    /// Some event of it is in a request or a diversion, or it is in a commit. What waits in memory was let go with it.
    var isWantedStill: Bool { cursor.busy > 0 || cursor.isInCommit || cursor.isInLastCommit }
}

// Cursors are replaced with every pause, move and rebalance. What is on its way refers to them without counting that, so they
// stay until nothing of them is under way, and go between two steps, when nobody has an event in hand.
extension DeliveryCore {
    /// Keeps a cursor that is gone for what refers to it.
    mutating func retire(_ cursor: Cursor) {
        retired.append(RetiredCursor(cursor: cursor, partition: cursor.partition))
        mayRelease = true
    }

    /// Keeps the cursors of a partition that is gone. Its handle is not given to another one: answers to old questions come under it
    /// and find that it is gone, and for that one for all assignments will do.
    mutating func retire(_ partition: PartitionState) {
        for case let cursor? in partition.cursors { retire(cursor) }
        partition.cursors = []
        let topic = partition.topic
        if let gone = topic.gone[partition.name.partition] {
            partitions[partition.handle.index] = gone
        } else {
            let gone = PartitionState(handle: partition.handle, name: partition.name, topic: topic, lane: partition.lane)
            gone.phase = .gone
            topic.gone[partition.name.partition] = gone
            partitions[partition.handle.index] = gone
        }
    }

    mutating func releaseRetired() {
        mayRelease = false
        retired.removeAll { !$0.isWantedStill }
    }
}
