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


def test_a_batch_that_fails_for_a_while_is_retried_whole_or_one_by_one(world):
    orders = world.topic("shop.orders", event={"id": {"pointer": "/id"}})
    billing = world.endpoint("billing", fail=0.3)
    orders.subscribe("billing", billing, batch={"maxEvents": 10, "maxWait": "100ms"},
                     retry={"schedule": ["200ms", "1s", "3s", "3s", "3s"], "jitter": 0}, diversion={"burst": 500})
    world.bridge().starts()
    orders.publish_records((0, None, json.dumps({"id": f"order-{n}"}), None) for n in range(200))

    world.wait_until(lambda: billing.summary()["delivered"] + len(world.dead_letters(orders)) >= 200, "all to be settled", timeout=60, every=0.5)
    assert set(billing.delivered().values()) == {1}


def test_three_poison_events_in_a_batch_of_a_hundred_are_told_apart_in_few_requests(world):
    orders = world.topic("shop.orders", event={"id": {"pointer": "/id"}})
    poison = {"order-3", "order-50", "order-97"}
    billing = world.endpoint("billing", refuse=sorted(poison))
    orders.subscribe("billing", billing, batch={"maxEvents": 100, "maxWait": "5s"})
    world.bridge().starts()
    ids = orders.publish_records((0, None, json.dumps({"id": f"order-{n}"}), None) for n in range(100))

    billing.has_taken(97)
    world.is_settled("billing")
    assert set(billing.delivered().values()) == {1} and poison.isdisjoint(billing.delivered())
    letters = [(letter.source_id, letter.kind, letter.text("fanfare-error-status")) for letter in world.dead_letters(orders)]
    assert sorted(letters) == sorted((ids[n], "http", "400") for n in (3, 50, 97))
    arrivals = billing.arrivals()
    assert len(arrivals[0].ids) == 100
    # Each is halved out of the hundred: seven times, two requests each time.
    assert len(arrivals) <= 1 + 3 * 2 * 7
    assert max(sum(order in a.ids for a in arrivals) for order in poison) <= 1 + 7


def test_a_batch_that_failed_is_batched_again(world):
    orders = world.topic("shop.orders", event={"id": {"pointer": "/id"}})
    billing = world.endpoint("billing", fail_first=1)
    orders.subscribe("billing", billing, batch={"maxEvents": 50, "maxWait": "5s"}, retry={"schedule": ["200ms", "1s"]})
    world.bridge().starts()
    orders.publish_records((0, None, json.dumps({"id": f"order-{n}"}), None) for n in range(50))

    billing.has_taken(50)
    first, second = billing.arrivals()
    assert (first.ids, first.id) == (second.ids, second.id), "the same events, so the same batch"
    assert (first.attempt, second.attempt) == (1, 2)


def test_a_poison_event_takes_none_of_its_batch_along(world):
    orders = world.topic("shop.orders", event={"id": {"pointer": "/id"}})
    billing = world.endpoint("billing", fail_ids=["order-7"])
    orders.subscribe("billing", billing, batch={"maxEvents": 20, "maxWait": "5s"}, retry={"schedule": ["100ms", "100ms"], "jitter": 0})
    world.bridge().starts()
    ids = orders.publish_records((0, None, json.dumps({"id": f"order-{n}"}), None) for n in range(20))

    billing.has_taken(19)
    world.is_settled("billing")
    assert set(billing.delivered().values()) == {1} and "order-7" not in billing.delivered()
    (letter,) = world.dead_letters(orders)
    assert (letter.source_id, letter.kind, letter.text("fanfare-error-status")) == (ids[7], "http", "500")
    # Whole, once more whole, in halves: five of them until it is alone.
    assert sum("order-7" in a.ids for a in billing.arrivals()) <= 2 + 5


PARTIAL = {"maxEvents": 5, "maxWait": "5s", "partialResults": True}


def test_an_answer_may_name_the_events_of_a_batch_that_failed(world):
    orders = world.topic("shop.orders", event={"id": {"pointer": "/id"}})
    billing = world.endpoint("billing", status=200, name_failed={
        "order-1": (2, {"retry": True}), "order-2": (1, {}), "order-4": (9, {"retry": False, "reason": "a secret of the receiver"})})
    orders.subscribe("billing", billing, batch=PARTIAL, retry={"schedule": ["100ms", "100ms", "100ms"], "jitter": 0})
    bridge = world.bridge().starts()
    ids = orders.publish_records((0, None, json.dumps({"id": f"order-{n}"}), None) for n in range(5))

    billing.has_taken(4)
    world.is_settled("billing")
    assert billing.delivered() == {f"order-{n}": 1 for n in (0, 1, 2, 3)}
    assert [sorted(a.ids) for a in billing.arrivals()] == [[f"order-{n}" for n in range(5)], ["order-1", "order-2"], ["order-1"]]
    (letter,) = world.dead_letters(orders)
    assert (letter.source_id, letter.kind, letter.text("fanfare-error-status"), letter.text("fanfare-attempt")) == (ids[4], "http", "200", "1")
    assert letter.text("fanfare-error-message") == "the endpoint answered 200 and said that this event failed"
    assert not bridge.process.says("a secret of the receiver")


def test_an_event_that_keeps_being_named_is_given_up_by_its_schedule(world):
    orders = world.topic("shop.orders", event={"id": {"pointer": "/id"}})
    billing = world.endpoint("billing", status=200, name_failed={"order-0": (99, {})})
    orders.subscribe("billing", billing, batch=PARTIAL, retry={"schedule": ["100ms", "100ms"], "jitter": 0})
    world.bridge().starts()
    ids = orders.publish_records((0, None, json.dumps({"id": f"order-{n}"}), None) for n in range(5))

    billing.has_taken(4)
    world.is_settled("billing")
    (letter,) = world.dead_letters(orders)
    assert (letter.source_id, letter.text("fanfare-attempt")) == (ids[0], "3")
    assert len(billing.arrivals()) == 3


@pytest.mark.parametrize("answer", [
    "OK", "{", "[]", '{"failed": null}', '{"failed": "order-1"}', '{"failed": ["order-1"]}', '{"failed": [{"id": 1}]}',
    '{"failed": [{"id": "order-1", "retry": "no"}]}', '{"failed": [{"id": "another"}]}', '{"failed": [{"id": "order-1"}, {}]}',
    '{"failed": [{"id": "order-1"}]' + " " * 70_000 + "}"], ids=lambda answer: answer[:40])
def test_an_answer_that_is_not_understood_fails_none(world, answer):
    orders = world.topic("shop.orders", event={"id": {"pointer": "/id"}})
    billing = world.endpoint("billing", status=200, answer=answer)
    orders.subscribe("billing", billing, batch=PARTIAL)
    world.bridge().starts()
    orders.publish_records((0, None, json.dumps({"id": f"order-{n}"}), None) for n in range(5))

    billing.has_taken(5)
    world.is_settled("billing")
    assert len(billing.arrivals()) == 1
    assert world.dead_letters(orders) == [] and world.retries() == []


def test_nobody_who_did_not_ask_for_it_reads_what_endpoints_say(world):
    orders = world.topic("shop.orders", event={"id": {"pointer": "/id"}})
    billing = world.endpoint("billing", status=200, answer='{"failed": [{"id": "order-1", "retry": false}]}')
    orders.subscribe("billing", billing, batch={"maxEvents": 5, "maxWait": "5s"})
    world.bridge().starts()
    orders.publish_records((0, None, json.dumps({"id": f"order-{n}"}), None) for n in range(5))

    billing.has_taken(5)
    world.is_settled("billing")
    assert len(billing.arrivals()) == 1 and world.dead_letters(orders) == []


def test_events_of_a_key_wait_for_one_before_them_that_is_named(world):
    orders = world.topic("shop.orders", event={"id": {"pointer": "/id"}})
    billing = world.endpoint("billing", status=200, name_failed={"order-0": (1, {})})
    orders.subscribe("billing", billing, delivery={"ordering": "key"}, batch=PARTIAL, retry={"schedule": ["1s"], "jitter": 0})
    world.bridge().starts()
    orders.publish_records((0, "a", json.dumps({"id": f"order-{n}"}), None) for n in range(12))

    billing.has_taken(12)
    world.is_settled("billing")
    order = [event for arrival in billing.arrivals() for event in arrival.ids]
    # The endpoint took those that came along with it, by its own word; all others waited.
    assert order == ["order-0", "order-1", "order-2", "order-3", "order-4", "order-0", *(f"order-{n}" for n in range(5, 12))]
