internal import EventModel
internal import Transforms

/// What a topic must be together with the bridge's configuration.
enum TopicChecks {
    static func run(
        _ manifest: TopicManifest, hasNoSubscriptions: Bool, _ configuration: BridgeConfiguration, at place: Position,
        _ reader: inout Reader
    ) {
        guard !manifest.topic.isEmpty else { return }
        if manifest.topic == configuration.retryTopicName {
            reader.error(place, "topic", "this is the bridge's own retry topic; name the topic that carries the events")
        }
        if manifest.validate != .off, !manifest.events.contains(where: { $0.schema != nil }) {
            reader.warn(
                reader.positions["validate"] ?? place, "validate",
                "there is no schema to hold events to; give some type under events a schema, or remove it")
        }
        if hasNoSubscriptions {
            reader.warn(place, "subscriptions", "the topic has no subscriptions; it is not read", code: .nothingDelivered)
        }
    }
}

/// What a subscription's keys must be together, and with the bridge's configuration.
struct SubscriptionChecks {
    let subscription: Subscription
    let path: String
    let place: Position
    let configuration: BridgeConfiguration
    /// Of its topic, where the manifest says it.
    let partitions: Int?
    /// Paths with errors: what is wrong by itself is not complained about again in combination.
    let broken: Set<String>

    func run(_ reader: inout Reader) {
        endpoint(&reader)
        handshake(&reader)
        signing(&reader)
        auth(&reader)
        delivery(&reader)
        retry(&reader)
        deadLetter(&reader)
        batch(&reader)
        templates(&reader)
        window(&reader)
    }

    /// Where a key was given: in the subscription, in `defaults`, or, for a built-in default, at the subscription.
    func position(_ key: String, _ reader: Reader) -> Position {
        reader.positions["\(path).\(key)"] ?? reader.positions["defaults.\(key)"] ?? place
    }

    func isBroken(_ key: String) -> Bool {
        let full = "\(path).\(key)"
        return broken.contains { $0 == full || $0.hasPrefix(full + ".") || $0.hasPrefix(full + "[") }
    }

    private func endpoint(_ reader: inout Reader) {
        guard !isBroken("endpoint") else { return }
        if subscription.endpoint.isEmpty {
            reader.error(place, path, "the key endpoint is missing; write endpoint: https://...", code: .missingKey)
        } else if !configuration.egress.allowHTTP && subscription.endpoint.lowercased().hasPrefix("http:") {
            reader.error(
                position("endpoint", reader), "\(path).endpoint",
                "http is not allowed; write https, or set egress.allowHTTP: true in fanfare.yaml")
        } else {
            warnOfDenial(of: subscription.endpoint, "the endpoint", "endpoint", &reader)
        }
    }

    private func handshake(_ reader: inout Reader) {
        guard subscription.handshake, !isBroken("handshake"), !isBroken("endpoint") else { return }
        if configuration.origin == nil {
            reader.error(
                position("handshake", reader), "\(path).handshake",
                "an endpoint consents to somebody; give this bridge a name: origin: events.example.com in fanfare.yaml")
        }
        if Template.hasTags(subscription.endpoint) {
            reader.error(
                position("handshake", reader), "\(path).handshake",
                "an endpoint that is a template has no one address to ask; remove handshake, or the template")
        }
    }

    private func signing(_ reader: inout Reader) {
        guard !isBroken("signing") else { return }
        switch subscription.signing {
        case .unspecified:
            reader.warn(place, path, "deliveries are not signed; give signing.secrets, or write signing: none if that is meant", code: .unsigned)
        case .signed(let method) where method.secrets.isEmpty && method.keys.isEmpty:
            reader.error(position("signing", reader), "\(path).signing", SigningCatalog.missing)
        case .none, .signed: break
        }
    }

    private func delivery(_ reader: inout Reader) {
        // Only when it was written here: a short timeout need not repeat the other key.
        let delivery = subscription.delivery
        guard reader.positions["\(path).delivery.connectTimeout"] != nil, delivery.connectTimeout > delivery.timeout,
            !isBroken("delivery")
        else { return }
        reader.error(
            position("delivery.connectTimeout", reader), "\(path).delivery.connectTimeout",
            "\(delivery.connectTimeout) is longer than delivery.timeout (\(delivery.timeout)), which includes connecting")
    }

    private func retry(_ reader: inout Reader) {
        guard !isBroken("retry") else { return }
        let retry = subscription.retry
        if retry.onExhausted == .hold, subscription.delivery.ordering == .none {
            reader.warn(
                position("retry.onExhausted", reader), "\(path).retry.onExhausted",
                "nothing waits for anything without an order, so nothing is held; add delivery.ordering: key, or remove it")
        }
        let sum = retry.schedule.reduce(TimeSpan.zero, +)
        guard retry.giveUpAfter < sum else { return }
        let key = reader.positions["\(path).retry.giveUpAfter"] != nil ? "retry.giveUpAfter" : "retry.schedule"
        reader.warn(
            position(key, reader), "\(path).\(key)",
            "events are given up after \(retry.giveUpAfter), before the schedule's delays (together \(sum.roughly)) have passed")
    }

    private func deadLetter(_ reader: inout Reader) {
        guard !isBroken("deadLetter") else { return }
        let place = position("deadLetter.topic", reader)
        if subscription.deadLetter.drop {
            if subscription.deadLetter.topic != nil {
                reader.error(place, "\(path).deadLetter", "has both topic and drop: true; remove one of them")
            }
            return
        }
        let topic = configuration.deadLetterTopic(for: subscription)
        if subscription.topic.isEmpty { return }
        if topic == subscription.topic {
            reader.error(place, "\(path).deadLetter.topic", "the dead letters would go into the topic they come from")
        } else if !Names.isTopic(topic) {
            reader.error(
                place, "\(path).deadLetter.topic",
                "\(topic.count) characters are too many for a topic name; name a shorter one here")
        }
    }

    private func batch(_ reader: inout Reader) {
        guard subscription.batch != nil, subscription.payload == .binary, !isBroken("payload") else { return }
        reader.error(
            position("payload.format", reader), "\(path).payload.format",
            "binary has no place for several events; with batch, write structured or raw")
    }

    private func templates(_ reader: inout Reader) {
        let transform = subscription.transform
        if transform.contentType != nil, transform.template == nil, !isBroken("payload") {
            reader.error(
                position("payload.contentType", reader), "\(path).payload.contentType",
                "is what a template's text is; add payload.template, or remove it: without one the event says what its payload is")
        }
        guard subscription.batch != nil else { return }
        let remedy = "the events of a batch go into one request; remove batch, or the template"
        if Template.hasTags(subscription.endpoint) {
            reader.error(position("endpoint", reader), "\(path).endpoint", "a template cannot be told for several events at once: \(remedy)")
        }
        for header in subscription.headerTemplates {
            let key = "headers.\(header.name)"
            reader.error(position(key, reader), "\(path).\(key)", "a template cannot be told for several events at once: \(remedy)")
        }
    }

    private func window(_ reader: inout Reader) {
        guard let window = subscription.window, !isBroken("window") else { return }
        if window.scope == .topic { return windowOverTopic(window, &reader) }
        if window.groupBy.contains(.key) { return }
        let consequence =
            window.groupBy.isEmpty
            ? "each partition has its own; for one over the whole topic, write scope: topic"
            : "a group whose events lie on several partitions has a window on each; make it the record key, and write key, or write scope: topic"
        reader.warn(
            position("window.groupBy", reader), "\(path).window.groupBy", "windows are computed per partition: \(consequence)")
    }

    private func windowOverTopic(_ window: WindowPolicy, _ reader: inout Reader) {
        let place = position("window.scope", reader)
        if let partitions, partitions > Repartitioning.mostPartitions {
            reader.error(
                place, "\(path).window.scope",
                "topic can do with \(Repartitioning.mostPartitions) partitions, and \(subscription.topic) has \(partitions); write scope: partition")
        }
        if window.groupBy.contains(.key) {
            reader.warn(
                place, "\(path).window.scope",
                "with key in groupBy the events of a group are on one partition already; write scope: partition, which needs no topic of its own")
        }
        let topic = configuration.repartitionTopic(of: subscription.name)
        if !Names.isTopic(topic) {
            reader.error(place, "\(path).window.scope", "\(topic.count) characters are too many for the repartition topic's name, \(topic); give the subscription a shorter one")
        }
    }
}

/// What manifests must be together.
enum ManifestChecks {
    static func run(_ read: [ManifestReader.Result], _ reader: inout Reader) {
        var topics: [String: Position] = [:]
        var subscriptions: [String: Position] = [:]
        for result in read {
            let topic = result.manifest.topic
            if let first = topics[topic], !topic.isEmpty {
                reader.error(result.topicPlace, "topic", "\"\(topic)\" has a manifest already, at \(first.description); put all its subscriptions there")
            } else {
                topics[topic] = result.topicPlace
            }
            for (subscription, place) in zip(result.manifest.subscriptions, result.places) {
                if let first = subscriptions[subscription.name] {
                    reader.error(place, "subscriptions.\(subscription.name)", "this name is taken at \(first.description); names are unique across all topics")
                } else {
                    subscriptions[subscription.name] = place
                }
            }
        }
    }
}

extension TimeSpan {
    /// Its two largest units: `1d 20h`.
    var roughly: String {
        let units: [(String, Int64)] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)]
        var seconds = nanoseconds / 1_000_000_000
        guard seconds > 0 else { return description }
        var parts: [String] = []
        for (name, length) in units where seconds >= length {
            parts.append("\(seconds / length)\(name)")
            seconds %= length
        }
        return parts.prefix(2).joined(separator: " ")
    }
}
