"""`deduplicate`: an event that came before is dropped, also when the process was killed in between."""

import json

CLOUD_EVENT = [("content-type", b"application/cloudevents+json")]


def event(identity, **more):
    return json.dumps({"specversion": "1.0", "source": "/shop", "type": "order.created", "id": identity, **more}).encode()


def ids(endpoint):
    return sorted(arrival.json["id"] for arrival in endpoint.arrivals())


def publish(orders, *identities, partition=0, **more):
    for identity in identities:
        orders.publish_record(event(identity, **more), headers=CLOUD_EVENT, partition=partition)


def test_repeats_are_dropped_and_counted_and_a_crash_lets_none_through(world):
    orders = world.topic("shop.orders", partitions=2)
    once, every, lines = (world.endpoint(name, keep=True) for name in ("once", "every", "lines"))
    orders.subscribe("once", once, deduplicate={"window": "1h"})
    orders.subscribe("every", every)
    orders.subscribe("lines", lines, deduplicate={"by": ["type", "/data/order"], "window": "1h"})
    bridge = world.bridge().starts()

    publish(orders, "a", "b", "a", data={"order": 1})
    publish(orders, "a", partition=1, data={"order": 2})
    # It does not say which order it is of.
    publish(orders, "c", "c", partition=1)
    once.has_seen(4)
    every.has_seen(6)
    lines.has_seen(4)
    assert ids(once) == ["a", "a", "b", "c"]
    assert ids(lines) == ["a", "a", "c", "c"]
    bridge.shows("fanfare_repeats_dropped_total", 2, subscription="once")
    bridge.shows("fanfare_repeats_dropped_total", 2, subscription="lines")
    bridge.shows("fanfare_events_remembered", 4, subscription="once")
    for name in ("once", "every", "lines"):
        world.is_settled(name)

    bridge.is_killed()
    publish(orders, "b", "d", "a", data={"order": 3})
    bridge.starts()
    once.has_seen(5)
    every.has_seen(9)
    for name in ("once", "every", "lines"):
        world.is_settled(name)
    assert ids(once) == ["a", "a", "b", "c", "d"]
    bridge.shows("fanfare_repeats_dropped_total", 2, subscription="once")

    # Where an operator sends it, it begins anew.
    world.fanfare("seek", "once", "--to", "1=0")
    once.has_seen(7)
    world.is_settled("once")
    assert ids(once) == ["a", "a", "a", "b", "c", "c", "d"]


def test_a_dry_run_says_what_repeats_what(world):
    orders = world.topic("shop.orders")
    orders.subscribe("once", world.endpoint("once"), deduplicate={"window": "1m"})
    file = world.folder / "events.jsonl"
    moments = [("a", "08:00:00"), ("b", "08:00:10"), ("a", "08:00:50"), ("a", "08:02:00")]
    file.write_bytes(b"".join(event(identity, time=f"2026-05-01T{time}Z") + b"\n" for identity, time in moments))
    words = ["explain", "--topic", "shop.orders", "--file", file]
    (once,) = world.fanfare(*words, "--output", "json").json["subscriptions"]
    assert [(repeat["event"]["line"], repeat["of"]["line"]) for repeat in once["repeats"]] == [(3, 1)]
    assert len(once["requests"]) == 3
    text = world.fanfare(*words).output
    assert "without repeats within 1m" in text and "3 events in 3 requests; 1 repeat" in text and "line 3: 50s after line 1" in text
