"""The same program against brokers of other makes: no line of their code, nor of the embedded cluster's, is ours."""

import pytest

from harness import library
from harness.admin_broker import AdminBroker
from harness.memory_broker import MemoryBroker

DAY = 24 * 60 * 60 * 1000


@pytest.fixture
def orders(world):
    MemoryBroker(world)
    orders = world.topic("shop.orders", partitions=4)
    for topic, partitions in (("shop.orders", 4), ("fanfare.retry", 2), ("fanfare.control", 1), ("shop.orders.dead-letter", 1)):
        world.kafka.creates(topic, partitions)
    return orders


# Which tells the start of the last batch for the end of a log.
with_tansu = pytest.mark.parametrize("librdkafka", [library.NEW])


@with_tansu
def test_events_pass_another_broker_and_another_librdkafka(world, orders):
    # One member: of two that leave at once, this broker forgets one leave, and waits for the dead member for ever.
    world.configure(limits={"shards": 1})
    billing = world.endpoint("billing", fail=0.05)
    orders.subscribe("billing", billing, retry={"schedule": ["3s", "3s", "3s", "3s", "3s"], "jitter": 0})
    bridge = world.bridge_without_broker().starts()

    orders.publish(500)
    billing.has_taken(500)
    world.has_settled_what_was_published("billing")
    world.books("billing").balance(duplicates=0)

    bridge.restarts()
    orders.publish(100)
    billing.has_taken(600)
    world.has_settled_what_was_published("billing")
    world.books("billing").balance(duplicates=0)


@with_tansu
def test_a_backlog_larger_than_the_embedded_cluster_keeps(world, orders):
    """40 MB, of which a replica holds a part: reading back and the ring's bound are at work."""
    world.configure(limits={"recordMemory": "8MiB", "ring": "1MiB"})
    orders.publish(20_000, size=2000)
    billing = world.endpoint("billing")
    slow = world.endpoint("slow", delay=0.5)
    orders.subscribe("billing", billing)
    orders.subscribe("slow", slow, delivery={"maxInFlight": 4})
    world.bridge_without_broker().starts()

    billing.has_taken(20_000, timeout=90)
    world.has_settled_what_was_published("billing")
    world.books("billing").balance(duplicates=0)
    assert slow.summary()["delivered"] < 20_000


@with_tansu
def test_a_killed_replicas_partitions_are_taken_over_when_its_session_has_expired(world, orders):
    max_in_flight = 16
    billing = world.endpoint("billing", delay=0.02)
    orders.subscribe("billing", billing, delivery={"maxInFlight": max_in_flight})
    first = world.bridge_without_broker("first").starts(ready=False)
    second = world.bridge_without_broker("second").starts(ready=False)
    for replica in (first, second):
        replica.is_ready()
    with world.watches("billing"):
        orders.publish(3000)
        billing.has_taken(500)
        first.is_killed()
        billing.has_taken(3000)
        world.has_settled_what_was_published("billing")
    # This broker forgets a commit's metadata: what was settled beyond the cursor comes again, too.
    world.books("billing").balance(duplicates=20 * max_in_flight)


def test_settings_that_could_lose_events_are_named_at_the_start(world):
    broker = AdminBroker(world)
    orders = world.topic("shop.orders")
    orders.subscribe("billing", world.endpoint("billing"), retry={"giveUpAfter": "2d"})
    broker.creates("shop.orders", 1, retention_ms=DAY)
    broker.creates("fanfare.retry", 2, cleanup_policy="compact", retention_ms=7 * DAY)
    broker.creates("fanfare.control", 1, cleanup_policy="delete")
    bridge = world.bridge_without_broker().starts(ready=False)

    bridge.logs("is shorter than retry.giveUpAfter (2d)")
    bridge.logs("cleanup.policy=compact deletes records with equal keys")
    bridge.logs("cleanup.policy=delete lets Kafka delete pauses and suspensions")
