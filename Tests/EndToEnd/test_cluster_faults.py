"""A cluster of three brokers that moves leaders and coordinators, loses brokers, and refuses requests."""

import pytest

from harness.load import Load

PARTITIONS = 4
GROUPS = ("fanfare", "fanfare.billing", "fanfare._retry")
FAST_RETRIES = {"schedule": ["3s", "3s", "3s", "3s", "3s", "3s"], "jitter": 0}


@pytest.fixture
def billing(world):
    """Fails now and then, so that the retry topic is part of it."""
    orders = world.topic("shop.orders", partitions=PARTITIONS)
    billing = world.endpoint("billing", fail=0.1)
    orders.subscribe("billing", billing, retry=FAST_RETRIES, diversion={"burst": 1000})
    world.starts_broker(brokers=3)
    return billing


def moves_leaders(world, to):
    """To the broker that `to` names for each partition."""
    for topic, partitions in (("shop.orders", PARTITIONS), ("fanfare.retry", 2)):
        for partition in range(partitions):
            world.broker.command(f"leader {topic} {partition} {to(partition)}")


def ends_well(world, billing, duplicates=0):
    billing.has_taken(len(world.topics["shop.orders"].published))
    world.is_settled("billing")
    world.books("billing").balance(duplicates)


def test_leaders_that_move_under_load_cost_nothing(world, billing):
    orders = world.topics["shop.orders"]
    world.bridge().starts()
    with Load(orders, 100):
        for turn in range(5):
            moves_leaders(world, to=lambda partition: 1 + (turn + partition) % 3)
            billing.has_taken(len(orders.published) + 50)
    ends_well(world, billing)


def test_coordinators_that_move_under_load_cost_nothing(world, billing):
    """The owner group's, and those of the cursors."""
    orders = world.topics["shop.orders"]
    bridge = world.bridge().starts()
    with world.watches("billing"), Load(orders, 100):
        for turn in range(5):
            for group in GROUPS:
                world.broker.command(f"coordinator {group} {1 + turn % 3}")
            billing.has_taken(len(orders.published) + 50)
    ends_well(world, billing)
    bridge.is_ready()


def test_one_broker_of_three_may_go_away_and_come_back(world, billing):
    """The one that is named in bootstrapServers."""
    orders = world.topics["shop.orders"]
    bridge = world.bridge().starts()
    orders.publish(200)
    # More than half of it: all that begins by that broker has begun.
    billing.has_taken(150)
    moves_leaders(world, to=lambda partition: 2 + partition % 2)
    for group in GROUPS:
        world.broker.command(f"coordinator {group} 3")
    world.broker.command("down 1")

    orders.publish(200)
    billing.has_taken(400)
    assert bridge.get("/readyz")[0] == 200, bridge.get("/readyz")
    world.broker.command("up 1")
    moves_leaders(world, to=lambda partition: 1)
    orders.publish(200)
    ends_well(world, billing)


def test_a_broker_that_holds_its_answers_back_is_only_slow(world, billing):
    world.bridge().starts()
    moves_leaders(world, to=lambda partition: 1 + partition % 2)
    world.broker.command("rtt 700 2")
    world.topics["shop.orders"].publish(300)
    billing.has_taken(300)
    world.broker.command("rtt 0 2")
    ends_well(world, billing)


REFUSALS = {
    "fetch": [
        "NOT_LEADER_FOR_PARTITION", "LEADER_NOT_AVAILABLE", "UNKNOWN_TOPIC_OR_PART", "TOPIC_AUTHORIZATION_FAILED",
        "OFFSET_OUT_OF_RANGE", "KAFKA_STORAGE_ERROR"],
    "offsetCommit": [
        "NOT_COORDINATOR", "COORDINATOR_NOT_AVAILABLE", "COORDINATOR_LOAD_IN_PROGRESS", "REQUEST_TIMED_OUT",
        "OFFSET_METADATA_TOO_LARGE", "TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED", "REBALANCE_IN_PROGRESS"],
    "produce": [
        "NOT_LEADER_FOR_PARTITION", "LEADER_NOT_AVAILABLE", "UNKNOWN_TOPIC_OR_PART", "NOT_ENOUGH_REPLICAS",
        "NOT_ENOUGH_REPLICAS_AFTER_APPEND", "REQUEST_TIMED_OUT", "TOPIC_AUTHORIZATION_FAILED", "CLUSTER_AUTHORIZATION_FAILED",
        "MSG_SIZE_TOO_LARGE", "INVALID_REQUEST"],
}


@pytest.mark.parametrize("request_kind", REFUSALS)
def test_what_the_cluster_refuses_is_asked_for_again(world, billing, request_kind):
    orders = world.topics["shop.orders"]
    billing.behaves(delay=0.2)
    # Neither receipts nor the test's own producer must meet the refusals that are meant for retries and dead letters.
    world.configure(receipts={"enabled": False})
    bridge = world.bridge().starts()
    orders.publish(100)
    for code in REFUSALS[request_kind] * 2:
        world.broker.command(f"error {request_kind} {code} 1")
    ends_well(world, billing)
    world.broker.command(f"heal {request_kind}")
    if request_kind == "offsetCommit":
        bridge.logs("a commit failed; it will be repeated")
    if request_kind == "produce":
        bridge.logs("Kafka does not take a retry or dead-letter record; the event stays unsettled")

    orders.publish(100)
    ends_well(world, billing)


STARTING = {
    "metadata": ["LEADER_NOT_AVAILABLE"],
    "findCoordinator": ["COORDINATOR_NOT_AVAILABLE"],
    "joinGroup": ["COORDINATOR_LOAD_IN_PROGRESS", "NOT_COORDINATOR", "UNKNOWN_MEMBER_ID"],
    "syncGroup": ["REBALANCE_IN_PROGRESS", "NOT_COORDINATOR"],
    "offsetFetch": ["COORDINATOR_LOAD_IN_PROGRESS", "NOT_COORDINATOR", "GROUP_AUTHORIZATION_FAILED"],
    "listOffsets": ["NOT_LEADER_FOR_PARTITION", "LEADER_NOT_AVAILABLE"],
    "initProducerID": ["COORDINATOR_LOAD_IN_PROGRESS", "NOT_COORDINATOR"],
}


def test_refusals_while_it_starts_only_delay_the_start(world, billing):
    world.topics["shop.orders"].publish(200)
    for kind, codes in STARTING.items():
        for code in codes:
            world.broker.command(f"error {kind} {code} 1")
    world.bridge().starts()
    ends_well(world, billing)


@pytest.mark.parametrize("code", ["UNKNOWN_MEMBER_ID", "REBALANCE_IN_PROGRESS"])
def test_a_heartbeat_that_is_refused_means_a_rebalance(world, billing, code):
    """Told that it is no member, it may not finish what it has: in flight, or settled since the last commit, comes again."""
    orders = world.topics["shop.orders"]
    bridge = world.bridge().starts()
    is_fenced = code == "UNKNOWN_MEMBER_ID"
    with world.watches("billing"), Load(orders, 100):
        billing.has_taken(100)
        world.broker.command(f"error heartbeat {code} 1")
        if is_fenced:
            bridge.logs("partitions lost")
        billing.has_taken(len(orders.published) + 100)
    ends_well(world, billing, duplicates=150 if is_fenced else 0)
    assert bridge.process.says("partitions lost") == is_fenced
