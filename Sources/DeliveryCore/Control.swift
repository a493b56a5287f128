import EventModel

// What operators ask of a subscription: pause, resume, seek; and what a stall of the process asks of the engine.
extension DeliveryCore {
    // MARK: Operators

    mutating func pause(_ state: SubscriptionState) {
        guard !state.isPaused else { return }
        state.isPaused = true
        halt(state)
    }

    /// As `suspend`, but those who should hear of it have.
    mutating func suspendToo(_ state: SubscriptionState, _ reason: String) {
        guard !state.isRemoved, state.suspension == nil else { return }
        state.suspension = reason
        halt(state)
    }

    /// Goes on, also after a suspension, from where the committed cursors say: an operator may have moved them meanwhile
    /// with Kafka's own tools.
    mutating func resume(_ state: SubscriptionState) {
        guard !state.isRemoved else { return }
        let wasRunning = state.isRunning
        state.isPaused = false
        state.suspension = nil
        if !wasRunning { goOn(state) }
    }

    mutating func seek(_ state: SubscriptionState, _ handles: [PartitionHandle], _ target: CursorTarget) {
        guard !state.isRemoved else { return }
        for handle in handles {
            let partition = partitions[handle.index]
            guard partition.phase == .loading || partition.phase == .reading, partition.topic === state.topic,
                Int(state.slot) < partition.cursors.count, let cursor = partition.cursors[Int(state.slot)]
            else { continue }
            move(state, [cursor], to: target)
        }
    }

    /// The subscription may send again: its cursors are read anew.
    mutating func goOn(_ state: SubscriptionState) {
        guard state.isRunning else { return }
        move(state, state.cursors, to: .committed)
        if state.circuit.state != .open { startFlow(state) }
        // The timer may have passed by meanwhile.
        if state.circuit.state == .open { timers.set(.probe(state.id), at: state.circuit.nextProbe) }
        markReady(state)
    }

    /// What it reads is to be taken in another manner from now on.
    mutating func readAnew(_ state: SubscriptionState) { move(state, state.cursors, to: .committed) }

    // MARK: Moving a cursor

    /// What waits in memory for an endpoint that fails, or for an operator's word.
    func mayKeepWaiting(_ state: SubscriptionState) -> Bool {
        state.isRunning && (state.stalledBytes <= bytesPerSubscription || state.circuit.state == .closed)
    }

    /// An outage or a pause may last, and the others need the memory.
    mutating func setAsideOverfull() {
        while let state = overfull.popLast() { if !mayKeepWaiting(state) { setAside(state) } }
    }

    /// Leaves what waits in memory to Kafka: it is read again when the subscription can send.
    mutating func setAside(_ state: SubscriptionState) {
        if state.stalled.isEmpty && state.held == 0 && !state.hasWindow { return }
        let cursors = ContiguousArray(state.cursors.lazy.filter { $0.holdsEvents && !$0.isMoving })
        if cursors.isEmpty { return }
        report(.setAside(state.id, cursors.map(\.partition.handle)))
        move(state, cursors, to: .committed)
    }

    /// Reads a halted subscription's cursor and commits it again, before its group expires. Somebody may have moved it
    /// meanwhile with Kafka's own tools: what stands there stays.
    mutating func refresh(_ cursor: Cursor, of state: SubscriptionState) {
        cursor.isToBeRefreshed = true
        move(state, [cursor], to: .committed)
    }

    /// Takes nothing more from where the cursors are, lets what is in flight end and be committed, and goes on elsewhere.
    private mutating func move(_ state: SubscriptionState, _ cursors: ContiguousArray<Cursor>, to target: CursorTarget) {
        var loaded: [Cursor] = []
        for cursor in cursors where !cursor.isGone && (cursor.partition.phase == .loading || cursor.partition.phase == .reading) {
            // A seek says where to; that it is to be read anew says nothing against it.
            if cursor.isMoving, target == .committed { continue }
            cursor.target = target
            // The answer to what is being asked for it is still to come, and is then taken for the word to go.
            guard cursor.isLoaded else { continue }
            dropPending(cursor)
            forgetLines(cursor)
            forgetWindows(cursor)
            updateHunger(cursor)
            if cursor.isRefresh { markClean(cursor) }
            loaded.append(cursor)
        }
        if loaded.isEmpty { return }
        forgetWaiting(state)
        forgetHeld()
        forgetPausing()
        for cursor in loaded { checkMoved(cursor) }
    }

    /// Replaces a cursor that is to move, when nothing of it is under way any more. A new one takes its place, so that
    /// nothing that refers to the old one can settle anything in it.
    mutating func checkMoved(_ cursor: Cursor) {
        guard let target = cursor.target, cursor.isLoaded, !cursor.isGone, cursor.busy == 0, !cursor.isDirty, !cursor.isInCommit,
            cursor.partition.phase == .loading || cursor.partition.phase == .reading, let state = cursor.subscription
        else { return }
        let partition = cursor.partition
        forget(cursor)
        retire(cursor)
        state.cursors.removeAll { $0 === cursor }
        let successor = addCursor(of: state, to: partition)
        if target == .committed {
            successor.isRefresh = cursor.isToBeRefreshed && !state.isRunning
            load(state.group, [partition.handle])
        } else {
            place(successor, at: target)
        }
    }

    /// Sends a cursor without a place to where it was told to go.
    mutating func place(_ cursor: Cursor, at target: CursorTarget) {
        switch target {
        case .committed: preconditionFailure("what is committed is loaded")
        case .start(let position): effects.append(.resolveStart(cursor.group.id, cursor.partition.handle, position))
        case .offset(let offset): placed(cursor, at: offset)
        }
    }

    /// The cursor's place is not from a commit: it is committed at once, so that a crash before the first event does not
    /// undo it.
    mutating func placed(_ cursor: Cursor, at offset: Int64) {
        restore(cursor, offset, [], rememberedFrom: offset)
        markDirty(cursor)
        report(.cursorPlaced(cursor.subscription?.id, cursor.partition.name, offset: offset))
    }

    // MARK: Stalls

    /// The process stood still for so long that the group may have given its partitions to others. Until that is known
    /// nothing goes out: no commit that would undo another owner's, no attempt of an event that is another's.
    mutating func membershipDoubted() { isInDoubt = true }

    mutating func membershipSettled() {
        isInDoubt = false
        let waiting = diversionsInDoubt
        diversionsInDoubt.removeAll()
        for id in waiting { divertAgain(id) }
        sendLastCommits()
    }
}
