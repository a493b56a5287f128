"""The same program against brokers of other makes: no line of their code, nor of the embedded cluster's, is ours."""

from harness.admin_broker import AdminBroker
from harness.memory_broker import MemoryBroker, newer_librdkafka

DAY = 24 * 60 * 60 * 1000


def test_events_pass_another_broker_and_another_librdkafka(world, tmp_path_factory, monkeypatch):
    monkeypatch.setenv("LD_LIBRARY_PATH", str(newer_librdkafka(tmp_path_factory.mktemp("librdkafka"))))
    MemoryBroker(world)
    orders = world.topic("shop.orders", kafka={"partitions": 3, "replicationFactor": 1})
    billing = world.endpoint("billing", fail=0.05)
    orders.subscribe("billing", billing, retry={"schedule": ["3s", "3s", "3s", "3s", "3s"], "jitter": 0})
    for topic, partitions in (("shop.orders", 3), ("fanfare.retry", 2), ("shop.orders.dead-letter", 1)):
        world.kafka.creates(topic, partitions)
    bridge = world.bridge_without_broker().starts()

    for number in range(500):
        orders.publish_record(b'{"number": %d}' % number, partition=number % 3)
    billing.has_taken(500)
    bridge.shows("fanfare_lag_records", 0, subscription="billing")
    world.is_settled("billing")
    world.books("billing").balance(duplicates=0)


def test_settings_that_could_lose_events_are_named_at_the_start(world):
    broker = AdminBroker(world)
    orders = world.topic("shop.orders")
    orders.subscribe("billing", world.endpoint("billing"), retry={"giveUpAfter": "2d"})
    broker.creates("shop.orders", 1, retention_ms=DAY)
    broker.creates("fanfare.retry", 2, cleanup_policy="compact", retention_ms=7 * DAY)
    bridge = world.bridge_without_broker().starts(ready=False)

    bridge.logs("is shorter than retry.giveUpAfter (2d)")
    bridge.logs("cleanup.policy=compact deletes records with equal keys")
