"""Hundreds of subscriptions that begin, and begin again, at the same time: each has a group of its own, and is asked for with others."""

import json

MANY, PARTITIONS = 150, 8


def test_each_begins_where_it_says_and_goes_on_where_it_was(world):
    orders = world.topic("shop.orders", PARTITIONS, event={"type": {"pointer": "/type"}})
    old, new = world.endpoint("old"), world.endpoint("new")
    for n in range(MANY):
        filters = [{"exact": {"type": f"t{n}"}}]
        orders.subscribe(f"old-{n}", old, filters=filters)
        orders.subscribe(f"new-{n}", new, filters=filters, start="latest")

    def publish():
        """An event for each subscription of either kind."""
        orders.publish_records((n % PARTITIONS, None, json.dumps({"type": f"t{n}"}), None) for n in range(MANY))

    def is_placed(name):
        return None not in world.committed(name, orders).values()

    world.starts_broker()
    publish()
    bridge = world.bridge().starts()
    old.has_taken(MANY)
    world.wait_until(lambda: all(is_placed(f"new-{n}") for n in range(MANY)), "each to be placed on each partition", timeout=60, every=0.5)
    assert new.summary()["attempts"] == 0
    publish()
    new.has_taken(MANY)
    old.has_taken(2 * MANY)

    bridge.restarts()
    publish()
    new.has_taken(2 * MANY)
    old.has_taken(3 * MANY)
    for endpoint in (old, new):
        assert set(endpoint.delivered().values()) == {1}, f"what came to {endpoint.name} again"
