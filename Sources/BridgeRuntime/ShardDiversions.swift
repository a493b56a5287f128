import DeliveryCore
import EventLoop
import EventModel
import KafkaClient
import Logging

// Records for the retry and dead-letter topics.
extension Shard {
    func divert(_ id: DiversionID) {
        let diversion = core.diversion(id)
        let record = KafkaRecord(bits: diversion.item.token.bits)
        let source = source(of: diversion, record)
        var message = diversion.message
        if diversion.kind == .poison, message.isEmpty, let name = diversion.subscription, let outlet = outlets[name.index] {
            fillView(diversion.item, outlet)
            message = outlet.route.poisonReason(view)
        }
        let topic: String
        let partition: Int32?
        switch diversion.target {
        case .retry(let lane, _):
            topic = plan.core.retryTopic
            partition = lane
        case .deadLetter:
            topic = deadLetterTopic(diversion.subscription, source)
            partition = nil
        }
        do throws(KafkaError) {
            var headers = DivertedRecord.headers(diversion, of: record, source: source, message: message)
            try producer.produce(
                to: try producer.topic(topic), partition: partition, key: record.key,
                value: diversion.byReference ? nil : record.value, headers: &headers, token: UInt(id.index + 1))
            traces?.diverted(id, to: topic, at: moment.wall)
        } catch {
            step(.diversionFailed(id, error.code == .MSG_SIZE_TOO_LARGE ? .tooLarge : .refused("\(topic): \(error)")))
        }
    }

    private func source(of diversion: DiversionView, _ record: KafkaRecord) -> DivertedRecord.Source {
        let name = diversion.subscription.map { core.subscription($0).manifestName }
        let isOfOtherTopic = diversion.subscription.map { core.subscription($0).sourceTopic != core.subscription($0).topic } ?? false
        let headers = RetryHeaders(record)
        // A window's event has none of these: it begins where it was computed.
        if diversion.item.isRetryRecord || isOfOtherTopic && headers.topic != nil {
            return DivertedRecord.Source(
                subscription: name ?? headers.subscription ?? "", topic: headers.topic ?? plan.core.retryTopic,
                partition: headers.partition ?? record.partition, offset: headers.offset ?? record.offset,
                timestamp: headers.timestamp ?? record.timestamp)
        }
        return DivertedRecord.Source(
            subscription: name ?? "", topic: core.name(of: diversion.item.partition).topic, partition: record.partition,
            offset: record.offset, timestamp: record.timestamp)
    }

    private func deadLetterTopic(_ id: SubscriptionID?, _ source: DivertedRecord.Source) -> String {
        let policy = id.map { core.subscription($0) } ?? Subscription(name: source.subscription, topic: source.topic, endpoint: "")
        return plan.deadLetterPattern.deadLetterTopic(for: policy)
    }

    func pollProducer() {
        producer.poll({ token, result in
            lastProducerResult = moment.instant
            if token >= Self.firstRepartitionToken { return repartitionTold(token, result) }
            let id = DiversionID(index: Int(token) - 1)
            switch result {
            case .success:
                if let traces { writeSettlement(of: id, traces) }
                step(.diverted(id))
            case .failure(let error):
                step(.diversionFailed(id, error.code == .MSG_SIZE_TOO_LARGE ? .tooLarge : .refused("\(error)")))
            }
        }, notice: { hear($0) })
        sayWhetherProducerHangs()
        guard let fatal = producer.fatalError, producer.outstanding == 0 else { return }
        // What was outstanding has come back as failed and will be produced again.
        log.logger.error("the producer cannot go on; making a new one", metadata: ["reason": "\(fatal)"])
        do {
            producer = try RecordProducer(plan.kafka, signal: loop.signal.descriptor)
        } catch {
            log.limited("producer", .error, "no new producer can be made", ["reason": "\(error)"])
        }
    }

    /// librdkafka repeats what may pass (too few replicas, no leader) by itself and without a word.
    private func sayWhetherProducerHangs() {
        guard producer.outstanding > 0 else {
            lastProducerResult = moment.instant
            return
        }
        let silence = moment.instant - lastProducerResult
        guard silence > .seconds(10) else { return }
        lastProducerResult = moment.instant
        log.logger.error(
            "Kafka has acknowledged no retry or dead-letter record for a while; the events stay unsettled and are sent again",
            metadata: ["records": "\(producer.outstanding)"])
    }
}
