public import Control
public import EventModel
public import KafkaClient
public import Manifests

/// What a registration is in the control topic.
public enum RegistrationRecords {
    /// Asks the cluster where the subscription is to begin. For threads that may wait.
    ///
    /// A new one gets its first place in the same breath: if each replica looked for it later, `latest` would be later, and a
    /// crash in between would leave out what came meanwhile. So does one whose name was deleted before, whatever cursors Kafka still
    /// has of its namesake. A name that comes from a file goes on where its cursors are.
    public static func registering(
        _ plan: SubscriptionRegistry.Plan, after state: ControlState, _ configuration: BridgeConfiguration, _ by: Attribution,
        _ kafka: KafkaConfiguration
    ) throws(ChangeFailure) -> (records: [ControlRecord], seek: Seek?) {
        let policy = plan.subscription
        let isNamesake = state.registrations[policy.name].map { $0.definition == nil } ?? false
        let registration = ControlRecord.registration(subscription: policy.name, Registration(definition: plan.definition, change: by))
        try checkDeadLetterTopic(policy, configuration, kafka)
        guard plan.isNewInTopic else { return ([registration], nil) }
        if !isNamesake, try hasCursors(policy, configuration, kafka) { return ([registration], nil) }
        let seek = try ChangeRecords.look(SeekTarget(policy.start), policy.topic, by, kafka)
        return ([.seek(subscription: policy.name, seek), registration], seek)
    }

    /// - Parameter file: the manifest that has the name, if one has.
    public static func deleting(
        _ name: String, after state: ControlState, file: String?, _ by: Attribution
    ) throws(ChangeFailure) -> [ControlRecord] {
        guard state.registrations[name] != nil else {
            guard let file else { throw .unknownSubscription }
            throw .impossible("\"\(name)\" stands in \(file): take it out there")
        }
        var records: [ControlRecord] = [.registration(subscription: name, Registration(definition: nil, change: by))]
        if state.pauses[name] != nil { records.append(.forgotten(.pause(name))) }
        if state.suspensions[name] != nil { records.append(.forgotten(.suspension(name))) }
        if let seek = state.seeks[name] {
            records.append(.forgotten(.seek(name)))
            records += seek.offsets.keys.sorted().map { .forgotten(.soughtPartition(name, $0)) }
        }
        return records
    }

    /// A subscription without one would wait at its first dead letter.
    private static func checkDeadLetterTopic(
        _ policy: Subscription, _ configuration: BridgeConfiguration, _ kafka: KafkaConfiguration
    ) throws(ChangeFailure) {
        guard !policy.deadLetter.drop else { return }
        let topic = configuration.deadLetterTopic(for: policy)
        do throws(KafkaError) {
            let found = try ClusterAdmin(kafka, timeoutMilliseconds: 5000).metadata(topic: topic).topics.first { $0.name == topic }
            guard found?.partitions.isEmpty ?? true else { return }
        } catch {
            throw .unavailable("the dead-letter topic cannot be looked up: \(error.message)")
        }
        throw .impossible("the dead-letter topic \(topic) does not exist: create it, or name another one in deadLetter.topic")
    }

    private static func hasCursors(
        _ policy: Subscription, _ configuration: BridgeConfiguration, _ kafka: KafkaConfiguration
    ) throws(ChangeFailure) -> Bool {
        do throws(KafkaError) {
            let admin = try ClusterAdmin(kafka, timeoutMilliseconds: 5000)
            let found = try admin.metadata(topic: policy.topic).topics.first { $0.name == policy.topic }
            let partitions = (found?.partitions ?? []).map { TopicPartition(topic: policy.topic, partition: $0.number) }
            return try !GroupOffsets.committed(by: "\(configuration.group).\(policy.name)", partitions, kafka).isEmpty
        } catch {
            throw .unavailable("its cursors cannot be looked up: \(error.message)")
        }
    }
}

extension SeekTarget {
    fileprivate init(_ start: StartPosition) {
        switch start {
        case .latest: self = .latest
        case .earliest: self = .earliest
        case .time(let time): self = .time(time)
        }
    }
}
