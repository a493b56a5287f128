import DeliveryCore
import Egress
import EventModel
import HTTPTransport
import KafkaClient
import Logging
import Manifests
import Spans
import Synchronization

/// What shards begin with.
extension Bridge {
    /// Nil where attempts are not recorded.
    func startReceipts() -> (topic: ReceiptTopic, thread: WorkerThread)? {
        guard configuration.receipts.enabled else { return nil }
        do throws(KafkaError) {
            let topic = try ReceiptTopic(kafka, topic: configuration.receiptsTopicName, log: log)
            state.withLock { $0.receipts = topic }
            return (topic, topic.start())
        } catch {
            log.error("attempts are not recorded: there is no producer for receipts", metadata: ["reason": "\(error)"])
            return nil
        }
    }

    func makePlans(retryPartitions: Int, _ receipts: ReceiptTopic?) -> [ShardPlan] {
        let limits = configuration.limits
        let count = limits.shards ?? max(1, ProcessorCount.online)
        let retry = configuration.retryTopic
        var lanes = retry.lanes
        if retryPartitions < lanes.count {
            lanes = Array(lanes.prefix(retryPartitions))
            log.warning(
                "the retry topic has fewer partitions than lanes; longer delays ride its last lane several times: run `fanfare apply`",
                metadata: ["topic": "\(configuration.retryTopicName)", "partitions": "\(retryPartitions)", "lanes": "\(retry.lanes.count)"])
        }
        var core = CoreOptions()
        core.commitInterval = configuration.commitInterval
        core.ringBytes = limits.ring
        core.recordMemory = max(limits.ring, limits.recordMemory / count)
        let connections = DescriptorBudget.ofThisProcess.connections
        if connections < limits.maxInFlight {
            log.warning(
                "the process may have too few descriptors for limits.maxInFlight; it has fewer requests in flight: raise its limit of open files (ulimit -n)",
                metadata: ["descriptors": "\(DescriptorBudget.ofThisProcess.limit)", "requests": "\(connections)", "maxInFlight": "\(limits.maxInFlight)"])
        }
        core.maxInFlight = max(1, min(limits.maxInFlight, connections) / count)
        core.shards = count
        core.lanes = lanes
        core.partitionsPerLane = max(1, min(retry.partitionsPerLane, retryPartitions / lanes.count))
        core.retryTopic = configuration.retryTopicName
        core.drainLimit = configuration.shutdown.grace
        // Validated before: wrong rules stop the start.
        let egress = (try? EgressRules(configuration.egress)) ?? .strict
        let proxy = configuration.egress.proxy.flatMap { try? Proxy($0) }
        return (0..<count).map { index in
            core.seed = SystemRandomNumberGenerator().seed()
            return ShardPlan(
                index: index, core: core, kafka: kafka, group: configuration.group, instanceID: instanceID.map { "\($0)-\(index)" },
                egress: egress, proxy: proxy, ownListeners: ownListeners, connections: max(1, connections / count),
                sessionTimeout: sessionTimeout, deadLetterPattern: configuration,
                receipts: receipts.map { (topic: $0, sample: ReceiptSample(configuration.receipts.sample)) },
                spans: spans.map { (exporter: $0, sample: TraceSample(configuration.tracing.sample)) }, schemas: schemas, notifier: notifier)
        }
    }
}

extension SystemRandomNumberGenerator {
    fileprivate func seed() -> UInt64 {
        var generator = self
        return generator.next()
    }
}
