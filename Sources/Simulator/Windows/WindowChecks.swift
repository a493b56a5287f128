import DeliveryCore
import EventModel

// The contract of windows, clause by clause.

// MARK: Determinism

/// > One window has one content, however often it is delivered, whichever engine made it; what windows come out is a function
/// > of the log and the acknowledged advances alone.
extension WindowSimulation {
    /// A window goes out.
    func checkContent(of name: WindowInstance.Name, _ offsets: [Int64], _ course: WindowCourse) {
        course.follow(log(course.key))
        guard let instance = course.instance(name) else {
            let close = (course.due + course.openWindows).filter { $0.offsets.contains(offsets.first ?? -1) }
            return violation(.windows, "\(course.key): a window \(name) with \(offsets) goes out, and the log makes none; of its first event it makes \(close)")
        }
        course.sent(name, offsets)
        if instance.offsets != offsets { violation(.windows, "\(course.key): a window goes out with \(offsets), and the log makes \(instance)") }
    }

    /// A commit forgets an advance that Kafka had taken. That may be, as long as nothing was made of it.
    func checkWhatWentOut(_ course: WindowCourse) {
        for (name, fate) in course.fates.sorted(by: { "\($0.key)" < "\($1.key)" }) {
            guard let content = fate.content, course.instance(name)?.offsets != content else { continue }
            return violation(.windows, "\(course.key): a window \(name) went out with \(content), and a commit forgets the advance that made it so")
        }
    }

    /// What goes on from a committed cursor has to come to the same windows. An advance at the base may stand among the advances
    /// still, or be in force already.
    private func checkWatermark(_ claim: WindowClaim, _ course: WindowCourse) {
        func words(_ time: Int64?) -> String { time.map { "\($0)" } ?? "none" }
        let known = course.watermark(before: claim.base)
        let advances = claim.advances.filter { $0.offset <= claim.base }.map(\.time)
        let expected = ([known].compactMap(\.self) + advances).max()
        if claim.watermark ?? .min > known ?? .min || ([claim.watermark].compactMap(\.self) + advances).max() != expected {
            violation(.windows, "\(course.key): a commit of \(claim) has the watermark \(words(claim.watermark)); it is \(words(known))")
        }
    }

    /// Of a repartition topic: how far its sources are there.
    private func checkSources(_ claim: WindowClaim, _ course: WindowCourse) {
        let log = log(course.key)
        let known = log.records[..<log.index(of: claim.base)].last?.origin?.known
        guard let known, claim.sources != known else { return }
        violation(.windows, "\(course.key): a commit of \(claim) says of its sources \(claim.sources.map { "\($0)" } ?? "nothing"); they are \(known)")
    }

    /// Kafka takes a commit: new advances have a reason.
    func checkAdvance(of commit: Stored) {
        let (claim, course) = (commit.claim, commit.course)
        if let last = stored[course.key], last.course === course, last.offset > commit.offset {
            violation(.cursor, "\(course.key): the cursor goes back from \(last.offset) to \(commit.offset)")
        }
        for (offset, time) in claim.advances where course.advances[offset].map({ $0 < time }) ?? true { checkReason(offset, time, course) }
    }

    /// > When everything up to a recently asked end of the log has been looked at, and no event has come for `idle`, and an open
    /// > window would be complete at that time less `idle`.
    private func checkReason(_ offset: Int64, _ time: Int64, _ course: WindowCourse) {
        guard let window = course.policy.window else { return violation(.cursor, "\(course.key): a watermark without windows") }
        let log = log(course.key)
        let words = "\(course.key): the watermark advances to \(time) at \(offset)"
        if offset > log.end { violation(.cursor, "\(words), beyond the end of the log at \(log.end)") }
        if time > latestWall.milliseconds - window.idle.inMilliseconds { violation(.windows, "\(words), and the latest clock shows \(latestWall.milliseconds)") }
        // Where clocks are right, when the end was asked for can be told.
        let asked = Instant(nanoseconds: (time + window.idle.inMilliseconds - Simulation.startOfWallClock) * 1_000_000)
        let after = log.records[log.index(of: offset)...]
        if scenario.clockOffsets.isEmpty, let missed = after.first(where: { $0.appended < asked && $0.offset >= course.start }) {
            violation(.windows, "\(words), when @\(missed.offset) was there already")
        }
        let before = log.records[..<log.index(of: offset)]
        if let last = before.last(where: { if case .event = course.sight(of: $0) { $0.offset >= course.start } else { false } }), now - last.appended < window.idle {
            violation(.windows, "\(words), \(now - last.appended) after an event")
        }
        if let origin = before.last?.origin, !origin.areAllIdle { violation(.windows, "\(words), and something may come from \(origin.known)") }
        if !course.openWindows(at: offset, log).contains(where: { $0.end + window.grace.inMilliseconds <= time }) {
            violation(.windows, "\(words), which completes no window")
        }
    }
}

// MARK: Settlement

/// > A committed base never passes an event of which some window, or itself as late or poison, is not settled.
extension WindowSimulation {
    /// A commit goes out. Whatever it says is settled has an outcome that an engine was told of.
    ///
    /// - Returns: what it says; nil if nobody can tell.
    func check(_ commit: CursorCommit, _ course: WindowCourse) -> WindowClaim? {
        guard let claim = WindowClaim(commit.offset, commit.metadata, places: course.places) else {
            violation(.cursor, "\(course.key): a commit's metadata cannot be read: \(commit.metadata)")
            return nil
        }
        if commit.metadata.utf8.count > scenario.core.metadataLimit { violation(.cursor, "\(course.key): a commit's metadata is too long") }
        let log = log(course.key)
        if claim.base > log.end { violation(.cursor, "\(course.key): a commit of \(claim.base), beyond the end of the log at \(log.end)") }
        course.follow(log)
        for instance in course.openWindows + course.unsettled where claim.says(instance) {
            violation(.settlement, "\(course.key): a commit of \(claim) says that \(instance) is settled, which has no outcome")
            return nil
        }
        if course.places != nil {
            checkWatermark(claim, course)
            checkSources(claim, course)
        }
        return claim
    }
}

// MARK: Duplicates

/// > A window is settled again only if the engine that settled it ended with that settlement not in an acknowledged commit;
/// > never across a drain.
extension WindowSimulation {
    func checkRepetition(_ cargo: WindowReplica.Cargo) {
        let fate = cargo.course.fates[cargo.name]!
        guard fate.outcomes > 1 + fate.excuses else { return }
        violation(
            .duplicates, "\(cargo.course.key): \(cargo.course.instance(cargo.name)!) came \(fate.accepted) times, was dead-lettered \(fate.deadLetters) and retried \(fate.retries) times, with \(fate.excuses) excuses")
    }

    /// The owner of these seats vanishes without a last commit: what it had in flight, and what it had settled since the
    /// commits that arrived, may come again.
    func excuseRepetitions(of seats: [Coordinator.Seat], heldBy replica: WindowReplica) {
        let handles = seats.compactMap { replica.handles[name(of: $0)] }
        let cargo = replica.attempts.values.flatMap(\.cargo) + replica.diversions.values.map(\.cargo)
        for cargo in cargo where handles.contains(cargo.place.partition) { cargo.course.excuse(cargo.name) }
        for (place, course) in replica.courses where handles.contains(place.partition) { course.excuseUncommitted() }
    }

    /// A partition is let go.
    func checkRelease(of handle: PartitionHandle, _ seat: Coordinator.Seat, by replica: WindowReplica) {
        // The drain ran into its limit, which was said: what it could not commit comes again.
        if replica.timedOut.contains(handle) { return excuseRepetitions(of: [seat], heldBy: replica) }
        let cargo = replica.attempts.values.flatMap(\.cargo) + replica.diversions.values.map(\.cargo)
        if cargo.contains(where: { $0.place.partition == handle }) { violation(.ownership, "a partition is let go with something of it under way") }
        for (place, course) in replica.courses.sorted(by: { $0.key.subscription.index < $1.key.subscription.index }) where place.partition == handle {
            if course.wasFull { course.excuseUncommitted() }
            if let instance = course.uncommitted.first { violation(.duplicates, "\(course.key): the partition is let go, and its commit does not say that \(instance) is settled") }
        }
    }
}

// MARK: Order and routing

extension WindowSimulation {
    /// > Complete windows are delivered in order of (end, first offset), as room allows.
    func checkAttempt(_ cargo: WindowReplica.Cargo, isFirst: Bool, _ replica: WindowReplica) {
        let course = cargo.course
        course.follow(log(course.key))
        guard let instance = course.instance(cargo.name) else { return violation(.windows, "\(course.key): \(cargo.name) goes out, which is not for itself") }
        switch instance.kind {
        case .plain: break
        case .poison: violation(.routing, "\(course.key): \(instance) was sent")
        case .late: if course.policy.window!.late != .deliver { violation(.routing, "\(course.key): \(instance) was sent") }
        case .window:
            guard isFirst, course.policy.delivery.ordering == .none else { return }
            let turn = (end: instance.end, first: instance.first)
            if let last = replica.lastSent[cargo.place], last >= turn { violation(.order, "\(course.key): \(instance) was sent after a window that ends at \(last.end) and begins @\(last.first)") }
            replica.lastSent[cargo.place] = turn
        }
    }

    /// A window is accepted. With an order those before it, of its group or of all, have an outcome.
    func checkLine(_ cargo: WindowReplica.Cargo) {
        let course = cargo.course
        guard course.policy.delivery.ordering != .none, course.fates[cargo.name]?.outcomes ?? 0 == 0, case .window(let group, let end, _) = cargo.name else { return }
        for other in course.due {
            guard case .window(let otherGroup, let otherEnd, _) = other.name else { continue }
            if other.name == cargo.name { return }
            if otherEnd > end || course.policy.delivery.ordering == .key && otherGroup != group { continue }
            if course.fates[other.name]?.outcomes ?? 0 == 0 { return violation(.order, "\(course.key): \(cargo.name) came before \(other)") }
        }
    }

    func checkDiversion(_ view: DiversionView, _ cargo: WindowReplica.Cargo) {
        let course = cargo.course
        course.follow(log(course.key))
        guard let instance = course.instance(cargo.name) else { return violation(.windows, "\(course.key): \(cargo.name) is diverted, which is not for itself") }
        let isDead = view.target == .deadLetter
        switch instance.kind {
        case .poison: if !isDead || view.kind != .poison { violation(.outcome, "\(course.key): \(instance) is diverted to \(view.target) as \(view.kind.map { "\($0)" } ?? "nothing")") }
        case .late where course.policy.window!.late != .deliver:
            if !isDead || view.kind != .windowLate || course.policy.window!.late == .drop {
                violation(.outcome, "\(course.key): \(instance) is diverted to \(view.target) as \(view.kind.map { "\($0)" } ?? "nothing")")
            }
        case .plain, .late, .window:
            if view.kind == .poison || view.kind == .windowLate { violation(.outcome, "\(course.key): \(instance) is diverted as \(view.kind!)") }
            if !scenario.endpoints[course.key.subscription!].mayFail { violation(.outcome, "\(course.key): \(instance) is diverted, and its endpoint never fails") }
        }
    }
}

extension EndpointPlan {
    /// Whether some request may be refused.
    fileprivate var mayFail: Bool { failureRate > 0 || lostAnswers > 0 || poisonEvery > 0 || abortEvery > 0 || !phases.isEmpty || latency.upperBound >= 1000 }
}

// MARK: Memory

/// > Open windows <= maxGroups. Contents are discarded when a cursor is given up or its windows are settled.
extension WindowSimulation {
    func checkKeeping(_ replica: WindowReplica) {
        if let complaint = replica.keeper.complaint { violation(.effects, complaint) }
        // It costs something: now and then is enough for what lasts.
        guard steps % 32 == 0 else { return }
        checkBooks(of: replica)
        for held in replica.keeper.windows.values where !held.isComplete && !replica.isHeld(held.partition) {
            return violation(.memory, "a window of a partition that is gone is held, with \(held.offsets)")
        }
        // Those that are complete, and wait, look like open ones: all that hold the same events are taken for complete.
        var open: [SubscriptionID: Int] = [:]
        for (place, course) in replica.courses where course.places != nil && replica.isHeld(place.partition) {
            course.follow(log(course.key))
            let complete = Set(course.due.map(\.offsets))
            open[place.subscription, default: 0] += replica.keeper.windows.values.count {
                $0.subscription == place.subscription && $0.partition == place.partition && !complete.contains($0.offsets)
            }
        }
        for id in Set(replica.keeper.windows.values.map(\.subscription)) where replica.core.isPaused(id) || replica.core.suspension(of: id) != nil {
            violation(.memory, "\(replica.core.subscription(id).name) is halted, and windows of it are held")
        }
        for (id, count) in open {
            let policy = replica.core.subscription(id)
            if let window = policy.window, count > window.maxGroups { violation(.memory, "\(policy.name) has \(count) open windows; it may have \(window.maxGroups)") }
        }
    }

    private func checkBooks(of replica: WindowReplica) {
        for discrepancy in replica.core.audit() { violation(.books, "replica \(replica.index): \(discrepancy)") }
    }

    /// An engine that has nothing left to do.
    func checkRest(of replica: WindowReplica) {
        checkBooks(of: replica)
        if let held = replica.keeper.windows.values.first { violation(.memory, "everything is settled, and \(replica.keeper.windows.count) windows are held; one with \(held.offsets)") }
        let snapshot = replica.core.snapshot()
        if snapshot.recordBytes != replica.keeper.bytes { violation(.records, "the engine knows of \(snapshot.recordBytes) bytes of records; it was lent \(replica.keeper.bytes)") }
        let inRings = snapshot.partitions.reduce(0) { $0 + $1.ringBytes }
        if snapshot.recordBytes != inRings { violation(.records, "everything is settled, and \(snapshot.recordBytes) bytes of records are held; only \(inRings) are in rings") }
    }

    /// A process is about to end in good order.
    func checkDeparture(of replica: WindowReplica) {
        checkBooks(of: replica)
        // What ran into the limit of its drain, or was lost, may wait for an answer that does not come any more.
        guard !replica.wasEvicted, replica.timedOut.isEmpty else { return }
        if !replica.attempts.isEmpty || !replica.diversions.isEmpty { violation(.ownership, "a process leaves with something under way") }
        if replica.keeper.loanCount > 0 { violation(.records, "a process leaves with \(replica.keeper.loanCount) records that it did not give back") }
        if !replica.keeper.windows.isEmpty { violation(.memory, "a process leaves with \(replica.keeper.windows.count) windows") }
    }
}

// MARK: Progress and completeness

extension WindowSimulation {
    /// > After faults end and with idle advances, everything is delivered.
    ///
    /// - Returns: what is not, in words.
    func firstUnsettled() -> String? {
        for (i, policy) in scenario.subscriptions.enumerated() {
            let topic = topicIndex(policy.topic)
            for partition in logs[topic].indices {
                let key = CursorKey(subscription: i, topic: topic, partition: Int32(partition))
                if let text = firstUnsettled(key) { return "\(policy.name) on \(policy.topic)-\(partition): \(text)" }
            }
        }
        return nil
    }

    private func firstUnsettled(_ key: CursorKey) -> String? {
        guard let stored = stored[key] else { return "there is no cursor" }
        let isPlacedAnew = replicas.contains { replica in
            replica.isUp && replica.courses.contains { $0.value.key == key && $0.value !== stored.course && replica.isHeld($0.key.partition) }
        }
        if isPlacedAnew { return "its cursor was placed anew, which is not committed" }
        stored.course.follow(log(key))
        if let instance = stored.course.unsettled.first { return "\(instance) is not settled; committed is \(stored.claim)" }
        if let instance = stored.course.openWindows.first { return "\(instance) is not complete; committed is \(stored.claim)" }
        if let instance = stored.course.due.first(where: { !stored.claim.says($0) && !($0.kind == .late && stored.course.policy.window?.late == .drop) }) {
            return "nothing says that \(instance) is settled; committed is \(stored.claim)"
        }
        return nil
    }

    /// > Every matching event is in each of its windows' contents exactly once, or its late event was dead-lettered, dropped or
    /// > delivered exactly as policy says, or its poison dead-lettered.
    ///
    /// That windows went out as the log makes them was checked when they did.
    func checkOutcomes() {
        for (key, stored) in stored.sorted(by: { ($0.key.subscription!, $0.key.partition) < ($1.key.subscription!, $1.key.partition) }) {
            let course = stored.course
            let late = course.policy.window?.late
            for instance in course.due {
                let fate = course.fates[instance.name] ?? WindowCourse.Fate()
                let isRight =
                    switch (instance.kind, late) {
                    case (.window, _), (.plain, _), (.late, .deliver?): fate.outcomes > 0
                    case (.poison, _), (.late, .deadLetter?): fate.deadLetters > 0 && fate.accepted == 0 && fate.retries == 0
                    case (.late, _): fate.outcomes == 0
                    }
                if !isRight { violation(.outcome, "\(key): \(instance) was accepted \(fate.accepted), dead-lettered \(fate.deadLetters) and retried \(fate.retries) times") }
            }
        }
        for (i, policy) in scenario.subscriptions.enumerated() where policy.window?.late == .drop {
            let late = stored.values.reduce(0) { $0 + ($1.course.key.subscription == i ? $1.course.due.count { $0.kind == .late } : 0) }
            if drops[i, default: 0] < late { violation(.reports, "\(policy.name) dropped \(late) late events, and reported \(drops[i, default: 0])") }
        }
    }
}
