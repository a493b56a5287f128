"""How fast an endpoint is sent to: a limit over all replicas, and what it can take."""

import collections

PER_SECOND = 20
BURST = 5
REPLICAS = ("first", "second", "third")


def test_three_replicas_keep_one_limit_together(world):
    world.configure(limits={"shards": 1})
    orders = world.topic("shop.orders", partitions=6)
    billing = world.endpoint("billing", keep=True)
    orders.subscribe("billing", billing, rateLimit={"perSecond": PER_SECOND, "burst": BURST})
    world.starts_broker()
    replicas = [world.bridge_without_broker(name).starts(ready=False) for name in REPLICAS]
    for replica in replicas:
        replica.is_ready()
    orders.publish(200)
    billing.has_taken(200)
    # By the second in which each says that it sent: what the receiver makes of its own time does not count.
    seconds = collections.Counter(int(arrival.headers["webhook-timestamp"]) for arrival in billing.arrivals())
    for first in seconds:
        for last in (second for second in seconds if second >= first):
            sent = sum(count for second, count in seconds.items() if first <= second <= last)
            # No replica's share of the burst is less than one request.
            assert sent <= PER_SECOND * (last - first + 1) + BURST + len(REPLICAS), f"{sent} from {first} to {last}: {sorted(seconds.items())}"
    world.books("billing").balance()


def test_an_endpoint_that_is_overloaded_gets_less_at_once(world):
    """It takes eight at once and answers 503 to more; nothing is dead-lettered, and few attempts are for nothing."""
    orders = world.topic("shop.orders", partitions=2)
    billing = world.endpoint("billing", delay=0.02, most_at_once=8)
    orders.subscribe(
        "billing", billing, delivery={"maxInFlight": 64}, retry={"schedule": ["100ms"] * 20, "jitter": 0}, diversion={"burst": 10_000})
    world.bridge().starts()
    orders.publish(1000)
    billing.has_taken(1000)
    assert billing.summary()["attempts"] < 2 * 1000
    assert world.dead_letters(orders) == []
