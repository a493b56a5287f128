import DequeModule
public import EventModel

// The manifests become the engine's table of subscriptions, at the start and at every reload.
extension DeliveryCore {
    mutating func install(_ table: [Subscription]) {
        var listed: Set<String> = []
        for policy in table { listed.insert(policy.name) }
        for state in subscriptions where !state.isRemoved && !listed.contains(state.policy.name) { remove(state) }
        for policy in table {
            if let state = byName[policy.name] {
                if state.topic.name == policy.topic {
                    update(state, to: policy)
                    continue
                }
                remove(state)
            }
            add(policy)
        }
    }

    private mutating func add(_ policy: Subscription) {
        let topic = topicState(policy.topic)
        let state = SubscriptionState(
            id: SubscriptionID(index: subscriptions.count), policy: policy, topic: topic, slot: Int32(topic.slots.count),
            limit: limit(policy))
        subscriptions.append(state)
        liveSubscriptions += 1
        byName[policy.name] = state
        topic.slots.append(state)
        state.isFlowing = policy.enabled
        state.group.predecessor = departed.removeValue(forKey: policy.name)
        var handles: [PartitionHandle] = []
        for partition in topic.partitions where partition.phase == .loading || partition.phase == .reading {
            addCursor(of: state, to: partition)
            handles.append(partition.handle)
        }
        if !handles.isEmpty { load(state.group, handles) }
    }

    private mutating func update(_ state: SubscriptionState, to policy: Subscription) {
        guard state.policy != policy else { return }
        let wasRunning = state.isRunning
        let wasTaken = (state.policy.delivery.ordering, state.policy.window, state.policy.deduplicate)
        state.policy = policy
        state.circuit.update(policy: policy.diversion, limit: limit(policy))
        state.rate.waitsUntil = nil
        // An edit of the manifest is an operator's answer to a suspension.
        state.suspension = nil
        let isTakenOtherwise = (policy.delivery.ordering, policy.window, policy.deduplicate) != wasTaken
        if isTakenOtherwise {
            // Those that are being loaded stay, and have nothing yet; the others are replaced when they are read anew.
            for cursor in state.cursors where !cursor.isLoaded { cursor.setUp(windowIDs: windowIDs, sourcePlaces: options.sourcePlaces) }
        }
        if !state.isRunning {
            halt(state)
        } else if !wasRunning {
            goOn(state)
        } else {
            if isTakenOtherwise { readAnew(state) }
            if state.circuit.state == .open { stopFlow(state) } else { startFlow(state) }
            markReady(state)
        }
    }

    private mutating func remove(_ state: SubscriptionState) {
        stopFlow(state)
        while let item = state.stalled.popFirst() { release(item.record) }
        state.stalledBytes = 0
        state.isRemoved = true
        liveSubscriptions -= 1
        if byName[state.policy.name] === state { byName[state.policy.name] = nil }
        state.topic.slots[Int(state.slot)] = nil
        if !state.group.dirty.isEmpty, !state.group.isUnderWay, !isInDoubt { send(state.group) }
        prepareLastCommit(state.group)
        for cursor in state.cursors {
            let partition = cursor.partition
            forget(cursor)
            partition.cursors[Int(state.slot)] = nil
            retire(cursor)
            if partition.phase == .loading, !cursor.isLoaded { oneCursorFewerToLoad(partition) }
            checkDrained(partition)
        }
        state.cursors = []
        // One that others wait for may be held for hours.
        forgetHeld()
        forgetPausing()
        state.group.toLoad = []
        if state.group.isLeaving {
            departed[state.policy.name] = state.group
        } else if let predecessor = state.group.predecessor, predecessor.isLeaving {
            // It was here for so short a time that its cursors were not even loaded.
            departed[state.policy.name] = predecessor
        }
    }

    /// This shard's share of the subscription's limit of requests in flight.
    private func limit(_ policy: Subscription) -> Int {
        max(1, (policy.delivery.maxInFlight + options.shards - 1) / options.shards)
    }

    mutating func topicState(_ name: String) -> TopicState {
        if let topic = topics[name] { return topic }
        let topic = TopicState(name: name)
        topics[name] = topic
        topicsInOrder.append(topic)
        return topic
    }

    // MARK: What the performer asks

    /// The subscriptions of a topic by slot; nil where one was removed. Matches in `RecordBatch` are slots.
    public func slots(ofTopic name: String) -> [SubscriptionID?] { topics[name]?.slots.map { $0?.id } ?? [] }

    public func subscription(_ id: SubscriptionID) -> Subscription { subscriptions[id.index].policy }

    public func subscription(named name: String) -> SubscriptionID? { byName[name]?.id }

    /// By an operator.
    public func isPaused(_ id: SubscriptionID) -> Bool { subscriptions[id.index].isPaused }

    /// Why it is suspended; nil when it is not.
    public func suspension(of id: SubscriptionID) -> String? { subscriptions[id.index].suspension }

    public func name(of partition: PartitionHandle) -> TopicPartitionName { partitions[partition.index].name }

    /// The assignment of a partition that is in force; nil when there is none.
    public func handle(of name: TopicPartitionName) -> PartitionHandle? {
        topics[name.topic]?.partitions.last { $0.name == name }?.handle
    }

    /// The partitions that are this shard's, loading or draining ones included.
    public var owned: [PartitionHandle] { topicsInOrder.flatMap { $0.partitions.map(\.handle) } }

    public func isRetryTopic(_ partition: PartitionHandle) -> Bool { partitions[partition.index].lane != nil }
}
