import EventModel

/// What one cursor comes by from where it was placed on, whichever engines own it meanwhile, and what became of it. A cursor
/// that is placed anew begins another course: with windows of its own, each of which has an outcome of its own.
final class WindowCourse {
    struct Fate {
        /// Requests accepted by the endpoint; records written to the dead-letter and to the retry topic.
        var accepted = 0
        var deadLetters = 0
        var retries = 0
        /// Times that a crash or a lost answer made a repetition unavoidable.
        var excuses = 0
        /// Some engine was told of its outcome, and still had its cursor.
        var isTold = false

        /// As it went out.
        var content: [Int64]? = nil

        var outcomes: Int { accepted + deadLetters + retries }
    }

    let key: CursorKey
    let policy: Subscription
    let start: Int64
    /// The advances that Kafka has taken: the latest time at each offset.
    private(set) var advances: [Int64: Int64] = [:]
    private(set) var fates: [WindowInstance.Name: Fate] = [:]
    /// Settled, and not said in what Kafka has taken.
    private var ahead: [WindowInstance.Name: WindowInstance] = [:]
    /// Its settled places did not fit the metadata at some time.
    var wasFull = false

    private var model: WindowModel?
    /// Everything before it has been folded.
    private var position: Int64
    /// When each event was last, of those that came by.
    private var lastSeen: [UInt64: WallTime] = [:]
    /// Offsets of events that came before (`deduplicate`).
    private(set) var repeats: Set<Int64> = []
    /// The highest times of events, each with the offset from which on it is one.
    private var peaks: [(offset: Int64, time: Int64)] = []
    private var instances: [WindowInstance.Name: WindowInstance] = [:]
    /// In the order in which they are due.
    private(set) var due: [WindowInstance] = []
    private var untold: [WindowInstance] = []

    init(_ key: CursorKey, _ policy: Subscription, start: Int64) {
        self.key = key
        self.policy = policy
        self.start = start
        position = start
        model = policy.window.map { WindowModel($0) }
    }

    /// In how many windows an event may be; nil without windows.
    var places: Int64? { policy.window.map { WindowModel.places($0.shape) } }

    // MARK: What the log makes

    /// Takes in what the log has got meanwhile.
    func follow(_ log: WindowLog) {
        var i = log.index(of: position)
        while i < log.records.count {
            let record = log.records[i]
            i += 1
            position = record.offset + 1
            noteRepeat(record)
            let sight = sight(of: record)
            if let time = record.origin?.watermark, sight == .nothing { come(to: time, at: record.offset) }
            guard sight != .nothing else { continue }
            guard model != nil else {
                let kind: WindowInstance.Kind = sight == .poison ? .poison : .plain
                found(WindowInstance(name: .single(offset: record.offset), kind: kind, offsets: [record.offset], end: .max, place: record.offset))
                continue
            }
            model!.look(sight, at: record.offset, says: record.origin == nil)
            if let origin = record.origin {
                if let time = origin.watermark { come(to: time, at: record.offset) }
            } else if case .event(let time, _) = sight {
                notePeak(time, at: record.offset)
            }
            collect()
        }
    }

    /// > With `deduplicate` an event is a repeat if the same came at most so long before it, whatever became of that.
    private func noteRepeat(_ record: WindowRecord) {
        guard let deduplicate = policy.deduplicate, record.identity != 0, record.sight(policy) != .nothing, record.defect != .unreadable else { return }
        if let last = lastSeen[record.identity], record.timestamp - last <= deduplicate.window { repeats.insert(record.offset) }
        lastSeen[record.identity] = record.timestamp
    }

    /// What it sees of a record that it has come by.
    func sight(of record: WindowRecord) -> WindowModel.Sight { repeats.contains(record.offset) ? .nothing : record.sight(policy) }

    /// All sources together have come that far.
    private func come(to time: Int64, at offset: Int64) {
        model!.advance(to: time)
        notePeak(time, at: offset)
        collect()
    }

    private func notePeak(_ time: Int64, at offset: Int64) { if time > peaks.last?.time ?? .min { peaks.append((offset, time)) } }

    /// Kafka has taken a commit, and with it advances: they are a part of the log from now on.
    ///
    /// - Returns: whether some that it had taken before are there no more. It may be that nothing was made of them yet.
    func take(advancesOf claim: WindowClaim, _ log: WindowLog) -> Bool {
        let before = advances
        advances = before.filter { $0.key < claim.base || $0.key == claim.base && $0.value <= claim.watermark ?? .min }
        for (offset, time) in claim.advances { advances[offset] = max(time, advances[offset] ?? time) }
        guard advances != before else { return false }
        let isForgotten = before.contains { advances[$0.key].map { [old = $0.value] in $0 < old } ?? true }
        let changed = advances.filter { before[$0.key] != $0.value }
        if !isForgotten, changed.allSatisfy({ $0.key >= position }) {
            for time in changed.values { model!.advance(to: time) }
        } else {
            // All over again.
            model = fold(log, until: position)
            instances = [:]
            due = []
            untold = []
        }
        collect()
        return isForgotten
    }

    /// Windows that were open when everything before an offset had been looked at.
    func openWindows(at offset: Int64, _ log: WindowLog) -> [WindowInstance] { fold(log, until: offset).openWindows }

    /// From the start, with the advances where they belong.
    private func fold(_ log: WindowLog, until end: Int64) -> WindowModel {
        var model = WindowModel(policy.window!)
        var advances = advances.sorted { $0.key < $1.key }[...]
        for record in log.records[log.index(of: start)...] where record.offset < end {
            while let next = advances.first, next.key <= record.offset { model.advance(to: advances.removeFirst().value) }
            model.look(sight(of: record), at: record.offset, says: record.origin == nil)
            if let time = record.origin?.watermark { model.advance(to: time) }
        }
        for advance in advances where advance.key <= end { model.advance(to: advance.value) }
        return model
    }

    private func collect() {
        for instance in model!.done[due.count...] { found(instance) }
    }

    private func found(_ instance: WindowInstance) {
        instances[instance.name] = instance
        due.append(instance)
        if fates[instance.name]?.isTold != true { untold.append(instance) }
    }

    func instance(_ name: WindowInstance.Name) -> WindowInstance? { instances[name] }

    var openWindows: [WindowInstance] { model?.openWindows ?? [] }

    /// What has no outcome that an engine knows of. Of late events that are dropped none is expected.
    var unsettled: [WindowInstance] {
        untold.removeAll { fates[$0.name]?.isTold ?? false || $0.kind == .late && policy.window?.late == .drop }
        return untold
    }

    /// Just before the event at an offset, or whatever comes there, is counted.
    func watermark(before offset: Int64) -> Int64? {
        var time = peaks.last { $0.offset < offset }?.time
        for advance in advances where advance.key <= offset { time = max(time ?? advance.value, advance.value) }
        return time
    }

    // MARK: What became of it

    func sent(_ name: WindowInstance.Name, _ content: [Int64]) { fates[name, default: Fate()].content = content }

    func accepted(_ name: WindowInstance.Name) { fates[name, default: Fate()].accepted += 1 }

    func deadLettered(_ name: WindowInstance.Name) { fates[name, default: Fate()].deadLetters += 1 }

    func retried(_ name: WindowInstance.Name) { fates[name, default: Fate()].retries += 1 }

    func excuse(_ name: WindowInstance.Name) { fates[name, default: Fate()].excuses += 1 }

    /// An engine is being told of an outcome, and still has the cursor.
    func told(_ name: WindowInstance.Name) {
        fates[name, default: Fate()].isTold = true
        if let instance = instances[name] { ahead[name] = instance }
    }

    /// Kafka has taken a commit. That of a full cursor may say less than the one before.
    func committed(_ claim: WindowClaim) {
        if wasFull { for instance in due where fates[instance.name]?.isTold ?? false { ahead[instance.name] = instance } }
        ahead = ahead.filter { !claim.says($0.value) }
    }

    /// Settled, and not according to the last commit that Kafka has taken: what comes again if its owner vanishes.
    var uncommitted: [WindowInstance] { ahead.values.sorted { $0.place < $1.place } }

    /// That will be settled once more.
    func excuseUncommitted() {
        for name in ahead.keys { excuse(name) }
        ahead = [:]
    }
}
