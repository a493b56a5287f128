"""Nothing is lost, nothing is repeated, and a subscription waits only for itself."""

import pytest

FAST_RETRIES = {"schedule": ["200ms", "1s", "3s", "3s"], "jitter": 0}


def test_a_healthy_subscription_does_not_wait_for_failing_slow_or_absent_neighbours(world):
    orders = world.topic("shop.orders", partitions=6)
    healthy = world.endpoint("healthy")
    flaky = world.endpoint("flaky", fail=0.1)
    slow = world.endpoint("slow", delay=0.2)
    absent = world.endpoint_where_nothing_listens("absent")
    orders.subscribe("healthy", healthy)
    orders.subscribe("flaky", flaky, retry=FAST_RETRIES)
    orders.subscribe("slow", slow, delivery={"maxInFlight": 8})
    orders.subscribe("absent", absent)
    world.bridge().starts()

    orders.publish(20_000)

    healthy.has_taken(20_000)
    # A fifth of a second each, eight at a time: had the healthy one waited for it, it would have everything too.
    assert slow.summary()["delivered"] < 20_000
    world.books("healthy").balance()

    world.is_settled("flaky")
    world.wait_until(lambda: world.books("flaky").is_complete, "flaky's retries to end", timeout=60, every=1)
    books = world.books("flaky")
    books.balance()
    books.attempts_count_up()
    assert len(books.arrivals) > 21_000, "a tenth of the attempts failed, so there were more than the events"

    world.books("slow").balance_with_lag()
    world.books("absent").balance_with_lag()
    assert not world.dead_letters(orders, "absent"), "an outage is no reason to dead-letter"


def test_bursts_that_the_ring_cannot_hold_are_delivered_whole(world):
    """Who keeps up lags in each of them, reads back up to the end of the log, and begins there again with the next."""
    world.configure(limits={"ring": "64KiB"})
    orders = world.topic("shop.orders", partitions=2)
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    world.bridge().starts()

    for _ in range(10):
        orders.publish(1000)
        world.is_settled("billing")

    world.books("billing").balance()


def test_a_rolling_restart_under_load_loses_nothing_and_repeats_nothing(world):
    orders = world.topic("shop.orders", partitions=6)
    billing = world.endpoint("billing", delay=0.01)
    orders.subscribe("billing", billing)
    bridge = world.bridge().starts()
    orders.publish(10_000)

    billing.has_taken(2000)
    bridge.restarts()
    billing.has_taken(5000)
    bridge.restarts()

    billing.has_taken(10_000)
    world.is_settled("billing")
    world.books("billing").balance(duplicates=0)


@pytest.mark.both_libraries
def test_after_kill_nothing_is_lost_and_what_is_repeated_is_bounded(world):
    max_in_flight = 32
    orders = world.topic("shop.orders", partitions=6)
    billing = world.endpoint("billing", delay=0.01)
    orders.subscribe("billing", billing, delivery={"maxInFlight": max_in_flight})
    bridge = world.bridge().starts()
    orders.publish(10_000)

    billing.has_taken(3000)
    bridge.is_killed()
    bridge.starts()

    billing.has_taken(10_000)
    world.is_settled("billing")
    # In flight, plus settled since the last acknowledged commit: commits follow each other by 100 ms and are
    # acknowledged at once here, so half a second of deliveries leaves room for a busy machine. The endpoint's delay
    # bounds the rate at maxInFlight per 10 ms.
    since_last_commit = max_in_flight * 100 // 2
    world.books("billing").balance(duplicates=max_in_flight + since_last_commit)


def test_replicas_join_and_leave_without_losing_or_repeating(world):
    orders = world.topic("shop.orders", partitions=16)
    billing = world.endpoint("billing", delay=0.1)
    orders.subscribe("billing", billing, delivery={"maxInFlight": 16})
    first = world.bridge("first").starts()
    orders.publish(10_000)
    billing.has_taken(500)

    second = world.bridge("second").starts()
    third = world.bridge("third").starts()
    for replica in (second, third):
        world.wait_until(lambda: (replica.metric("fanfare_deliveries_total", subscription="billing") or 0) > 0,
                         f"{replica.name} to deliver")
    first.stops()
    third.stops()
    assert billing.summary()["delivered"] < 10_000, "everything was delivered before the replicas had come and gone"

    billing.behaves(delay=0)
    billing.has_taken(10_000)
    world.is_settled("billing")
    world.books("billing").balance(duplicates=0)


def test_lag_is_what_any_kafka_tool_says_it_is(world):
    orders = world.topic("shop.orders", partitions=3)
    billing = world.endpoint_where_nothing_listens("billing")
    orders.subscribe("billing", billing)
    bridge = world.bridge().starts()
    orders.publish(600)

    bridge.takes_for_down("billing")
    # Before an outage counts as one, single events may have gone to the retry topic.
    assert world.lag("billing", orders) >= 600 - 100
    world.wait_until(lambda: bridge.metric("fanfare_lag_records", subscription="billing") == world.lag("billing", orders),
                     "the bridge to show the same lag")

    billing.comes_up()
    billing.has_taken(600)
    world.is_settled("billing")
    world.books("billing").balance()
