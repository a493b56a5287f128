/// The headers of our own on records of the retry and dead-letter topics. Where a record has them already they are
/// replaced, never piled up; all other headers are the original's.
public enum BookkeepingHeaders {
    public static let names: Set<String> = [
        "fanfare-subscription", "fanfare-topic", "fanfare-partition", "fanfare-offset", "fanfare-timestamp", "fanfare-reference",
        "fanfare-attempt", "fanfare-retries", "fanfare-first-attempt", "fanfare-last-attempt", "fanfare-error-kind",
        "fanfare-error-status", "fanfare-error-message", "fanfare-due", "fanfare-redrives",
        "fanfare-asked", "fanfare-replay", "fanfare-job",
        "fanfare-mark", "fanfare-previous", "fanfare-watermark", "fanfare-partitions",
        "kafka_dlt-original-topic", "kafka_dlt-original-partition", "kafka_dlt-original-offset", "kafka_dlt-original-timestamp",
        "kafka_dlt-exception-message",
        "__connect.errors.topic", "__connect.errors.partition", "__connect.errors.offset", "__connect.errors.exception.message",
    ]
}
