"""Windows over all partitions of a topic (`scope: topic`): one window for a group, wherever its events lie."""

import collections
import json
import random

import pytest

from harness import windows
from test_windows import EVENT, MIDNIGHT, MINUTE, moment

REPARTITION = "fanfare.billing.repartition"
WINDOW = {
    "type": "tumbling", "size": "1m", "scope": "topic", "idle": "2s", "groupBy": ["/data/customer"],
    "aggregates": {"total": {"sum": "/data/total"}, "all": {"list": "/data/n", "limit": 10_000}}}


@pytest.fixture
def orders(world):
    world.extra_topics[REPARTITION] = 3
    return world.topic("shop.orders", partitions=4, event=EVENT)


def publish(topic, events, first=0):
    """Events of (partition, time, customer, total), numbered."""
    values = [
        {"n": n, "at": moment(time), "customer": customer, "total": total}
        for n, (_, time, customer, total) in enumerate(events, start=first)]
    topic.publish_records((partition, b"k", json.dumps(value), None) for (partition, *_), value in zip(events, values))
    return values


def by_window(values):
    """What each customer and minute has."""
    found = collections.defaultdict(list)
    for value in values:
        found[value["customer"], windows.milliseconds(value["at"]) // MINUTE * MINUTE].append(value)
    return found


def delivered(endpoint):
    """{(customer, start): data}, and how often each id came; the same id has the same content, and the same window the same id."""
    found, ids, times = {}, {}, collections.Counter()
    for arrival in endpoint.arrivals():
        if arrival.accepted:
            event = arrival.json
            window = (event["data"]["group"]["/data/customer"], windows.milliseconds(event["data"]["window"]["start"]))
            assert found.setdefault(window, event["data"]) == event["data"]
            assert ids.setdefault(window, event["id"]) == event["id"]
            assert (event["source"], event["type"]) == ("kafka:shop.orders", "shop.orders.window")
            times[event["id"]] += 1
    return found, times


def check(endpoint, values):
    found, times = delivered(endpoint)
    wanted = by_window(values)
    assert found.keys() == wanted.keys(), f"missing {sorted(wanted.keys() - found.keys())[:5]}, unexpected {sorted(found.keys() - wanted.keys())[:5]}"
    for window, events in wanted.items():
        data = found[window]
        assert sorted(data["aggregates"]["all"]) == sorted(event["n"] for event in events), window
        assert data["count"] == len(events)
        assert windows.exact(data["aggregates"]["total"]) == sum(windows.exact(event["total"]) for event in events)
    return times


def spread(seed, count, span=10 * MINUTE, customers=20):
    """Each partition's times ascend; customers are on all of them."""
    draw = random.Random(seed)
    times = sorted(MIDNIGHT + draw.randrange(span) for _ in range(count))
    return [(draw.randrange(4), time, f"customer-{draw.randrange(customers)}", draw.randrange(1, 10_000) / 100) for time in times]


def test_a_group_has_one_window_wherever_its_events_lie(world, orders):
    billing = world.endpoint("billing", keep=True)
    search = world.endpoint("search")
    orders.subscribe("billing", billing, window=WINDOW)
    orders.subscribe("search", search)
    bridge = world.bridge().starts()
    values = publish(orders, spread(1, 2000))
    world.wait_until(lambda: len(delivered(billing)[0]) == len(by_window(values)), "all windows", timeout=60)
    times = check(billing, values)
    assert set(times.values()) == {1}
    search.has_taken(2000)
    # Two cursors: of what is written to the repartition topic, and of what is computed from it.
    bridge.shows("fanfare_lag_records", 0, subscription="billing._repartition")
    listed = world.fanfare("subscriptions", "--output", "json").json
    assert {"billing", "billing._repartition", "search"} <= {one["name"] for one in listed}


def test_a_partition_that_lags_is_waited_for(world, orders):
    """Its events would be late, were it only their order in the repartition topic that counts."""
    billing = world.endpoint("billing", keep=True)
    orders.subscribe("billing", billing, window={**WINDOW, "idle": "5s"})
    bridge = world.bridge().starts()
    ahead = publish(orders, [(0, MIDNIGHT + minute * MINUTE, "a", 1) for minute in range(10)])
    bridge.shows("fanfare_deliveries_total", 10, subscription="billing._repartition")
    behind = publish(orders, [(partition, MIDNIGHT + minute * MINUTE, "a", 1) for minute in range(10) for partition in (1, 2, 3)], first=10)
    world.wait_until(lambda: len(delivered(billing)[0]) == 10, "all windows", timeout=60)
    check(billing, ahead + behind)
    assert not world.dead_letters(orders)


def test_a_late_event_becomes_a_dead_letter_that_names_its_source(world, orders):
    billing = world.endpoint("billing", keep=True)
    orders.subscribe("billing", billing, window=WINDOW)
    world.bridge().starts()
    values = publish(orders, [(partition, MIDNIGHT + 10 * MINUTE, "a", 1) for partition in range(4)])
    world.wait_until(lambda: len(delivered(billing)[0]) == 1, "the window", timeout=60)
    publish(orders, [(2, MIDNIGHT, "a", 7)], first=4)
    world.wait_until(lambda: world.dead_letters(orders), "the dead letter", timeout=60)
    (letter,) = world.dead_letters(orders)
    assert (letter.kind, letter.source_id, letter.subscription) == ("window-late", "shop.orders-2-1", "billing")
    assert json.loads(letter.value)["total"] == 7 and "fanfare-watermark" not in letter.headers
    check(billing, values)


def test_kills_change_nothing_in_any_window(world, orders):
    billing = world.endpoint("billing", keep=True, delay=0.01)
    orders.subscribe("billing", billing, window=WINDOW)
    world.starts_broker()
    replicas = [world.bridge_without_broker(name).starts(ready=False) for name in ("first", "second", "third")]
    for replica in replicas:
        replica.is_ready()
    events = spread(2, 3000)
    values = []
    for round, start in enumerate(range(0, 3000, 500)):
        values += publish(orders, events[start:start + 500], first=start)
        victim = replicas[round % 3]
        if round in (1, 2, 4):
            victim.process.kill()
            victim.starts(ready=False)
    world.wait_until(lambda: len(delivered(billing)[0]) == len(by_window(values)), "all windows", timeout=120)
    check(billing, values)


def test_a_repartition_topic_that_takes_nothing_holds_up_its_subscription_alone(world, orders):
    billing = world.endpoint("billing", keep=True)
    search = world.endpoint("search")
    orders.subscribe("billing", billing, window=WINDOW, start="earliest")
    orders.subscribe("search", search, start="earliest")
    broker = world.starts_broker()
    values = publish(orders, spread(3, 500))
    broker.command("error produce NOT_ENOUGH_REPLICAS 1000000")
    world.bridge().starts()
    search.has_taken(500)
    assert world.lag("billing._repartition", orders) > 0 and not billing.arrivals()
    broker.command("heal produce")
    world.wait_until(lambda: len(delivered(billing)[0]) == len(by_window(values)), "all windows", timeout=120)
    check(billing, values)
    assert not world.dead_letters(orders)
