"""Windows: what comes out is what an independent computation makes of the same log."""

import collections
import datetime
import decimal
import json
import random

import pytest

from harness import windows
from harness.windows import Event

MINUTE = 60_000
DAY = 24 * 60 * MINUTE
MIDNIGHT = 1_700_006_400_000  # 2023-11-15
EVENT = {"time": {"pointer": "/at"}}
AGGREGATES = {
    "total": {"sum": "/data/total"}, "least": {"min": "/data/total"}, "highest": {"max": "/data/total"},
    "kinds": {"distinct": "/data/kind"}, "first": {"first": "/data/n"}, "last": {"last": "/data/n"},
    "all": {"list": "/data/n", "limit": 1000},
}


def moment(time):
    """RFC 3339, in milliseconds."""
    return datetime.datetime.fromtimestamp(time / 1000, datetime.timezone.utc).isoformat(timespec="milliseconds")


def publish(topic, events):
    """Events of (time, key, fields), numbered; returns them by partition, in the order of their offsets."""
    values = [{"n": n, "at": moment(time), **fields} for n, (time, _, fields) in enumerate(events)]
    ids = topic.publish_records((None, key, json.dumps(value), None) for (_, key, _), value in zip(events, values))
    partitions = collections.defaultdict(list)
    for event, (time, key, _), value in zip(ids, events, values):
        partition, offset = map(int, event.rsplit("-", 2)[1:])
        partitions[partition].append(Event(offset, time, key, value))
    return [sorted(found) for found in partitions.values()]


def totals(seed, count, keys, span, disorder, start=MIDNIGHT):
    """Random events over a span of time, more or less in its order; totals are decimal, so that sums tell if they are exact."""
    draw = random.Random(seed)
    times = sorted(start + draw.randrange(span) for _ in range(count))
    events = [
        (max(start, time - draw.randrange(disorder + 1)), f"key-{draw.randrange(keys)}",
         {"total": draw.randrange(1, 100_000) / 100, "kind": draw.choice("abc")}) for time in times]
    return events


def expected(events):
    """What a window of these events says."""
    by_time = sorted(events, key=lambda event: (event.time, event.offset))
    values = [event.value for event in events]
    amounts = [windows.exact(value["total"]) for value in values]
    return {
        "total": sum(amounts), "least": min(amounts), "highest": max(amounts), "kinds": len({value["kind"] for value in values}),
        "first": by_time[0].value["n"], "last": by_time[-1].value["n"], "all": [value["n"] for value in values]}


def check(found, partitions, compute):
    """All windows that were delivered are those that the computation makes, with the same content; returns the late events."""
    late = []
    wanted = {}
    for events in partitions:
        computed = compute(events)
        late += computed.late
        assert not wanted.keys() & computed.complete.keys()
        wanted |= computed.complete
    assert found.keys() == wanted.keys(), f"missing {sorted(wanted.keys() - found.keys())[:5]}, unexpected {sorted(found.keys() - wanted.keys())[:5]}"
    for window, events in wanted.items():
        data = found[window]
        aggregates = {name: windows.exact(value) if isinstance(value, (int, float, decimal.Decimal)) else value
                      for name, value in data["aggregates"].items()}
        assert data["count"] == len(events) and aggregates == expected(events), f"{window}: {data}, and not {expected(events)}"
    return late


def batch(arrival):
    return json.loads(arrival.body, parse_float=decimal.Decimal)


def test_a_day_of_one_minute_windows_over_a_thousand_keys(world):
    orders = world.topic("shop.orders", partitions=4, event=EVENT)
    billing = world.endpoint("billing", keep=True)
    orders.subscribe(
        "billing", billing, batch={"maxEvents": 100, "maxWait": "200ms"},
        window={"type": "tumbling", "size": "1m", "grace": "30s", "idle": "2s", "aggregates": AGGREGATES, "maxGroups": 5000})
    world.starts_broker()
    # A key has its events in a few minutes of the day.
    draw = random.Random(1)
    events = []
    for time, _, fields in totals(seed=2, count=40_000, keys=1, span=DAY, disorder=25_000):
        minute = (time - MIDNIGHT) // MINUTE
        events.append((time, f"key-{(minute * 7 + draw.randrange(8)) % 1000}", fields))
    partitions = publish(orders, events)
    assert len({key for _, key, _ in events}) == 1000
    world.bridge_without_broker().starts()

    wanted = sum(len(windows.fixed(p, MINUTE, grace=30_000).complete) for p in partitions)
    assert wanted > 9000
    billing.has_taken(wanted)
    world.is_settled("billing")
    found, times = windows.delivered(billing, of=batch)
    late = check(found, partitions, lambda events: windows.fixed(events, MINUTE, grace=30_000))
    assert set(times.values()) == {1} and not late and not world.dead_letters(orders)
    assert len(billing.arrivals()) < wanted / 5, "they travel together"


SHAPES = {
    "tumbling": ({"type": "tumbling", "size": "1m", "grace": "5s"}, lambda e: windows.fixed(e, MINUTE, grace=5000)),
    "hopping": ({"type": "hopping", "size": "1m", "hop": "25s", "grace": "5s"}, lambda e: windows.fixed(e, MINUTE, 25_000, grace=5000)),
    "session": ({"type": "session", "gap": "20s", "max": "10m", "grace": "5s"}, lambda e: windows.sessions(e, 20_000, 10 * MINUTE, grace=5000)),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_replicas_that_are_killed_make_the_same_windows(world, shape):
    policy, compute = SHAPES[shape]
    orders = world.topic("shop.orders", partitions=3, event=EVENT)
    billing = world.endpoint("billing", keep=True, delay=0.005)
    orders.subscribe("billing", billing, window={**policy, "idle": "3s", "aggregates": AGGREGATES})
    world.starts_broker()
    # Some are late: out of order by more than the grace.
    partitions = publish(orders, totals(seed=3, count=6000, keys=20, span=60 * MINUTE, disorder=70_000))
    computed = [compute(events) for events in partitions]
    wanted = sum(len(c.complete) for c in computed)
    late = sorted(event.offset for c in computed for event in c.late)
    assert wanted > 800 and len(late) > 20
    first, second = [world.bridge_without_broker(name).starts(ready=False) for name in ("first", "second")]
    for part in (0.1, 0.3, 0.5):
        billing.has_taken(int(wanted * part))
        first.is_killed()
        first.starts(ready=False)
        first, second = second, first
    billing.has_taken(wanted)
    world.is_settled("billing")

    found, _ = windows.delivered(billing, of=lambda arrival: [batch(arrival)])
    check(found, partitions, compute)
    # A late event may become a dead letter again after a kill, as any.
    letters = world.dead_letters(orders)
    assert {letter.kind for letter in letters} == {"window-late"}
    assert {letter.source_id for letter in letters} == {
        f"shop.orders-{partition}-{offset}" for partition, offset in late_ids(orders, computed)}


def late_ids(orders, computed):
    numbers = {event.value["n"] for c in computed for event in c.late}
    for n, event in enumerate(orders.published):
        if n in numbers:
            partition, offset = event.rsplit("-", 2)[1:]
            yield int(partition), int(offset)


def test_a_rolling_restart_repeats_no_window(world):
    orders = world.topic("shop.orders", partitions=2, event=EVENT)
    billing = world.endpoint("billing", keep=True, delay=0.01)
    orders.subscribe("billing", billing, window={"type": "tumbling", "size": "1m", "grace": "10s", "idle": "3s", "aggregates": AGGREGATES})
    world.starts_broker()
    partitions = publish(orders, totals(seed=4, count=4000, keys=30, span=60 * MINUTE, disorder=9000))
    wanted = sum(len(windows.fixed(p, MINUTE, grace=10_000).complete) for p in partitions)
    first, second = [world.bridge_without_broker(name).starts() for name in ("first", "second")]
    billing.has_taken(wanted // 4)
    first.restarts()
    billing.has_taken(wanted // 2)
    second.restarts()
    billing.has_taken(wanted)
    world.is_settled("billing")
    found, times = windows.delivered(billing, of=lambda arrival: [batch(arrival)])
    assert not check(found, partitions, lambda events: windows.fixed(events, MINUTE, grace=10_000))
    assert set(times.values()) == {1}


@pytest.mark.parametrize("policy", ["deadLetter", "drop", "deliver"])
def test_late_events(world, policy):
    orders = world.topic("shop.orders", event=EVENT)
    billing = world.endpoint("billing", keep=True)
    orders.subscribe("billing", billing, window={"type": "tumbling", "size": "1m", "idle": "1s", "late": policy})
    bridge = world.bridge().starts()
    publish(orders, [(MIDNIGHT, "a", {}), (MIDNIGHT + 2 * MINUTE, "a", {}), (MIDNIGHT + 30_000, "a", {})])
    billing.has_taken(3 if policy == "deliver" else 2)
    world.is_settled("billing")
    letters = world.dead_letters(orders)
    plain = [a.json for a in billing.arrivals() if a.json["type"] != "shop.orders.window"]
    if policy == "deadLetter":
        (letter,) = letters
        assert (letter.kind, letter.source_id) == ("window-late", "shop.orders-0-2")
    if policy == "deliver":
        (event,) = plain
        assert event["id"] == "shop.orders-0-2" and event["data"]["n"] == 2
    if policy == "drop":
        bridge.shows("fanfare_drops_total", 1, subscription="billing")
    assert len(letters) == (policy == "deadLetter") and len(plain) == (policy == "deliver")


def test_a_window_that_cannot_be_delivered_is_a_dead_letter_that_can_be_sent_again(world):
    orders = world.topic("shop.orders", event=EVENT)
    billing = world.endpoint("billing", keep=True, status=500)
    orders.subscribe(
        "billing", billing, window={"type": "tumbling", "size": "1m", "idle": "1s", "aggregates": {"total": {"sum": "/data/total"}}},
        retry={"schedule": ["100ms", "3s"], "jitter": 0})
    world.bridge().starts()
    publish(orders, [(MIDNIGHT + n, "a", {"total": 0.1}) for n in range(10)])
    world.wait_until(lambda: world.dead_letters(orders), "the window to be given up", timeout=60)
    (letter,) = world.dead_letters(orders)
    assert (letter.kind, letter.text("fanfare-offset"), letter.text("fanfare-window-offsets")) == ("http", "0", "0-9")
    window = json.loads(letter.value)
    assert window["data"]["aggregates"] == {"total": 1} and window["data"]["count"] == 10
    attempts = billing.arrivals()
    assert len(attempts) == 3 and len({a.id for a in attempts}) == 1

    billing.behaves(status=200)
    world.fanfare("dlq", "redrive", "--topic", "shop.orders")
    billing.has_taken(1)
    again = [a for a in billing.arrivals() if a.accepted]
    assert again[0].json == window and again[0].id == attempts[0].id


def test_filters_come_before_windows_and_a_record_that_says_nothing_is_a_dead_letter(world):
    orders = world.topic("shop.orders", event={**EVENT, "type": {"pointer": "/type"}})
    billing = world.endpoint("billing", keep=True)
    orders.subscribe(
        "billing", billing, filters=[{"exact": {"type": "paid"}}],
        window={"type": "tumbling", "size": "1m", "idle": "1s", "aggregates": {"total": {"sum": "/data/total"}}})
    world.bridge().starts()
    publish(orders, [
        (MIDNIGHT, "a", {"type": "paid", "total": 1}), (MIDNIGHT + 10 * MINUTE, "a", {"type": "made", "total": 10}),
        (MIDNIGHT + 1, "a", {"type": "paid", "total": 2}), (MIDNIGHT + 2, "a", {"type": "paid", "total": "none"})])
    billing.has_taken(1)
    world.is_settled("billing")
    (arrival,) = billing.arrivals()
    assert arrival.json["data"]["aggregates"] == {"total": 3}
    (letter,) = world.dead_letters(orders)
    assert letter.kind == "poison" and letter.source_id == "shop.orders-0-3" and "total" in letter.text("fanfare-error-message")


def test_too_many_groups_suspend_the_subscription_and_lose_nothing(world):
    orders = world.topic("shop.orders", event=EVENT)
    billing = world.endpoint("billing", keep=True)
    shipping = world.endpoint("shipping")
    window = {"type": "tumbling", "size": "1m", "idle": "1s", "maxGroups": 10}
    orders.subscribe("billing", billing, window=window)
    orders.subscribe("shipping", shipping)
    bridge = world.bridge().starts()
    publish(orders, [(MIDNIGHT + n, f"key-{n}", {}) for n in range(20)])
    bridge.logs("maxGroups")
    shipping.has_taken(20)
    assert not billing.arrivals()
    orders.subscribe("billing", billing, window={**window, "maxGroups": 20})
    orders.write()
    billing.has_taken(20)
    world.is_settled("billing")
    assert sorted(a.json["data"]["group"]["key"] for a in billing.arrivals()) == sorted(f"key-{n}" for n in range(20))
