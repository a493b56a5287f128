"""Commands and manifests that name times, with a broker (noida-db) that finds offsets by time, and records of stated ages.

Every topic tells the same morning: an event each quarter of an hour, to the millisecond, on two of its three partitions;
the third is empty. On each partition two neighbours have changed places, as records do that a producer sends again.
"""

import collections
import datetime
import json

import pytest

from harness.admin_broker import AdminBroker
from harness.letters import dead_letter

MIDNIGHT = datetime.datetime(2026, 5, 1, tzinfo=datetime.timezone.utc)
QUARTERS = range(24)
# Even ones stand on partition 0, odd ones on partition 1.
ON_PARTITION = {0: [0, 2, 4, 8, 6, *range(10, 24, 2)], 1: [1, 3, 5, 9, 7, *range(11, 24, 2)]}


def time_of(quarter, milliseconds=0):
    return MIDNIGHT + datetime.timedelta(minutes=15 * quarter, milliseconds=milliseconds)


def at(quarter, milliseconds=0):
    """As people write it."""
    return time_of(quarter, milliseconds).isoformat(timespec="milliseconds")


def timestamp(quarter):
    """As records have it."""
    return round(time_of(quarter).timestamp() * 1000)


@pytest.fixture
def broker(world):
    broker = AdminBroker.serving(world, {"fanfare.retry": 2, "fanfare.control": 1})
    for topic in ("shop.orders", "shop.orders.dead-letter"):
        # It is long ago.
        broker.creates(topic, 3, retention_ms=-1)
    return broker


@pytest.fixture
def orders(world, broker):
    return world.topic("shop.orders", partitions=3, event={"id": {"pointer": "/id"}})


@pytest.fixture
def billing(world, orders):
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    return billing


def publish_all(orders):
    orders.publish_records(
        (partition, None, json.dumps({"id": f"quarter-{quarter}"}), None, timestamp(quarter))
        for partition, quarters in ON_PARTITION.items() for quarter in quarters)


def events(quarters):
    return {f"quarter-{quarter}": 1 for quarter in quarters}


# From, to, and what is between them.
RANGES = [
    (at(3), at(6), [3, 4, 5]),
    (at(3, 1), at(6, 1), [4, 5, 6]),
    # Around those that have changed places.
    (at(6), at(8), [6, 7]),
    (at(7), at(9), [7, 8]),
    (at(8), at(9), [8]),
    ("2026-05-01T07:00:00+02:00", at(22), [20, 21]),
    (at(-5), at(1), [0]),
    (at(23), at(100), [23]),
    (at(24), at(100), []),
    (at(-5), at(0), []),
    (at(6), at(3), []),
]


def test_a_replay_takes_what_is_at_its_beginning_and_not_what_is_at_its_end(world, orders, billing):
    publish_all(orders)
    for start, end, quarters in RANGES:
        done = world.fanfare("replay", "--subscription", "billing", "--from", start, "--to", end, "--output", "json").json
        assert (done["replayed"], done["complete"]) == (len(quarters), True), (start, end)
        taken = [retry for retry in world.retries("billing") if retry.text("fanfare-replay") == done["job"]]
        assert {json.loads(retry.value)["id"]: 1 for retry in taken} == events(quarters), (start, end)
    assert world.fanfare("replay", "--subscription", "billing", "--from", at(20), "--output", "json").json["replayed"] == 4


def test_a_replay_of_a_span_is_delivered(world, orders, billing):
    publish_all(orders)
    world.bridge_without_broker().starts()
    billing.has_taken(24)
    world.is_settled("billing")
    world.fanfare("replay", "--subscription", "billing", "--from", at(6), "--to", at(9))
    billing.has_seen(24 + 3)
    assert {event for event, times in billing.delivered().items() if times == 2} == set(events([6, 7, 8]))


def test_dead_letters_are_listed_and_redriven_by_when_they_were_written(world, orders, billing):
    world.kafka.publish(orders.dead_letters, (
        (*dead_letter("billing", offset=quarter, partition=partition), timestamp(quarter))
        for partition, written in ON_PARTITION.items() for quarter in written))
    for start, end, quarters in RANGES:
        which = ["--topic", "shop.orders", "--since", start, "--until", end, "--output", "json"]
        listed = world.fanfare("dlq", "list", *which).json
        assert sorted(letter["source"]["offset"] for letter in listed) == quarters, (start, end)
        before = len(world.retries("billing"))
        assert world.fanfare("dlq", "redrive", *which).json["redriven"] == len(quarters), (start, end)
        assert len(world.retries("billing")) == before + len(quarters), (start, end)
    assert len(world.fanfare("dlq", "list", "--topic", "shop.orders", "--since", at(20), "--output", "json").json) == 4


# Of each partition, from the first record that is at least so young: what has changed places with it comes, too.
FIRST = [
    (at(6), {0: 3, 1: 3}),
    (at(7), {0: 3, 1: 3}),
    (at(8, 1), {0: 5, 1: 3}),
    (at(20, 1), {0: 11, 1: 10}),
    (at(-1), {0: 0, 1: 0}),
    # Nothing is so young: what comes next.
    (at(24), {0: 12, 1: 12}),
]


def from_there_on(first):
    return [quarter for partition, written in ON_PARTITION.items() for quarter in written[first[partition]:]]


def test_a_seek_to_a_time_goes_on_at_the_first_record_of_that_age(world, orders, billing):
    publish_all(orders)
    bridge = world.bridge_without_broker().starts()
    billing.has_taken(24)
    world.is_settled("billing")
    expected = collections.Counter(events(QUARTERS))
    for to, first in FIRST:
        sought = world.fanfare("seek", "billing", "--to", to, "--output", "json").json["seek"]
        assert sought["offsets"] == {"0": first[0], "1": first[1], "2": 0} and sought["outstanding"] == [], to
        expected += events(from_there_on(first))
        billing.has_seen(expected.total())
        world.is_settled("billing")
        assert billing.delivered() == expected, to

    bridge.stops()
    world.fanfare("seek", "billing", "--to", at(6))
    bridge.starts()
    expected += events(from_there_on({0: 3, 1: 3}))
    billing.has_seen(expected.total())
    world.is_settled("billing")
    assert billing.delivered() == expected


def test_a_subscription_starts_at_a_time(world, orders):
    publish_all(orders)
    endpoints = {}
    for number, (start, _) in enumerate(FIRST):
        name = f"from-{number}"
        endpoints[name] = world.endpoint(name)
        orders.subscribe(name, endpoints[name], start=start)
    bridge = world.bridge_without_broker().starts()
    bridge.shows("fanfare_lag_records", 0)
    orders.publish_record(json.dumps({"id": "new"}), partition=2)
    for (name, endpoint), (_, first) in zip(endpoints.items(), FIRST):
        wanted = from_there_on(first)
        endpoint.has_taken(len(wanted) + 1)
        world.is_settled(name)
        assert endpoint.delivered() == {**events(wanted), "new": 1}, name
