import DeliveryCore
import EventModel

// What operators do while replicas run: pause, resume, seek, and Kafka's own tools; and what is done to logs.
extension Simulation {
    /// Halts a subscription for some time, and moves its cursors meanwhile if that is asked for.
    func pause(_ subscription: Int, for span: TimeSpan, reset seek: Scenario.Seek?) {
        guard !paused.contains(subscription) else { return }
        note(.fault, nil, Int64(subscription), text: "subscription \(subscription) is paused for \(span)")
        paused.insert(subscription)
        pauses[subscription, default: 0] += 1
        let pause = pauses[subscription]!
        tellAll(subscription) { .pause($0) }
        func later(_ span: TimeSpan, _ action: @escaping Agenda<Simulation>.Action) {
            after(span) { if $0.paused.contains(subscription), $0.pauses[subscription] == pause { action($0) } }
        }
        // Long before the end, so that the halted subscription's cursors may be looked after meanwhile.
        if let seek { later(span * 0.4) { $0.reset(subscription, seek) } }
        later(span) { $0.resume(subscription) }
    }

    func resume(_ subscription: Int) {
        guard paused.remove(subscription) != nil else { return }
        note(.fault, nil, Int64(subscription), text: "subscription \(subscription) is resumed")
        suspended.remove(subscription)
        tellAll(subscription) { .resume($0) }
    }

    /// The endpoint says how many requests a second it takes; 0: any number.
    func allow(_ subscription: Int, _ perSecond: Double) {
        note(.fault, nil, Int64(subscription), text: "the endpoint of subscription \(subscription) allows \(perSecond) a second")
        var limit = RateLimit()
        limit.perSecond = perSecond
        limit.burst = max(1, perSecond)
        allowedRates[subscription] = perSecond > 0 ? limit : nil
        let allowed = allowedRates[subscription]
        tellAll(subscription) { .allowedRate($0, allowed) }
    }

    func seek(_ subscription: Int, _ seek: Scenario.Seek) {
        note(.fault, nil, Int64(subscription), text: "subscription \(subscription) is sent to \(seek)")
        let topic = topicIndex(scenario.subscriptions[subscription].topic)
        for replica in replicas where replica.isUp {
            whenAwake(replica) { simulation in
                guard let id = replica.core.subscription(named: simulation.scenario.subscriptions[subscription].name) else { return }
                for partition in simulation.broker.logs[topic].indices {
                    let name = TopicPartitionName(topic: simulation.topicName(topic), partition: Int32(partition))
                    guard replica.isUp, let handle = replica.core.handle(of: name) else { continue }
                    simulation.step(replica.index, .seek(id, [handle], simulation.target(seek, subscription, topic, partition)))
                }
            }
        }
    }

    private func target(_ seek: Scenario.Seek, _ subscription: Int, _ topic: Int, _ partition: Int) -> CursorTarget {
        switch seek {
        case .earliest: return .start(.earliest)
        case .latest: return .start(.latest)
        case .ago(let span): return .start(.time(WallTime(milliseconds: moment.wall.milliseconds - span.nanoseconds / 1_000_000)))
        case .by(let count):
            let key = CursorKey(subscription: subscription, topic: topic, partition: Int32(partition))
            let log = broker.log(topic, Int32(partition))
            return .offset(max(log.start, min(log.end, (broker.committed[key]?.offset ?? 0) + Int64(count))))
        }
    }

    /// With Kafka's own tool, which refuses to where anybody might still commit.
    private func reset(_ subscription: Int, _ seek: Scenario.Seek) {
        let topic = topicIndex(scenario.subscriptions[subscription].topic)
        for partition in broker.logs[topic].indices {
            let key = CursorKey(subscription: subscription, topic: topic, partition: Int32(partition))
            guard let committed = broker.committed[key], ledger.uncommitted(key, committed) == nil, ledger.placements[key] == nil, isIdle(subscription) else { continue }
            let log = broker.log(topic, Int32(partition))
            let offset: Int64 =
                switch target(seek, subscription, topic, partition) {
                case .start(.earliest): log.start
                case .start(.latest): log.end
                case .start(.time(let time)): log.records.first { $0.timestamp >= time }?.offset ?? log.end
                case .offset(let offset): offset
                case .committed: committed.offset
                }
            note(.fault, nil, Int64(subscription), Int64(partition), offset, text: "the cursor \(key) is set to \(offset)")
            reset(key, to: offset)
        }
    }

    /// Nothing of a subscription is under way anywhere.
    private func isIdle(_ subscription: Int) -> Bool {
        guard commitsUnderWay[subscription, default: 0] == 0 else { return false }
        return replicas.allSatisfy { replica in
            !replica.isUp
                || (!replica.isStandingStill && !hasUncommitted(subscription, replica) && replica.attempts.values.allSatisfy { $0.subscription != subscription }
                    && replica.diversions.values.allSatisfy { $0.pair.subscription != subscription || $0.carrier.cursor.subscription == nil })
        }
    }

    /// A commit is under way, or will be repeated.
    private func hasUncommitted(_ subscription: Int, _ replica: Replica) -> Bool {
        guard let id = replica.core.subscription(named: scenario.subscriptions[subscription].name) else { return false }
        // What could not be written to another topic will be tried again, and settled.
        if replica.account.tries.contains(where: { $0.key.subscription == id && $0.value.diversion != nil }) { return true }
        // One that was just loaded to be committed again will be.
        if replica.account.refreshes.contains(where: { $0.subscription == id }) { return true }
        if replica.account.refreshedAt.contains(where: { $0.key.subscription == id && now - $0.value < .seconds(5) }) { return true }
        guard let books = replica.account.groups[.subscription(id)] else { return false }
        return books.isUnderWay || books.failedAt != nil || books.dirtySince != nil
    }

    func tellAll(_ subscription: Int, _ input: @escaping (SubscriptionID) -> Input) {
        let name = scenario.subscriptions[subscription].name
        for replica in replicas where replica.isUp {
            whenAwake(replica) { simulation in
                guard let id = replica.core.subscription(named: name) else { return }
                simulation.step(replica.index, input(id))
            }
        }
    }

    /// Now, or first thing when it wakes.
    func whenAwake(_ replica: Replica, _ action: @escaping Agenda<Simulation>.Action) {
        if replica.isStandingStill { replica.inbox.append(action) } else { action(self) }
    }

    // MARK: Logs

    /// Kafka deletes the beginning of a log, settled or not.
    func retain(_ topic: Int, _ partition: Int, share: Double) {
        let log = broker.logs[topic][partition]
        let offset = log.start + Int64(Double(log.end - log.start) * (1 - share))
        note(.fault, nil, Int64(topic), Int64(partition), offset, text: "\(topicName(topic))-\(partition) begins at \(offset) from now on")
        for record in log.records where record.offset < offset { noteDeleted(record, topic, partition) }
        broker.logs[topic][partition].delete(before: offset)
        pumpAll()
    }

    /// Some records are superseded by others, and vanish from the midst.
    func compact(_ topic: Int, _ partition: Int, share: Double) {
        note(.fault, nil, Int64(topic), Int64(partition), text: "\(topicName(topic))-\(partition) is compacted")
        var random = self.random.split()
        // The last record of a log always stays.
        broker.logs[topic][partition].delete { _ in random.chance(share) }
    }

    /// A topic gets one partition more.
    func grow(_ topic: Int) {
        let partition = broker.logs[topic].count
        guard partition < 6 else { return }
        note(.fault, nil, Int64(topic), Int64(partition), text: "\(topicName(topic)) has \(partition + 1) partitions from now on")
        broker.logs[topic].append(SimulatedLog())
        let (name, count) = (topicName(topic), partition + 1)
        for replica in replicas where replica.isUp {
            whenAwake(replica) { $0.step(replica.index, .partitionCount(topic: name, count)) }
        }
        coordinator.seats.append(Coordinator.Seat(topic: topic, partition: Int32(partition)))
        rebalance()
        for _ in 0..<5 {
            after(milliseconds(1...20_000)) { simulation in
                if simulation.isHealed { return }
                simulation.produce(topic, partition)
                simulation.pumpAll()
            }
        }
    }
}
