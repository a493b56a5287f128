"""Batches: every event once, within the limits, a refused batch halved until the culprit stands alone."""

import json

import pytest


@pytest.mark.parametrize("format, content_type", [
    ("structured", "application/cloudevents-batch+json"), ("raw", "application/json")])
def test_events_arrive_in_batches_each_once(world, format, content_type):
    orders = world.topic("shop.orders", partitions=4, event={"id": {"pointer": "/id"}})
    billing = world.endpoint("billing", keep=True)
    orders.subscribe("billing", billing, payload={"format": format},
                     batch={"maxEvents": 100, "maxBytes": "20KiB", "maxWait": "200ms"})
    world.bridge().starts()
    values = {f"order-{n}": {"id": f"order-{n}", "padding": "x" * 200} for n in range(1000)}
    orders.publish_records((n % 4, None, json.dumps(value), None) for n, value in enumerate(values.values()))

    billing.has_taken(1000)
    world.is_settled("billing")
    delivered = billing.delivered()
    assert set(delivered) == set(values) and set(delivered.values()) == {1}
    arrivals = billing.arrivals()
    assert len(arrivals) < 500, "they should travel together"
    for arrival in arrivals:
        assert arrival.verified and arrival.headers["content-type"].startswith(content_type)
        assert len(arrival.ids) <= 100 and arrival.size < 60_000
        for event in arrival.json:
            assert (event["data"] if format == "structured" else event) == values[event["id"]]
    assert len({a.id for a in arrivals}) == len(arrivals), "each batch has an id of its own"


def test_a_refused_batch_is_halved_until_the_culprit_stands_alone(world):
    orders = world.topic("shop.orders", event={"id": {"pointer": "/id"}})
    billing = world.endpoint("billing", refuse=["order-37"])
    orders.subscribe("billing", billing, batch={"maxEvents": 50, "maxWait": "1s"})
    world.bridge().starts()
    ids = orders.publish_records((0, None, json.dumps({"id": f"order-{n}"}), None) for n in range(100))

    billing.has_taken(99)
    world.is_settled("billing")
    assert "order-37" not in billing.delivered()
    (letter,) = world.dead_letters(orders)
    assert (letter.source_id, letter.kind, letter.text("fanfare-error-status")) == (ids[37], "http", "400")


def test_a_batch_that_fails_for_a_while_is_retried_whole_or_one_by_one(world):
    orders = world.topic("shop.orders", event={"id": {"pointer": "/id"}})
    billing = world.endpoint("billing", fail=0.3)
    orders.subscribe("billing", billing, batch={"maxEvents": 10, "maxWait": "100ms"},
                     retry={"schedule": ["200ms", "1s", "3s", "3s", "3s"], "jitter": 0}, diversion={"burst": 500})
    world.bridge().starts()
    orders.publish_records((0, None, json.dumps({"id": f"order-{n}"}), None) for n in range(200))

    world.wait_until(lambda: billing.summary()["delivered"] + len(world.dead_letters(orders)) >= 200, "all to be settled", timeout=60, every=0.5)
    assert set(billing.delivered().values()) == {1}
