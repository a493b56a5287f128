"""Subscriptions that go, topics that are made anew, another layout of the retry topic: nothing is stuck, nothing is lost."""

import pytest

from harness.admin_broker import AdminBroker


@pytest.fixture
def broker(world):
    topics = {"shop.orders": 2, "shop.orders.dead-letter": 1, "fanfare.retry": 6, "fanfare.control": 1}
    return AdminBroker.serving(world, topics, topic_metadata_refresh_interval_ms=2000)


@pytest.fixture
def orders(world, broker):
    return world.topic("shop.orders", partitions=2)


# Subscriptions that go


def test_the_retries_of_a_subscription_that_was_removed_become_dead_letters(world):
    orders = world.topic("shop.orders")
    billing = world.endpoint("billing", status=503)
    healthy = world.endpoint("healthy")
    orders.subscribe("billing", billing, retry={"schedule": ["6s"], "jitter": 0})
    orders.subscribe("healthy", healthy)
    bridge = world.bridge().starts()
    event = orders.publish_record(b'{"a": 1}', b"order-7", [("colour", b"blue")])
    world.wait_until(lambda: world.retries("billing"), "the retry record")

    orders.unsubscribe("billing")
    orders.write()
    bridge.logs("topic manifests reloaded")

    world.wait_until(lambda: world.dead_letters(orders), "the dead letter")
    (letter,) = world.dead_letters(orders)
    assert (letter.source_id, letter.subscription, letter.kind) == (event, "billing", "removed")
    assert (letter.key, letter.value, letter.headers["colour"]) == (b"order-7", b'{"a": 1}', b"blue")
    assert letter.text("fanfare-error-message") == "its subscription no longer exists"
    world.wait_until(lambda: world.kafka.lag("fanfare._retry", "fanfare.retry") == 0, "the retry topic to be settled")
    assert billing.summary()["attempts"] == 1 and healthy.summary()["delivered"] == 1


def test_what_is_left_of_a_removed_subscription_is_forgotten_on_request(world, broker, orders):
    billing = world.endpoint("billing")
    search = world.endpoint("search")
    orders.subscribe("billing", billing)
    orders.subscribe("search", search)
    bridge = world.bridge_without_broker().starts()
    orders.publish(40)
    for name, endpoint in (("billing", billing), ("search", search)):
        endpoint.has_taken(40)
        world.is_settled(name)
    world.fanfare("pause", "billing", "--reason", "it goes")
    refused = world.fanfare("subscriptions", "forget", "billing", "--yes", expect=1)
    assert "stands in the manifest of shop.orders: remove it there first" in refused.errors

    orders.unsubscribe("billing")
    orders.write()
    bridge.logs("topic manifests reloaded")
    assert "--dry-run" in world.fanfare("subscriptions", "forget", "billing", expect=64).errors
    plan = world.fanfare("subscriptions", "forget", "billing", "--dry-run", "--output", "json").json
    assert plan == {"subscription": "billing", "group": "fanfare.billing", "cursors": 2, "controlKeys": ["pause/billing"], "deleted": False}
    assert world.committed("billing", orders) == {0: 20, 1: 20}

    done = world.fanfare("subscriptions", "forget", "billing", "--yes")
    assert done.output == "deleted the group fanfare.billing with 2 cursors, and pause/billing in the control topic\n"
    assert world.committed("billing", orders) == {0: None, 1: None}
    assert "nothing is left of billing" in world.fanfare("subscriptions", "forget", "billing", "--yes").output
    assert world.committed("search", orders) == {0: 20, 1: 20}, "others keep theirs"

    # Who comes back under that name is new: it begins where its manifest says, and is not paused.
    orders.subscribe("billing", billing, start="earliest")
    orders.write()
    billing.has_seen(80)
    world.is_settled("billing")
    assert set(billing.delivered().values()) == {2} and search.summary()["attempts"] == 40


# Topics that are made anew


def test_a_topic_that_was_made_anew_is_read_from_its_beginning(world, broker, orders):
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    bridge = world.bridge_without_broker().starts()
    orders.publish(40)
    billing.has_taken(40)
    world.is_settled("billing")
    bridge.stops()

    broker.deletes("shop.orders")
    broker.creates("shop.orders", 2)
    orders.publish(10)
    bridge.starts()

    billing.has_seen(50)
    world.is_settled("billing")
    bridge.logs("it was made anew")
    bridge.shows("fanfare_logs_renewed_total", 2)
    assert world.committed("billing", orders) == {0: 5, 1: 5}
    bridge.shows("fanfare_records_lost_total", 0, subscription="billing")


def test_a_new_log_that_has_outgrown_the_cursors_is_known_for_a_new_one(world, broker, orders):
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    bridge = world.bridge_without_broker().starts()
    orders.publish(20)
    billing.has_taken(20)
    world.is_settled("billing")

    broker.deletes("shop.orders")
    bridge.logs("partitions lost")
    # Else it would find a short log, which is told from the old one by its length.
    bridge.process.freeze()
    broker.creates("shop.orders", 2)
    orders.publish(60)
    bridge.process.thaw()

    billing.has_seen(80)
    world.is_settled("billing")
    assert world.committed("billing", orders) == {0: 30, 1: 30}
    bridge.shows("fanfare_logs_renewed_total", 2)


def test_a_cursor_behind_the_end_is_neither_stuck_nor_does_it_skip_what_comes(world):
    """As a topic that was made anew leaves them; here a tool commits them, while the bridge is down."""
    orders = world.topic("shop.orders", partitions=2)
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    world.starts_broker()
    orders.publish(10)
    world.kafka.commits("fanfare.billing", "shop.orders", {0: 1000, 1: 3})
    bridge = world.bridge().starts()

    billing.has_taken(5 + 2)
    world.is_settled("billing")
    orders.publish(10)
    billing.has_taken(7 + 10)
    world.is_settled("billing")
    bridge.shows("fanfare_logs_renewed_total", 1)
    assert set(billing.delivered().values()) == {1}


def test_a_bridge_that_was_rolled_back_takes_the_offset_of_a_cursor_that_it_cannot_read(world):
    """A newer one wrote what is settled beyond it in a way of its own: that is said, and nothing is lost."""
    orders = world.topic("shop.orders")
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    world.starts_broker()
    orders.publish(10)
    world.kafka.commits("fanfare.billing", "shop.orders", {0: 4}, metadata="9:AQI")
    bridge = world.bridge().starts()

    billing.has_taken(6)
    world.is_settled("billing")
    bridge.logs("the committed metadata is not Fanfare's and was ignored")
    assert billing.delivered() == {f"shop.orders-0-{n}": 1 for n in range(4, 10)}


def test_a_paused_subscription_whose_topic_was_made_anew_misses_nothing_when_it_goes_on(world):
    """Its cursor lies behind the end, while others read on in the new log."""
    orders = world.topic("shop.orders")
    billing = world.endpoint("billing")
    search = world.endpoint("search")
    orders.subscribe("billing", billing)
    orders.subscribe("search", search)
    world.starts_broker()
    world.kafka.commits("fanfare.billing", "shop.orders", {0: 1000})
    world.fanfare("pause", "billing", "--wait", "0")
    bridge = world.bridge().starts()
    orders.publish(10)
    search.has_taken(10)
    world.is_settled("search")

    world.fanfare("resume", "billing")
    billing.has_taken(10)
    orders.publish(10)
    for endpoint in (billing, search):
        endpoint.has_taken(20)
        assert set(endpoint.delivered().values()) == {1}
    world.is_settled("billing")
    bridge.shows("fanfare_logs_renewed_total", 1)


# Another layout of the retry topic


@pytest.mark.parametrize("before, after", [
    ({"lanes": ["1s", "2s", "4s"], "partitionsPerLane": 2}, {"lanes": ["2s"], "partitionsPerLane": 1}),
    ({"lanes": ["2s"], "partitionsPerLane": 1}, {"lanes": ["1s", "2s", "4s"], "partitionsPerLane": 2}),
    ({"lanes": ["1s", "4s"], "partitionsPerLane": 3}, {"lanes": ["1h", "6h"], "partitionsPerLane": 1}),
])
def test_retries_that_were_written_under_another_layout_come_when_they_are_due(world, broker, orders, before, after):
    world.configure(retryTopic={**before, "replicationFactor": 1})
    billing = world.endpoint("billing", fail_first=1, fail_status=503)
    # Longer than the restart takes, for some: those are due under the new layout.
    orders.subscribe("billing", billing, retry={"schedule": ["8s"], "jitter": 0}, diversion={"burst": 100})
    bridge = world.bridge_without_broker().starts()
    orders.publish(30)
    world.wait_until(lambda: len(world.retries("billing")) == 30, "the retry records")
    bridge.stops()

    world.configure(retryTopic={**after, "replicationFactor": 1})
    bridge = world.bridge_without_broker("other").starts()
    billing.has_taken(30)
    world.wait_until(lambda: world.kafka.lag("fanfare._retry", "fanfare.retry") == 0, "the retry topic to be settled")
    due = {retry.source_id: int(retry.text("fanfare-due")) / 1000 for retry in world.retries("billing")}
    second = [arrival for arrival in billing.arrivals() if arrival.attempt == 2]
    assert len(second) == 30 and all(arrival.at >= due[arrival.ids[0]] for arrival in second)
    assert len(world.retries("billing")) == 30, "none had to go round"
    assert not world.dead_letters(orders)
