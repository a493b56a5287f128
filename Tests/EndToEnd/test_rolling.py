"""Replicas are replaced one after the other while events keep coming, as a deployment does it.

What takes how long is measured and not judged; `make rolling` runs it for longer and writes the figures down.
"""

import datetime
import json
import os
import pathlib
import time

import pytest

from harness import library
from harness.gaps import Gaps
from harness.load import Load
from harness.memory_broker import MemoryBroker

PER_SECOND = int(os.environ.get("FANFARE_ROLLING_RATE", 200))
# Before the first restart, for comparison.
QUIET_SECONDS = int(os.environ.get("FANFARE_ROLLING_QUIET", 3))
# Before that: the last rebalance of the start may still be under way.
SETTLING_SECONDS = max(1, QUIET_SECONDS // 2)
PARTITIONS = 12


@pytest.mark.both_libraries
def test_three_replicas_restarted_in_turn_under_load_repeat_nothing_and_lose_nothing(world, librdkafka):
    orders = world.topic("shop.orders", partitions=PARTITIONS)
    world.starts_broker()
    _rolls(world, orders, f"embedded, librdkafka {librdkafka}", "a rebalance that somebody leaves or joins takes 3.5 s")


@pytest.mark.skipif("FANFARE_REPORT" not in os.environ, reason="for its figures; `make rolling` runs it")
@pytest.mark.parametrize("librdkafka", [library.NEW])
def test_the_same_with_another_brokers_groups(world, librdkafka):
    # One member each: of two that leave at once, this broker forgets one leave, and waits for the dead member for ever.
    world.configure(limits={"shards": 1})
    orders = world.topic("shop.orders", partitions=PARTITIONS)
    MemoryBroker(world)
    for topic, partitions in ((orders.name, PARTITIONS), ("fanfare.retry", 2), ("fanfare.control", 1), (orders.dead_letters, 1)):
        world.kafka.creates(topic, partitions)
    _rolls(world, orders, f"Tansu, librdkafka {librdkafka}", "each rebalance takes 3 s")


def _rolls(world, orders, setting, broker):
    subscriptions = {"fast": world.endpoint("fast"), "slow": world.endpoint("slow", delay=0.1)}
    for name, endpoint in subscriptions.items():
        orders.subscribe(name, endpoint)
    replicas = [world.bridge_without_broker(name).starts(ready=False) for name in ("first", "second", "third")]
    for replica in replicas:
        replica.is_ready()

    with Load(orders, PER_SECOND) as load:
        for endpoint in subscriptions.values():
            endpoint.has_taken(PER_SECOND * SETTLING_SECONDS)
        quiet_from = time.time()
        for endpoint in subscriptions.values():
            endpoint.has_taken(PER_SECOND * (SETTLING_SECONDS + QUIET_SECONDS))
        rolling_from = time.time()
        for replica in replicas:
            replica.restarts()
        # Every restart was followed by deliveries, so that none of the gaps is still open.
        done = len(orders.published)
        for endpoint in subscriptions.values():
            endpoint.has_taken(done)
        rolling_until = time.time()

    figures = {}
    for name, endpoint in subscriptions.items():
        endpoint.has_taken(len(orders.published))
        world.has_settled_what_was_published(name)
        books = world.books(name)
        books.balance(duplicates=0)
        gaps = Gaps(books.arrivals, load.made)
        figures[name] = {
            "events": len(books.produced), "lost": len(books.produced - books.delivered), "duplicates": books.repeated,
            "withoutRestart": gaps.between(quiet_from, rolling_from), "rolling": gaps.between(rolling_from, rolling_until)}
    _report({
        "setting": setting, "broker": broker, "replicas": len(replicas), "partitions": PARTITIONS, "eventsPerSecond": PER_SECOND,
        "subscriptions": figures})


def _report(figures):
    """Into $FANFARE_REPORT/rolling.json, beside what other settings gave."""
    if folder := os.environ.get("FANFARE_REPORT"):
        path = pathlib.Path(folder) / "rolling.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        report = json.loads(path.read_text()) if path.exists() else {"runs": []}
        report["date"] = datetime.date.today().isoformat()
        report["runs"] = [run for run in report["runs"] if run["setting"] != figures["setting"]] + [figures]
        path.write_text(json.dumps(report, indent=2) + "\n")
