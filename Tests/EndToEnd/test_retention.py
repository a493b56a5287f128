"""Before Kafka deletes what is not delivered, and when it has: with a broker (noida-db) that has settings and timestamps."""

import time

import pytest

from harness.admin_broker import AdminBroker

HOUR = 60 * 60 * 1000
DAY = 24 * HOUR


@pytest.fixture
def broker(world):
    return AdminBroker.serving(world, {"fanfare.retry": 2, "fanfare.control": 1})


def topic_that_waits(world, broker, name, hours_ago, **settings):
    """A topic with records of these ages, and a subscription of the same name whose endpoint is down."""
    topic = world.topic(name)
    broker.creates(topic.name, 1, **settings)
    broker.creates(topic.dead_letters, 1)
    topic.subscribe(name, world.endpoint_where_nothing_listens(name))
    now = int(time.time() * 1000)
    for hours in hours_ago:
        world.kafka.producer.produce(name, b"{}", partition=0, timestamp=now - int(hours * HOUR))
    assert world.kafka.producer.flush(30) == 0
    return topic


def ratio(bridge, name):
    return bridge.metric("fanfare_retention_remaining_ratio", subscription=name)


def shows_ratio(bridge, name, low, high):
    def is_there():
        shown = ratio(bridge, name)
        return shown is not None and low <= shown <= high

    bridge.world.wait_until(is_there, f"a ratio from {low} to {high} of {name}", details=lambda: f"it shows {ratio(bridge, name)}",
                            timeout=60)


def lines(bridge, text, subscription):
    return [line for line in bridge.process.log.read_text().splitlines() if text in line and f"subscription={subscription}" in line]


def test_what_comes_near_its_topics_retention_is_shown_and_said_once(world, broker):
    day = {"retention_ms": DAY}
    topic_that_waits(world, broker, "fresh", [1], **day)
    topic_that_waits(world, broker, "near", [20, 1], **day)
    topic_that_waits(world, broker, "urgent", [23.5, 2, 1], **day)
    topic_that_waits(world, broker, "settled", [], **day)
    topic_that_waits(world, broker, "endless", [20], retention_ms=-1)
    world.fanfare("pause", "near", "--wait", "0")
    bridge = world.bridge_without_broker().starts()

    shows_ratio(bridge, "fresh", 0.9, 0.96)
    shows_ratio(bridge, "near", 0.1, 4 / 24)
    shows_ratio(bridge, "urgent", 0.001, 0.5 / 24)
    shows_ratio(bridge, "settled", 1, 1)
    assert ratio(bridge, "endless") is None
    assert 3 * 3600 < bridge.metric("fanfare_retention_remaining_seconds", subscription="near") <= 4 * 3600
    bridge.logs("less than 20 % of the retention is left")
    bridge.logs("less than 5 % of the retention is left")

    for topic in ("near", "urgent"):
        broker.configures(topic, retention_ms=30 * DAY)
    shows_ratio(bridge, "near", 29 / 30, 1)
    shows_ratio(bridge, "urgent", 28 / 30, 1)
    (warning,) = lines(bridge, "less than 20 %", "near")
    assert "near[0]" in warning and "left=3h" in warning and "retention=1d" in warning and "fanfare resume near" in warning
    (error,) = lines(bridge, "less than 5 %", "urgent")
    assert "raise retention.ms" in error and "fanfare apply" in error and "fanfare resume" not in error
    for name in ("near", "urgent"):
        assert len(lines(bridge, "is far from the topic's retention again", name)) == 1
    for name in ("fresh", "settled", "endless"):
        assert not lines(bridge, "of the retention", name)


def test_a_bound_in_bytes_is_told_by_how_long_records_have_lived(world, broker):
    topic_that_waits(world, broker, "orders", [10, 9, 9, 9, 8.5, 2, 1], retention_ms=-1, retention_bytes=1 << 20)
    broker.deletes_records("orders", 0, before=1)
    broker.resets_offsets("fanfare.orders", "orders", to=4)
    bridge = world.bridge_without_broker().starts()

    # Records live nine hours; the one at the cursor has lived eight and a half.
    shows_ratio(bridge, "orders", 0.04, 0.5 / 9 + 0.001)
    bridge.logs("less than 20 % of the retention is left")


def test_what_is_deleted_while_a_subscription_is_paused_is_said_before_and_counted_after_it_goes_on(world, broker):
    orders = topic_that_waits(world, broker, "orders", [5, 4, 3, 2], retention_ms=DAY)
    billing = world.endpoint("billing")
    orders.unsubscribe("orders")
    orders.subscribe("billing", billing)
    world.fanfare("pause", "billing", "--wait", "0")
    bridge = world.bridge_without_broker().starts()
    shows_ratio(bridge, "billing", 0.7, 0.8)

    broker.deletes_records("orders", 0, before=3)
    shows_ratio(bridge, "billing", 0, 0)
    (error,) = lines(bridge, "less than 5 %", "billing")
    assert "it is deleted" in error

    # What it had fetched before would be delivered all the same.
    bridge.restarts()
    shows_ratio(bridge, "billing", 0, 0)
    world.fanfare("resume", "billing")
    billing.has_taken(1)
    world.is_settled("billing")
    assert list(billing.delivered()) == ["orders-0-3"]
    bridge.shows("fanfare_records_lost_total", 3, subscription="billing")
    bridge.logs("Kafka deleted records before they were delivered")
    shows_ratio(bridge, "billing", 1, 1)
