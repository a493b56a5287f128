import DeliveryCore

// What the engine says of an attempt, for those who keep records of attempts.
extension Simulation {
    /// Every event of an attempt that counts has one next step, and it is what the engine has done about it.
    func judgeNextSteps(of records: [RecordToken], _ replica: Replica) {
        let ending = replica.core.ending
        var targets: [RecordToken: DiversionView.Target] = [:]
        for case .divert(let id) in replica.effects {
            let view = replica.core.diversion(id)
            targets[view.item.token] = view.target
        }
        for record in records where ending.result != nil {
            let steps = ending.steps.filter { $0.record == record }.map(\.step)
            guard steps.count == 1 else {
                violation(.reports, "an attempt of an event ended, and \(steps.isEmpty ? "nothing is" : "\(steps) are") said to become of it")
                continue
            }
            // In doubt nothing is produced yet.
            guard let target = targets[record] else { continue }
            switch (steps[0], target) {
            case (.retry(let partition, let due), .retry(let lane, let time)) where partition == lane && due == time: break
            case (.deadLetter, .deadLetter): break
            default: violation(.reports, "an event's next step is said to be \(steps[0]), and it goes to \(target)")
            }
        }
    }
}
