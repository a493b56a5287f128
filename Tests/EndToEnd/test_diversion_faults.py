"""The retry topic and the dead-letter topic: missing, deleted, refusing for minutes, refusing what is too large.

An event that cannot be put there is not settled: its subscription waits, the others go on, and in the end all arrives.
"""

import pytest

from harness.admin_broker import AdminBroker

SLOW_RETRIES = {"schedule": ["3s", "3s", "3s"], "jitter": 0}
REFUSED = "Kafka does not take a retry or dead-letter record; the event stays unsettled"


def test_a_cluster_that_takes_no_records_holds_up_only_those_that_need_one(world):
    orders = world.topic("shop.orders", partitions=2)
    healthy = world.endpoint("healthy")
    flaky = world.endpoint("flaky", fail=0.1)
    strict = world.endpoint("strict", refuse_share=0.1)
    orders.subscribe("healthy", healthy)
    orders.subscribe("flaky", flaky, retry=SLOW_RETRIES, diversion={"burst": 1000})
    orders.subscribe("strict", strict, diversion={"burst": 1000})
    broker = world.starts_broker()
    orders.publish(300)
    broker.command("error produce NOT_ENOUGH_REPLICAS 1000000")
    bridge = world.bridge().starts()

    healthy.has_taken(300)
    for endpoint in (flaky, strict):
        endpoint.has_seen(300)
    bridge.logs("Kafka has acknowledged no retry or dead-letter record")
    assert not world.retries() and not world.dead_letters(orders)
    for name in ("flaky", "strict"):
        assert world.lag(name, orders) > 0
        world.books(name).balance_with_lag()

    broker.command("heal produce")
    flaky.has_taken(300)
    for name in ("healthy", "flaky", "strict"):
        world.is_settled(name)
        world.books(name).balance(duplicates=0)
    assert world.dead_letters(orders, "strict")


def test_a_dead_letter_that_the_broker_finds_too_large_is_written_by_reference(world):
    orders = world.topic("shop.orders")
    billing = world.endpoint("billing", status=422, delay=0.3)
    orders.subscribe("billing", billing)
    world.configure(receipts={"enabled": False})  # the refusal is meant for another record
    world.bridge().starts()
    event = orders.publish_record(b"large" * 100, b"order-7")
    world.broker.command("error produce MSG_SIZE_TOO_LARGE 1")

    world.is_settled("billing")
    (letter,) = world.dead_letters(orders)
    assert (letter.source_id, letter.key, letter.value) == (event, b"order-7", None)
    assert letter.text("fanfare-reference") == "true"


def test_a_record_too_large_for_the_retry_topic_goes_there_by_reference(world):
    orders = world.topic("shop.orders")
    billing = world.endpoint("billing", fail_first=1, fail_status=503, delay=0.3)
    orders.subscribe("billing", billing, retry=SLOW_RETRIES)
    world.configure(receipts={"enabled": False})
    world.bridge().starts()
    orders.publish_record(b"large" * 100, b"order-7")
    world.broker.command("error produce MSG_SIZE_TOO_LARGE 1")

    billing.has_taken(1)
    world.is_settled("billing")
    first, second = billing.arrivals()
    assert second.at - first.at >= 3 and second.attempt == 2
    assert second.digest == first.digest, "the value as it stands at its source"
    (retry,) = world.retries()
    assert (retry.key, retry.value, retry.text("fanfare-reference")) == (b"order-7", None, "true")


def test_a_limit_of_our_own_producer_counts_too(world):
    """`message.max.bytes` as a user may set it; a record of the source may be larger."""
    world.configure(kafka={
        "bootstrapServers": world.kafka.properties["bootstrap.servers"],
        "properties": {"session.timeout.ms": 4500, "heartbeat.interval.ms": 500, "message.max.bytes": 20_000}})
    orders = world.topic("shop.orders")
    flaky = world.endpoint("flaky", fail_first=1, fail_status=503)
    strict = world.endpoint("strict", status=422)
    orders.subscribe("flaky", flaky, retry=SLOW_RETRIES)
    orders.subscribe("strict", strict)
    world.bridge().starts()
    orders.publish(5, size=50_000)

    flaky.has_taken(5)
    world.is_settled("flaky")
    world.is_settled("strict")
    world.books("flaky").balance()
    world.books("strict").balance()
    assert all(letter.text("fanfare-reference") == "true" for letter in world.dead_letters(orders))
    assert all(retry.text("fanfare-reference") == "true" for retry in world.retries())


class TestTopicsThatAreMissing:
    """A cluster that does not create what it is asked for."""

    @pytest.fixture
    def broker(self, world):
        # Librdkafka waits half a minute before it believes that a topic is not there; the tests need not.
        world.configure(limits={"shards": 1}, kafka={
            "bootstrapServers": world.kafka.properties["bootstrap.servers"],
            "properties": {"session.timeout.ms": 6000, "topic.metadata.propagation.max.ms": 1000,
                           "topic.metadata.refresh.interval.ms": 1000}})
        broker = AdminBroker(world)
        broker.creates_nothing_by_itself()
        broker.creates("shop.orders", 2)
        broker.creates("fanfare.control", 1)
        return broker

    @pytest.fixture
    def orders(self, world):
        return world.topic("shop.orders", partitions=2)

    def test_without_a_retry_topic_it_waits_and_says_what_to_do(self, world, broker, orders):
        billing = world.endpoint("billing")
        orders.subscribe("billing", billing)
        bridge = world.bridge_without_broker().starts(ready=False)
        bridge.logs("the retry topic fanfare.retry does not exist yet: create it with `fanfare apply`")
        bridge.is_not_ready()
        assert "fanfare apply" in bridge.get("/readyz")[1]
        orders.publish(20)

        broker.creates("fanfare.retry", 2)
        bridge.is_ready()
        billing.has_taken(20)
        world.is_settled("billing")
        assert billing.summary()["deliveries"] == 20

    def test_dead_letters_wait_for_their_topic(self, world, broker, orders):
        broker.creates("fanfare.retry", 2)
        strict = world.endpoint("strict", refuse_share=0.3)
        healthy = world.endpoint("healthy")
        orders.subscribe("strict", strict)
        orders.subscribe("healthy", healthy)
        bridge = world.bridge_without_broker().starts()
        orders.publish(50)
        healthy.has_taken(50)
        bridge.logs(REFUSED)
        world.wait_until(lambda: bridge.metric("fanfare_diversions_refused_total", subscription="strict"), "the refusals to be counted")
        assert bridge.metric("fanfare_diversions_refused_total", subscription="healthy") == 0
        assert world.lag("strict", orders) > 0

        broker.creates(orders.dead_letters, 2)
        world.is_settled("strict")
        world.books("strict").balance(duplicates=0)
        assert world.dead_letters(orders)

    def test_a_retry_topic_that_is_deleted_and_made_again_is_used_again(self, world, broker, orders):
        for topic in ("fanfare.retry", orders.dead_letters):
            broker.creates(topic, 2)
        billing = world.endpoint("billing", fail_first=1, fail_status=503)
        healthy = world.endpoint("healthy")
        orders.subscribe("billing", billing, retry=SLOW_RETRIES, diversion={"burst": 1000})
        orders.subscribe("healthy", healthy)
        bridge = world.bridge_without_broker().starts()
        orders.publish(20)
        billing.has_taken(20)
        world.is_settled("billing")

        broker.deletes("fanfare.retry")
        orders.publish(20)
        healthy.has_taken(40)
        billing.has_seen(60)
        bridge.logs(REFUSED)
        assert world.lag("billing", orders) > 0

        broker.creates("fanfare.retry", 2)
        billing.has_taken(40, timeout=90)
        world.is_settled("billing")
        world.books("billing").balance(duplicates=0)
