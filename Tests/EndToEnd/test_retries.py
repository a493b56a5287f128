"""What happens to a delivery that fails: the retry topic, the dead letter, and what keeps both small."""

from datetime import datetime

import pytest

ONE_SLOW_RETRY = {"schedule": ["4s"], "jitter": 0}


@pytest.mark.both_libraries
def test_a_retry_goes_through_the_retry_topic_and_is_never_early(world):
    orders = world.topic("shop.orders", partitions=2)
    billing = world.endpoint("billing", fail_first=1, fail_status=503, keep=True)
    orders.subscribe("billing", billing, retry=ONE_SLOW_RETRY)
    world.bridge().starts()
    before = datetime.now().astimezone()
    event = orders.publish_record(b'{"a": 1}', b"order-7", [("colour", b"blue"), ("colour", b"red")], partition=1)

    billing.has_taken(1)
    first, second = billing.arrivals()
    (retry,) = world.kafka.consume_all("fanfare.retry")
    assert (retry.key, retry.value) == (b"order-7", b'{"a": 1}')
    assert retry.headers[:2] == [("colour", b"blue"), ("colour", b"red")], "the original's headers stay as they are"
    headers = {name: value.decode() for name, value in retry.headers}
    topic, partition, offset = event.rsplit("-", 2)
    assert headers["fanfare-subscription"] == "billing"
    assert (headers["fanfare-topic"], headers["fanfare-partition"], headers["fanfare-offset"]) == (topic, partition, offset)
    assert headers["fanfare-attempt"] == "1"
    assert (headers["fanfare-error-kind"], headers["fanfare-error-status"]) == ("http", "503")
    assert headers["fanfare-error-message"] and "\n" not in headers["fanfare-error-message"]
    for name in ("fanfare-first-attempt", "fanfare-last-attempt"):
        assert before.timestamp() - 1 <= datetime.fromisoformat(headers[name]).timestamp() <= second.at
    assert int(headers["fanfare-timestamp"]) <= retry.timestamp

    due = int(headers["fanfare-due"]) / 1000
    assert first.at + 4 <= due <= second.at, "due four seconds after the attempt, and not sent before that"
    assert (first.id, first.attempt, second.attempt) == (second.id, 1, 2)
    assert first.digest == second.digest and first.verified and second.verified


def test_a_dead_letter_says_everything(world):
    orders = world.topic("shop.orders", partitions=2)
    billing = world.endpoint("billing", status=422)
    orders.subscribe("billing", billing)
    bridge = world.bridge().starts()
    event = orders.publish_record(b"\xff\x01 not text", b"order-7", [("colour", b"blue"), ("nothing", None)], partition=1)

    world.is_settled("billing")
    (letter,) = world.dead_letters(orders)
    assert (letter.key, letter.value) == (b"order-7", b"\xff\x01 not text")
    assert (letter.headers["colour"], letter.headers["nothing"]) == (b"blue", None)
    assert letter.source_id == event
    assert (letter.kind, letter.text("fanfare-error-status"), letter.text("fanfare-attempt")) == ("http", "422", "1")
    reason = letter.text("fanfare-error-message")
    source_timestamp = int(letter.text("fanfare-timestamp"))
    # The time of writing, so that retention counts from there.
    assert letter.record.timestamp >= source_timestamp
    # Spring Kafka: UTF-8 text and big-endian integers, four bytes for the partition, eight for the others.
    assert letter.text("kafka_dlt-original-topic") == "shop.orders"
    assert len(letter.headers["kafka_dlt-original-partition"]) == 4 and letter.number("kafka_dlt-original-partition") == 1
    assert len(letter.headers["kafka_dlt-original-offset"]) == 8 and letter.number("kafka_dlt-original-offset") == 0
    assert len(letter.headers["kafka_dlt-original-timestamp"]) == 8
    assert letter.number("kafka_dlt-original-timestamp") == source_timestamp
    assert letter.text("kafka_dlt-exception-message") == reason
    # Kafka Connect: text.
    assert letter.text("__connect.errors.topic") == "shop.orders"
    assert letter.text("__connect.errors.partition") == "1"
    assert letter.text("__connect.errors.offset") == "0"
    assert letter.text("__connect.errors.exception.message") == reason
    assert billing.summary()["attempts"] == 1, "422 is not worth a retry"
    bridge.shows("fanfare_dead_letters_total", 1, subscription="billing", kind="http")


def test_an_exhausted_schedule_ends_in_the_dead_letter_topic(world):
    orders = world.topic("shop.orders")
    billing = world.endpoint("billing", fail_first=99, fail_status=500)
    healthy = world.endpoint("healthy")
    orders.subscribe("billing", billing, retry={"schedule": ["100ms", "3s", "1s"], "jitter": 0})
    orders.subscribe("healthy", healthy)
    world.bridge().starts()
    event = orders.publish_record(b"{}")

    world.wait_until(lambda: world.dead_letters(orders), "the dead letter")
    (letter,) = world.dead_letters(orders)
    assert (letter.source_id, letter.subscription, letter.text("fanfare-attempt")) == (event, "billing", "4")
    arrivals = billing.arrivals()
    assert [a.attempt for a in arrivals] == [1, 2, 3, 4] and len({a.id for a in arrivals}) == 1
    assert arrivals[2].at - arrivals[1].at >= 3
    assert len({name for name, _ in letter.record.headers}) == len(letter.record.headers)


def test_an_endpoint_that_refuses_everything_does_not_fill_the_dead_letter_topic(world):
    burst, in_flight = 10, 4
    orders = world.topic("shop.orders")
    locked = world.endpoint("locked", status=401)
    orders.subscribe("locked", locked, diversion={"burst": burst}, delivery={"maxInFlight": in_flight})
    bridge = world.bridge().starts()
    orders.publish(500)

    bridge.takes_for_down("locked")
    locked.behaves(status=204)
    locked.has_taken(500 - burst - in_flight)
    world.is_settled("locked")
    world.books("locked").balance()
    assert len(world.dead_letters(orders)) <= burst + in_flight
