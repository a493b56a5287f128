"""Dead letters as the bridge writes them, without a bridge."""

from confluent_kafka import Producer


def dead_letter(subscription, offset, key=None, value="{}", partition=0, topic="shop.orders", kind="http", status=None, attempts=3,
                redrives=0, reference=False, timestamp=1_700_000_000_000, source_partition=0):
    """(partition, key, value, headers), as `Kafka.publish` takes them."""
    headers = {
        "fanfare-subscription": subscription, "fanfare-topic": topic, "fanfare-partition": source_partition, "fanfare-offset": offset,
        "fanfare-timestamp": timestamp, "fanfare-attempt": attempts, "fanfare-retries": attempts - 1,
        "fanfare-first-attempt": "2026-01-01T00:00:00.000Z", "fanfare-last-attempt": "2026-01-01T01:00:00.000Z",
        "fanfare-error-kind": kind, "fanfare-error-message": f"failed: {kind}", "fanfare-redrives": redrives,
        "kafka_dlt-original-topic": topic, "__connect.errors.topic": topic,
    }
    if status:
        headers["fanfare-error-status"] = status
    if reference:
        headers["fanfare-reference"] = "true"
    return partition, key, value, [(name, str(value).encode()) for name, value in headers.items()]


def publish_many(kafka, topic, records):
    """As `Kafka.publish`, for more than the embedded cluster would keep of records that are not compressed."""
    producer = Producer({**kafka.properties, "linger.ms": 50, "compression.type": "lz4", "queue.buffering.max.messages": 200_000})
    for partition, key, value, headers in records:
        producer.produce(topic, value=value, key=key, headers=headers, partition=partition)
        producer.poll(0)
    assert producer.flush(60) == 0
