"""Offsets, logs and transactions, with a broker (noida-db) that has what the embedded cluster lacks."""

import datetime
import json
import time

import pytest
from confluent_kafka import Producer

from harness.admin_broker import AdminBroker
from harness.kafka import silent


@pytest.fixture
def broker(world):
    topics = {"shop.orders": 2, "shop.orders.dead-letter": 1, "fanfare.retry": 2, "fanfare.control": 1}
    return AdminBroker.serving(world, topics, topic_metadata_refresh_interval_ms=4000)


@pytest.fixture
def orders(world, broker):
    return world.topic("shop.orders", partitions=2)


@pytest.fixture
def billing(world, orders):
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    return billing


def offset_of(event):
    return int(event.rsplit("-", 1)[1])


def test_the_standard_tool_moves_a_subscription_while_the_bridge_is_down(world, broker, orders, billing):
    search = world.endpoint("search")
    orders.subscribe("search", search)
    bridge = world.bridge_without_broker().starts()
    orders.publish(40)
    for name, endpoint in (("billing", billing), ("search", search)):
        endpoint.has_taken(40)
        world.is_settled(name)
    bridge.stops()

    broker.resets_offsets("fanfare.billing", "shop.orders", to=15)
    bridge.starts()

    billing.has_seen(40 + 10)
    world.is_settled("billing")
    assert {event for event, times in billing.delivered().items() if times == 2} == {e for e in orders.published if offset_of(e) >= 15}
    assert search.summary()["attempts"] == 40, "the other one stays where it is"


def test_the_standard_tool_moves_a_disabled_subscription_while_the_bridge_runs(world, broker, orders, billing):
    search = world.endpoint("search")
    orders.subscribe("search", search)
    bridge = world.bridge_without_broker().starts()
    orders.publish(40)
    for name, endpoint in (("billing", billing), ("search", search)):
        endpoint.has_taken(40)
        world.is_settled(name)
    orders.subscribe("billing", billing, enabled=False)
    orders.write()
    bridge.logs("topic manifests reloaded")
    orders.publish(10)
    search.has_taken(50)

    broker.resets_offsets("fanfare.billing", "shop.orders", to=15)
    orders.subscribe("billing", billing)
    orders.write()

    billing.has_seen(50 + 10)
    world.is_settled("billing")
    assert {event for event, times in billing.delivered().items() if times == 2} == {
        e for e in orders.published[:40] if offset_of(e) >= 15}
    assert search.summary()["attempts"] == 50, "the other one stays where it is"


@pytest.mark.parametrize("start", ["earliest", "latest"])
def test_partitions_that_are_added_are_read_from_their_first_record(world, broker, orders, billing, start):
    """Also where a subscription once began at the end: that was about the past, and these events are new."""
    orders.subscribe("billing", billing, start=start)
    bridge = world.bridge_without_broker().starts()
    bridge.shows("fanfare_lag_records", 0, subscription="billing")
    orders.publish(20)
    billing.has_taken(20)

    broker.extends("shop.orders", 4)
    orders.partitions = 4
    orders.publish(40)

    billing.has_taken(60)
    world.is_settled("billing")
    world.books("billing").balance(duplicates=0)


def test_a_subscription_begins_at_the_time_that_it_names(world, orders, billing):
    orders.publish(20)
    last = max(record.timestamp for record in world.kafka.consume_all("shop.orders"))
    world.wait_until(lambda: time.time() * 1000 > last + 2, "the clock to go on")
    start = datetime.datetime.fromtimestamp((last + 1) / 1000, datetime.timezone.utc)
    wanted = orders.publish(20)
    orders.subscribe("billing", billing, start=start.isoformat(timespec="milliseconds"))
    world.bridge_without_broker().starts()

    billing.has_taken(20)
    world.is_settled("billing")
    assert billing.delivered() == dict.fromkeys(wanted, 1)


def test_what_retention_deleted_is_counted_and_said_and_the_rest_is_delivered(world, broker, orders, billing):
    bridge = world.bridge_without_broker().starts()
    orders.publish(20)
    billing.has_taken(20)
    world.is_settled("billing")
    bridge.stops()
    orders.publish(200)
    broker.deletes_records("shop.orders", 0, before=60)
    bridge.starts()

    kept = [e for e in orders.published if not e.startswith("shop.orders-0-") or offset_of(e) < 10 or offset_of(e) >= 60]
    billing.has_taken(len(kept))
    world.is_settled("billing")
    assert billing.delivered() == dict.fromkeys(kept, 1)
    bridge.shows("fanfare_records_lost_total", 50, subscription="billing")
    bridge.logs("Kafka deleted records before they were delivered")
    assert "offsets=50" in bridge.process.tail() and "shop.orders[0]" in bridge.process.tail()


def test_aborted_transactions_are_not_delivered_and_their_gaps_are_passed(world, orders, billing):
    producer = Producer({**world.kafka.properties, "transactional.id": "shop"}, logger=silent)
    producer.init_transactions(10)
    for number, commits in enumerate((True, False, True, False, True)):
        producer.begin_transaction()
        for n in range(10):
            producer.produce("shop.orders", json.dumps({"transaction": number, "n": n}), partition=n % 2)
        producer.commit_transaction(10) if commits else producer.abort_transaction(10)
    billing.behaves(keep=True)
    bridge = world.bridge_without_broker().starts()

    billing.has_taken(30)
    world.is_settled("billing")
    bridge.shows("fanfare_lag_records", 0, subscription="billing")
    transactions = [arrival.json["data"]["transaction"] for arrival in billing.arrivals()]
    assert sorted(transactions) == [0] * 10 + [2] * 10 + [4] * 10


def test_what_is_settled_beyond_the_cursor_outlives_bridge_and_broker(world, broker, orders, billing):
    """One event hangs and all behind it are delivered: after kill -9 it alone comes again."""
    billing.behaves(delay=120)
    bridge = world.bridge_without_broker().starts()
    hanging = orders.publish_record(b"{}", partition=0)
    billing.has_seen(1)
    billing.behaves(delay=0)
    rest = orders.publish(60)
    billing.has_taken(61)

    def all_others_are_covered():
        cursors = world.cursors("billing")
        return cursors[0].base == 0 and all(cursors[int(e.split("-")[1])].covers(offset_of(e)) for e in rest)

    world.wait_until(all_others_are_covered, "the cursors to cover all but one", details=lambda: str(world.cursors("billing")))
    bridge.is_killed()
    broker.restarts()
    bridge.starts()

    world.is_settled("billing")
    assert {event for event, times in billing.delivered().items() if times > 1} == {hanging}
    assert billing.summary()["attempts"] == 62
