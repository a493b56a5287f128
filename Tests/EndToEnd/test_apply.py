"""`fanfare apply` against a broker with the admin API: the plan, creation, doing it again, extension, and what it refuses."""

import pytest

from harness.admin_broker import AdminBroker

DAY = 24 * 60 * 60 * 1000
ORDERS = {"partitions": 3, "replicationFactor": 1, "config": {"retention.ms": 7 * DAY}}
DIVERTED = {"fanfare.retry", "shop.orders.dead-letter"}
OWN = DIVERTED | {"fanfare.control", "fanfare.receipts"}


@pytest.fixture
def broker(world):
    return AdminBroker(world)


@pytest.fixture
def orders(world):
    orders = world.topic("shop.orders", kafka=ORDERS)
    orders.subscribe("billing", world.endpoint_where_nothing_listens("billing"))
    return orders


def marks(result):
    """The plan's marks by topic."""
    found = {}
    for line in result.output.splitlines():
        mark, _, rest = line.partition(" ")
        if mark in "+~=!":
            found.setdefault(rest.split()[0], set()).add(mark)
    return found


def test_the_plan_creates_nothing(world, broker, orders):
    planned = world.fanfare("apply", "--dry-run")

    assert marks(planned) == {"shop.orders": {"+"}, "fanfare.retry": {"+"}, "fanfare.control": {"+"}, "fanfare.receipts": {"+"}, "shop.orders.dead-letter": {"+"}}
    assert broker.topics() == set()
    assert world.fanfare("apply", "--dry-run", "--output", "json").json["changes"] == 5


def test_topics_are_created_once(world, broker, orders):
    world.fanfare("apply")

    assert broker.topics() == {"shop.orders"} | OWN
    assert [broker.partitions(t) for t in ("shop.orders", "fanfare.retry", "shop.orders.dead-letter")] == [3, 2, 3]
    assert broker.partitions("fanfare.control") == 1 and broker.config("fanfare.control")["cleanup.policy"] == "compact"
    for topic in DIVERTED:
        config = broker.config(topic)
        assert config["cleanup.policy"] == "delete" and config["retention.bytes"] == "-1"
        assert int(config["max.message.bytes"]) > int(broker.config("shop.orders")["max.message.bytes"])
    assert int(broker.config("fanfare.retry")["retention.ms"]) > 3 * DAY, "longer than an event may be retried"
    assert int(broker.config("shop.orders.dead-letter")["retention.ms"]) > 7 * DAY, "longer than the source"

    receipts = broker.config("fanfare.receipts")
    assert broker.partitions("fanfare.receipts") == 4 and (receipts["cleanup.policy"], receipts["retention.ms"]) == ("delete", str(7 * DAY))

    broker.configures("fanfare.receipts", retention_ms=DAY)
    again = world.fanfare("apply")
    assert set.union(*marks(again).values()) == {"="} and "nothing to do" in again.output, "how long receipts are kept is for their readers to say"


def test_topics_are_extended(world, broker, orders):
    broker.creates("shop.orders", 1, retention_ms=DAY)
    broker.creates("fanfare.retry", 1, cleanup_policy="compact", retention_ms=DAY, segment_bytes=1 << 20)
    broker.creates("fanfare.control", 4, cleanup_policy="delete")

    assert marks(world.fanfare("apply")) == {
        "shop.orders": {"~"}, "fanfare.retry": {"~"}, "fanfare.control": {"~"}, "fanfare.receipts": {"+"}, "shop.orders.dead-letter": {"+"}}
    assert broker.config("fanfare.control")["cleanup.policy"] == "compact", "what was made by itself forgets nothing from now on"
    assert broker.partitions("shop.orders") == 3 and broker.partitions("fanfare.retry") == 2
    assert broker.config("shop.orders")["retention.ms"] == str(7 * DAY)
    retry = broker.config("fanfare.retry")
    assert retry["cleanup.policy"] == "delete" and int(retry["retention.ms"]) > 3 * DAY
    assert retry["segment.bytes"] == str(1 << 20), "what is not Fanfare's stays"
    assert set.union(*marks(world.fanfare("apply")).values()) == {"="}


def test_a_longer_giving_up_keeps_retries_longer(world, broker, orders):
    world.fanfare("apply")
    orders.subscribe("patient", world.endpoint_where_nothing_listens("patient"), retry={"giveUpAfter": "30d"})

    assert marks(world.fanfare("apply"))["fanfare.retry"] == {"~"}
    assert int(broker.config("fanfare.retry")["retention.ms"]) > 30 * DAY


def test_nothing_is_shrunk(world, broker, orders):
    broker.creates("shop.orders", 5, retention_ms=14 * DAY)
    broker.creates("fanfare.retry", 6, retention_ms=-1, max_message_bytes=5_000_000)
    broker.creates("shop.orders.dead-letter", 8, retention_ms=90 * DAY, max_message_bytes=5_000_000)

    refused = world.fanfare("apply", expect=1)
    assert marks(refused) == {
        "shop.orders": {"!"}, "fanfare.retry": {"="}, "fanfare.control": {"+"}, "fanfare.receipts": {"+"}, "shop.orders.dead-letter": {"="}}
    assert "deletes records" in refused.output and "partitions 5, wanted 3" in refused.output
    assert broker.partitions("shop.orders") == 5 and broker.config("shop.orders")["retention.ms"] == str(14 * DAY)
    assert broker.config("fanfare.retry")["retention.ms"] == "-1"


def test_more_replicas_than_brokers_are_refused_with_the_key_to_change(world, broker, orders):
    world.configure(deadLetter={"replicationFactor": 3})

    refused = world.fanfare("apply", expect=1)
    assert marks(refused)["shop.orders.dead-letter"] == {"!"} and "deadLetter.replicationFactor" in refused.output
    assert broker.topics() == {"shop.orders", "fanfare.retry", "fanfare.control", "fanfare.receipts"}, "the others are created all the same"


def test_a_broker_without_the_admin_api_is_recognised(world, orders):
    world.starts_broker()

    assert "admin API" in world.fanfare("apply", "--dry-run", expect=1).errors


def test_a_broker_that_is_not_there_is_named(world, orders):
    refused = world.fanfare("apply", expect=1)

    assert f"127.0.0.1:{world.broker_port}" in refused.errors and "bootstrapServers" in refused.errors


def test_windows_over_a_whole_topic_have_a_topic_with_as_many_partitions(world, broker, orders):
    window = {"type": "tumbling", "size": "10d", "scope": "topic", "groupBy": ["/data/customer"]}
    orders.subscribe("revenue", world.endpoint_where_nothing_listens("revenue"), window=window)
    orders.write()
    world.fanfare("apply")
    assert broker.partitions("fanfare.revenue.repartition") == 3
    config = broker.config("fanfare.revenue.repartition")
    assert config["cleanup.policy"] == "delete" and int(config["retention.ms"]) > 10 * DAY, "longer than a window may be open"

    assert set.union(*marks(world.fanfare("apply")).values()) == {"="}
