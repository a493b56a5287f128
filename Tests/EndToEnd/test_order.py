"""Order: an event waits for those before it that have its key, and for no others."""

import collections
import json

ORDERED = {"ordering": "key"}
FAST_RETRIES = {"schedule": ["100ms", "300ms", "3s", "3s", "3s"], "jitter": 0}


def place(event):
    """Partition and offset of an id."""
    _, partition, offset = event.rsplit("-", 2)
    return int(partition), int(offset)


def check_order(topic, endpoint, keys):
    """The first deliveries of each key come in the order of their offsets; without keys, those of each partition."""
    numbers = {event: n for n, event in enumerate(topic.published)}
    last = {}
    seen = set()
    for arrival in endpoint.arrivals():
        for event in arrival.ids if arrival.accepted else ():
            if event in seen:
                continue
            seen.add(event)
            partition, offset = place(event)
            line = (partition, numbers[event] % keys if keys else 0)
            assert last.get(line, -1) < offset, f"{event} came after offset {last[line]} of the same line"
            last[line] = offset


def check_one_at_a_time(topic, endpoint, keys):
    """No two requests of a key are open at once."""
    numbers = {event: n for n, event in enumerate(topic.published)}
    open_until = {}
    for arrival in endpoint.arrivals():
        for event in arrival.ids:
            line = (place(event)[0], numbers[event] % keys)
            assert open_until.get(line, (None, 0))[1] <= arrival.at or open_until[line][0] == arrival.id, f"{arrival} while {open_until[line]}"
            open_until[line] = (arrival.id, arrival.answered or arrival.at)


def test_keys_keep_their_order_while_their_endpoint_fails_and_replicas_die(world):
    orders = world.topic("shop.orders", partitions=6)
    billing = world.endpoint("billing", fail=0.2, delay=0.005)
    orders.subscribe("billing", billing, delivery=ORDERED, retry=FAST_RETRIES, diversion={"burst": 10_000})
    world.starts_broker()
    replicas = [world.bridge_without_broker(name).starts(ready=False) for name in ("first", "second", "third")]
    for replica in replicas:
        replica.is_ready()
    orders.publish(1500, keys=40)
    billing.has_taken(300)
    replicas[0].is_killed()
    billing.has_taken(700)
    replicas[0].starts()
    replicas[1].restarts()
    billing.has_taken(1500)
    world.is_settled("billing")
    check_order(orders, billing, keys=40)
    # Sixty-four in flight at each replica, one for each key.
    world.books("billing").balance(duplicates=64)
    assert not world.retries() and not world.dead_letters(orders)


def test_a_key_that_fails_is_parked_and_the_others_go_on(world):
    orders = world.topic("shop.orders")
    billing = world.endpoint("billing", refuse=["shop.orders-0-0"])
    orders.subscribe("billing", billing, delivery=ORDERED, retry={"schedule": ["2s", "30m"], "jitter": 0, "on": ["400"]})
    bridge = world.bridge().starts()
    orders.publish(200, keys=10)
    # Nine keys of ten; and none of the first.
    billing.has_taken(180)
    assert all(place(event)[1] % 10 for event in billing.delivered())
    assert world.committed("billing", orders)[0] == 0
    bridge.shows("fanfare_events_in_line", 19, subscription="billing")

    # What was settled beyond the first event is known after a crash, and the parked key is still in order.
    world.wait_until(lambda: world.lag("billing", orders) == 200 and len(world.cursors("billing")[0].settled) > 100, "the metadata to say what is settled")
    bridge.is_killed()
    billing.behaves(refuse=[])
    bridge.starts()
    billing.has_taken(200)
    world.is_settled("billing")
    check_order(orders, billing, keys=10)
    world.books("billing").balance(duplicates=0)


def test_a_dead_letter_lets_its_key_go_on(world):
    orders = world.topic("shop.orders")
    billing = world.endpoint("billing", refuse=["shop.orders-0-3"])
    orders.subscribe("billing", billing, delivery=ORDERED, retry=FAST_RETRIES)
    world.bridge().starts()
    orders.publish(50, keys=5)
    billing.has_taken(49)
    world.is_settled("billing")
    (letter,) = world.dead_letters(orders)
    assert letter.source_id == "shop.orders-0-3"
    check_order(orders, billing, keys=5)
    world.books("billing").balance()


def test_a_key_is_held_until_an_operator_decides(world):
    orders = world.topic("shop.orders")
    billing = world.endpoint("billing", refuse=["shop.orders-0-3"])
    orders.subscribe("billing", billing, delivery=ORDERED, retry={**FAST_RETRIES, "onExhausted": "hold"})
    bridge = world.bridge().starts()
    orders.publish(50, keys=5)
    bridge.logs("those behind it wait")
    # Of the held key only the events before it.
    billing.has_taken(40)
    assert not world.dead_letters(orders)
    billing.behaves(refuse=[])
    # Reads it anew, and tries again.
    world.fanfare("pause", "billing", "--reason", "the receiver is being repaired")
    bridge.logs("paused")
    world.fanfare("resume", "billing", "--reason", "repaired")
    billing.has_taken(50)
    world.is_settled("billing")
    check_order(orders, billing, keys=5)
    world.books("billing").balance()


def test_a_partition_is_delivered_one_at_a_time(world):
    orders = world.topic("shop.orders", partitions=3)
    billing = world.endpoint("billing", fail=0.1, delay=0.002)
    orders.subscribe("billing", billing, delivery={"ordering": "partition"}, retry=FAST_RETRIES, diversion={"burst": 10_000})
    world.bridge().starts()
    orders.publish(600)
    billing.has_taken(600)
    world.is_settled("billing")
    assert billing.summary()["most_open"] <= 3
    check_order(orders, billing, keys=0)
    world.books("billing").balance()


def test_batches_never_share_a_key(world):
    """Three events that are refused for good; the batches they are in are halved until they stand alone."""
    orders = world.topic("shop.orders", partitions=2)
    poison = ["shop.orders-0-20", "shop.orders-0-21", "shop.orders-1-30"]
    billing = world.endpoint("billing", refuse=poison, delay=0.01)
    orders.subscribe("billing", billing, delivery=ORDERED, batch={"maxEvents": 20, "maxWait": "50ms"}, payload={"format": "structured"})
    world.bridge().starts()
    orders.publish_records((n % 2, f"key-{n % 15}", json.dumps({"n": n}), None) for n in range(600))
    billing.has_taken(597)
    world.is_settled("billing")
    assert sorted(letter.source_id for letter in world.dead_letters(orders)) == poison
    check_order(orders, billing, keys=15)
    check_one_at_a_time(orders, billing, keys=15)
    sizes = collections.Counter(len(arrival.ids) for arrival in billing.arrivals())
    assert max(sizes) > 5, f"events of one key stand in a batch together: {sizes}"
    world.books("billing").balance()
