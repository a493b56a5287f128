import DeliveryCore
import EventModel
import Receipts

/// Every metric of the bridge, in the order in which a scrape shows them. A metric is one entry here and nothing else.
package enum MetricCatalog {
    package static let all: [Metric] = reading + delivering + waiting + process

    package static func render(_ view: MetricView, format: MetricFormat) -> [UInt8] {
        var out = MetricWriter(format: format)
        for metric in all {
            out.begin(metric.name, metric.kind, unit: metric.unit, help: metric.help)
            metric.samples(view, &out)
        }
        out.end()
        return out.bytes
    }

    private static let reading: [Metric] = [
        .fanfare(.gauge, "ready", "1 while this replica can do its work, 0 otherwise; /readyz says why.") { $1.sample($0.isReady) },
        .fanfare(.counter, "records_consumed", "Records read from Kafka, once however many subscriptions take them.") {
            $1.sample($0.core.recordsConsumed)
        },
        .fanfare(.gauge, "ring_bytes", "Bytes of recent records held for a partition's subscriptions.") {
            for p in $0.core.partitions { $1.sample(p.ringBytes, ("topic", p.topic), ("partition", "\(p.partition)")) }
        },
        .fanfare(.gauge, "record_bytes", "Bytes of records held anywhere in this process; limits.recordMemory bounds them.") {
            $1.sample($0.core.recordBytes)
        },
        .fanfare(.gauge, "unread_records", "Records between the reader of a partition and the end of its log.") {
            for p in $0.core.partitions where p.end >= 0 {
                $1.sample(max(0, p.end - p.position), ("topic", p.topic), ("partition", "\(p.partition)"))
            }
        },
        .fanfare(.gauge, "draining", "1 while a partition is being handed to another replica.") {
            for p in $0.core.partitions { $1.sample(p.draining, ("topic", p.topic), ("partition", "\(p.partition)")) }
        },
        .fanfare(.counter, "schema_lookups", "Questions to the schema registry, by result: found, unknown, failed.") {
            $1.sample($0.core.schemasFound, ("result", "found"))
            $1.sample($0.core.schemasUnknown, ("result", "unknown"))
            $1.sample($0.core.schemaRequestsFailed, ("result", "failed"))
        },
        .fanfare(.counter, "notifications", "Events of the bridge's own that it published, by result: written, lost.") {
            $1.sample($0.core.notificationsWritten, ("result", "written"))
            $1.sample($0.core.notificationsLost, ("result", "lost"))
        },
        .fanfare(.gauge, "partitions_awaiting_schema", "Partitions that are not read on because the schema of their next record is not known.") {
            $1.sample($0.core.partitionsAwaitingSchema)
        },
        .fanfare(.counter, "validations", "Records held to their topic's catalog, by result: valid, reported, rejected, unlisted.") {
            for (topic, counts) in $0.core.validations.sorted(by: { $0.key < $1.key }) {
                $1.sample(counts.valid, ("topic", topic), ("result", "valid"))
                $1.sample(counts.reported, ("topic", topic), ("result", "reported"))
                $1.sample(counts.rejected, ("topic", topic), ("result", "rejected"))
                $1.sample(counts.unlisted, ("topic", topic), ("result", "unlisted"))
            }
        },
        .fanfare(.gauge, "kafka_connections", "Kafka clients of this process that are connected to a broker.") {
            for k in $0.core.kafka { $1.sample(k.connected, ("client", k.client.rawValue), ("broker", k.broker)) }
        },
        .fanfare(.counter, "kafka_requests", "Requests to a broker.") {
            for k in $0.core.kafka { $1.sample(k.requests, ("client", k.client.rawValue), ("broker", k.broker)) }
        },
        .fanfare(.counter, "kafka_request_failures", "Requests to a broker that were not answered in time, or could not be sent or read.") {
            for k in $0.core.kafka { $1.sample(k.failures, ("client", k.client.rawValue), ("broker", k.broker)) }
        },
        .fanfare(.counter, "kafka_disconnects", "Connections to a broker that ended, those that were idle among them.") {
            for k in $0.core.kafka { $1.sample(k.disconnects, ("client", k.client.rawValue), ("broker", k.broker)) }
        },
        .fanfare(.gauge, "kafka_round_trip_seconds", "Mean time of a broker's answers of late, of the slowest client; a consumer's fetches are held for up to fetch.wait.max.ms.") {
            for k in $0.core.kafka { if let time = k.roundTrip { $1.sample(time, ("client", k.client.rawValue), ("broker", k.broker)) } }
        },
        .fanfare(.gauge, "subscriptions_refused", "Subscriptions, of files or of the API, that are not in force as they are written.") {
            $1.sample($0.core.subscriptionsRefused)
        },
        .fanfare(.counter, "rebalances", "Times that partitions were given to or taken from this replica.") {
            $1.sample($0.core.rebalances)
        },
        .fanfare(.counter, "commits", "Commits of cursors, by result.") {
            $1.sample($0.core.commits, ("result", "acknowledged"))
            $1.sample($0.core.commitFailures, ("result", "failed"))
        },
        .fanfare(.histogram, "commit_duration_seconds", "From sending a commit of cursors to its acknowledgement.") {
            $1.histogram($0.core.commitDuration)
        },
    ]

    private static let delivering: [Metric] = [
        .each(.info, "subscription", "A subscription's topic and owner, to join with the metrics that name it.") {
            $1.sample(1, ("subscription", $0.name), ("topic", $0.topic), ("owner", $0.owner))
        },
        .each(.counter, "events_routed", "Events that matched a subscription's filters.") {
            $1.sample($0.counters.routed, ("subscription", $0.name))
        },
        .each(.counter, "filter_errors", "Events for which an sql filter met an error or gave no boolean: no match.") {
            $1.sample($0.counters.filterErrors, ("subscription", $0.name))
        },
        .each(.counter, "attempts", "Requests that ended, by what their result means: success, retry, refused.") {
            $1.sample($0.counters.attemptsSucceeded, ("subscription", $0.name), ("result", "success"))
            $1.sample($0.counters.attemptsToRetry, ("subscription", $0.name), ("result", "retry"))
            $1.sample($0.counters.attemptsRefused, ("subscription", $0.name), ("result", "refused"))
        },
        .each(.counter, "token_requests", "Requests for access tokens (auth.oauth2), by result: success, failed.") {
            $1.sample($0.counters.tokenRequestsSucceeded, ("subscription", $0.name), ("result", "success"))
            $1.sample($0.counters.tokenRequestsFailed, ("subscription", $0.name), ("result", "failed"))
        },
        .each(.counter, "consent_requests", "Questions to endpoints for their consent (handshake), by result: given, refused (or not answered).") {
            $1.sample($0.counters.consentsGiven, ("subscription", $0.name), ("result", "given"))
            $1.sample($0.counters.consentsRefused, ("subscription", $0.name), ("result", "refused"))
        },
        .each(.histogram, "attempt_duration_seconds", "From a request's first byte to the end of its answer or failure.") {
            $1.histogram($0.counters.attemptDuration, ("subscription", $0.name))
        },
        .each(.histogram, "event_delay_seconds", "From the record's timestamp to the first success.") {
            $1.histogram($0.counters.eventDelay, ("subscription", $0.name))
        },
        .each(.counter, "deliveries", "Events that an endpoint accepted with a 2xx answer.") {
            $1.sample($0.counters.deliveries, ("subscription", $0.name))
        },
        .each(.counter, "deprecated_deliveries", "Events delivered in a payload version that is deprecated.") {
            $1.sample($0.counters.deprecatedDeliveries, ("subscription", $0.name))
        },
        .each(.counter, "retries_scheduled", "Events that the retry topic took for another attempt.") {
            $1.sample($0.counters.retriesScheduled, ("subscription", $0.name))
        },
        .each(.counter, "dead_letters", "Events handed to the dead-letter topic, by the kind of their last failure.") {
            for (kind, count) in zip(FailureKind.allCases, $0.counters.deadLetters) {
                $1.sample(count, ("subscription", $0.name), ("kind", kind.rawValue))
            }
        },
        .each(.counter, "diversions_refused", "Times that Kafka did not take a retry or dead-letter record; it is produced again.") {
            $1.sample($0.counters.diversionsRefused, ("subscription", $0.name))
        },
        .each(.counter, "drops", "Events dropped because the subscription's policy says so.") {
            $1.sample($0.counters.drops, ("subscription", $0.name))
        },
        .each(.counter, "repeats_dropped", "Events dropped because the same event came before: deduplicate.") {
            $1.sample($0.counters.repeats, ("subscription", $0.name))
        },
        .each(.counter, "repeats_forgotten", "Events forgotten before deduplicate.window was over, as there were more than deduplicate.maxKeys.") {
            $1.sample($0.counters.identitiesForgotten, ("subscription", $0.name))
        },
        .each(.counter, "duplicates_possible", "Deliveries that may be repeated: a partition was lost before their commit.") {
            $1.sample($0.counters.duplicatesPossible, ("subscription", $0.name))
        },
        .each(.counter, "records_lost", "Offsets that Kafka deleted before a subscription had delivered them.") {
            $1.sample($0.counters.recordsLost, ("subscription", $0.name))
        },
        .fanfare(.counter, "retries_lost", "Records of the retry topic that Kafka deleted before they were settled.") {
            $1.sample($0.core.retriesLost)
        },
        .fanfare(.counter, "logs_renewed", "Partitions that were found to end before a cursor: their topic was deleted and made anew.") {
            $1.sample($0.core.logsRenewed)
        },
        .fanfare(.counter, "receipts_lost", "Receipts of attempts that could not be written; deliveries do not wait for them.") {
            $1.sample($0.core.receiptsLost)
        },
        .fanfare(.gauge, "receipt_index_lag_records", "Receipts that Kafka has and this replica's index of receipts has not.") {
            if let behind = $0.receiptIndex?.behind { $1.sample(behind) }
        },
        .fanfare(.counter, "receipt_index_renewals", "How often this replica's index of receipts was begun anew, because the receipts topic was.") {
            if let index = $0.receiptIndex { $1.sample(index.renewals) }
        },
        .fanfare(.gauge, "receipt_index_bytes", "The file of this replica's index of receipts.") {
            if let index = $0.receiptIndex { $1.sample(index.bytes) }
        },
        .fanfare(.counter, "spans_exported", "Spans of traces that the collector took (tracing.otlp).") { $1.sample($0.core.spansExported) },
        .fanfare(.counter, "spans_dropped", "Spans of traces that no collector took; deliveries do not wait for them.") {
            $1.sample($0.core.spansDropped)
        },
        .each(.gauge, "in_flight", "Requests without an answer yet.") {
            $1.sample($0.inFlight, ("subscription", $0.name))
        },
        .each(.gauge, "concurrency", "Requests that may be in flight just now: fewer during and after an outage.") {
            $1.sample($0.concurrency, ("subscription", $0.name))
        },
        .each(.gauge, "circuit_state", "0 closed, 1 probing, 2 open.") {
            $1.sample($0.circuit.rawValue, ("subscription", $0.name))
        },
        .each(.counter, "circuit_openings", "Times that a subscription's failures counted as an outage.") {
            $1.sample($0.counters.circuitOpenings, ("subscription", $0.name))
        },
        .each(.gauge, "suspended", "1 while a subscription is suspended: it stays where it is until it is resumed.") {
            $1.sample($0.suspended, ("subscription", $0.name))
        },
    ]

    private static let waiting: [Metric] = [
        .each(.gauge, "lag_records", "Records between a subscription's cursor and the end of the partition.") {
            for lag in $0.lags {
                $1.sample(lag.records, ("subscription", $0.name), ("topic", $0.topic), ("partition", "\(lag.partition)"))
            }
        },
        .fanfare(.gauge, "lag_seconds", "Age of a subscription's oldest unsettled record; no sample while it is not known.") {
            for subscription in $0.core.subscriptions {
                guard let age = subscription.lagSeconds(at: $0.now) else { continue }
                $1.sample(age, ("subscription", subscription.name))
            }
        },
        .fanfare(.gauge, "retention_remaining_seconds", "How long until Kafka may delete a subscription's oldest unsettled record.") {
            for subscription in $0.core.subscriptions {
                guard let margin = subscription.retention else { continue }
                $1.sample(margin.remaining(at: $0.now).seconds, ("subscription", subscription.name))
            }
        },
        .fanfare(.gauge, "retention_remaining_ratio", "The same as a part of the topic's retention, from 0 to 1.") {
            for subscription in $0.core.subscriptions {
                guard let margin = subscription.retention else { continue }
                $1.sample(margin.ratio(at: $0.now), ("subscription", subscription.name))
            }
        },
        .fanfare(.gauge, "certificate_expiry_timestamp_seconds", "When a subscription's client certificate ends, in seconds since 1970.") {
            for subscription in $0.core.subscriptions {
                guard let end = subscription.certificateEnd else { continue }
                $1.sample(end.milliseconds / 1000, ("subscription", subscription.name))
            }
        },
        .each(.gauge, "lagging_partitions", "Cursors that fell out of the ring of recent records and are served by reading back.") {
            $1.sample($0.lags.count { $0.lagging }, ("subscription", $0.name))
        },
        .each(.gauge, "events_waiting", "Events that wait in memory for the moment of their next attempt.") {
            $1.sample($0.waiting, ("subscription", $0.name))
        },
        .each(.gauge, "events_in_line", "Events in memory behind one of their key, or partition, that is not delivered yet.") {
            $1.sample($0.inLine, ("subscription", $0.name))
        },
        .each(.gauge, "events_remembered", "Events that are remembered to know a repeat of them.") {
            $1.sample($0.remembered, ("subscription", $0.name))
        },
        .each(.gauge, "window_groups", "Windows that are open: one for each group and stretch of time.") {
            $1.sample($0.openWindows, ("subscription", $0.name))
        },
        .fanfare(.gauge, "window_watermark_seconds", "The least watermark of its partitions, in seconds since 1970.") {
            for subscription in $0.core.subscriptions {
                guard let watermark = subscription.watermark else { continue }
                $1.sample(Double(watermark.milliseconds) / 1000, ("subscription", subscription.name))
            }
        },
        .fanfare(.gauge, "retries_waiting", "Records read from the retry topic that wait in memory for their due time.") {
            $1.sample($0.core.retriesWaiting)
        },
    ]

    /// Names and meanings as every Prometheus client library has them.
    private static let process: [Metric] = [
        .fanfare(.info, "build", "The version that runs.") { $1.sample(1, ("version", $0.version)) },
        Metric(.counter, "process_cpu_seconds", "User and system CPU time.") { $1.sample($0.process.cpuSeconds) },
        Metric(.gauge, "process_resident_memory_bytes", "Resident memory.") { $1.sample($0.process.residentBytes) },
        Metric(.gauge, "process_virtual_memory_bytes", "Virtual memory.") { $1.sample($0.process.virtualBytes) },
        Metric(.gauge, "process_threads", "Operating system threads.") { $1.sample($0.process.threads) },
        Metric(.gauge, "process_open_fds", "Open file descriptors.") { $1.sample($0.process.openDescriptors) },
        Metric(.gauge, "process_max_fds", "File descriptors that may be open.") { $1.sample($0.process.maxDescriptors) },
        Metric(.gauge, "process_start_time_seconds", "When the process started, in seconds since 1970.") {
            $1.sample(Double($0.startedAt.milliseconds) / 1000)
        },
    ]
}
