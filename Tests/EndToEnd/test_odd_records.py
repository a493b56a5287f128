"""Whatever stands in a topic is delivered, or dead-lettered with its reason, and the partition moves on."""

import json

import pytest

STRUCTURED = [("content-type", b"application/cloudevents+json; charset=UTF-8")]
BINARY = [("ce_specversion", b"1.0"), ("ce_id", b"b-1"), ("ce_type", b"order.created"), ("ce_source", b"/shop"),
          ("ce_subject", b"order/7"), ("content-type", b"application/json")]


def structured(**attributes):
    return json.dumps({"specversion": "1.0", "id": "s-1", "type": "order.created", "source": "/shop", **attributes}).encode()


ODD = {
    "a tombstone": (None, b"key", None),
    "an empty value": (b"", b"key", None),
    "invalid JSON": (b'{"amount": 1', b"key", None),
    "invalid UTF-8": (b'{"name": "\xff\xfe"}', b"key", None),
    "a key that is not text": (b"{}", b"\xff\x00\x80", None),
    "an empty key": (b"{}", b"", None),
    "no key": (b"{}", None, None),
    "900 kB": (json.dumps({"text": "x" * 900_000}).encode(), b"key", None),
    "200 headers": (b"{}", b"key", [(f"header-{n}", b"v" * 20) for n in range(200)]),
    "a header without a value": (b"{}", b"key", [("empty", None), ("blank", b"")]),
    "a header that is not text": (b"{}", b"key", [("binary", b"\x00\xff\r\n")]),
    "deep JSON": (b"[" * 20_000 + b"]" * 20_000, b"key", None),
    "a structured CloudEvent that is not JSON": (b"not JSON", b"key", STRUCTURED),
    "a structured CloudEvent without a type": (b'{"specversion": "1.0", "id": "x", "source": "/shop"}', b"key", STRUCTURED),
    "a binary CloudEvent without an id": (b"{}", b"key", [h for h in BINARY if h[0] != "ce_id"]),
}


def test_odd_records_are_delivered_or_dead_lettered_and_the_partition_moves_on(world):
    orders = world.topic("shop.orders")
    billing = world.endpoint("billing", keep=True)
    orders.subscribe("billing", billing)
    bridge = world.bridge().starts()

    ids = {}
    for name, (value, key, headers) in ODD.items():
        ids[name] = orders.publish_record(value, key, headers)
    last = orders.publish_record(b'{"last": true}')

    world.is_settled("billing")
    delivered = billing.delivered()
    dead = {letter.source_id: letter for letter in world.dead_letters(orders, "billing")}
    assert last in delivered
    for name, event_id in ids.items():
        assert (event_id in delivered) != (event_id in dead), f"{name} is neither delivered nor dead-lettered, or both"
    for letter in dead.values():
        assert letter.kind == "poison" and letter.text("fanfare-error-message")
    # What is a record like any other, and only looks odd, is delivered.
    for name in ("invalid JSON", "an empty key", "no key", "900 kB", "200 headers", "a key that is not text"):
        assert ids[name] in delivered, f"{name}: {dead[ids[name]]}"
    # What says that it is a CloudEvent and is none, is poison.
    for name in ("a structured CloudEvent that is not JSON", "a structured CloudEvent without a type", "a binary CloudEvent without an id"):
        assert ids[name] in dead, f"{name} was delivered"
    world.books("billing").signatures_verify()
    bridge.shows("fanfare_dead_letters_total", len(dead), subscription="billing", kind="poison")


@pytest.mark.parametrize("value, headers, id, data", [
    (structured(data={"amount": 5}), STRUCTURED, "s-1", {"amount": 5}),
    (structured(id="ü/1.2", data={"amount": 5}), STRUCTURED, "ü/1.2", {"amount": 5}),
    (b'{"amount": 5}', BINARY, "b-1", {"amount": 5}),
], ids=["structured", "structured with an unusual id", "binary"])
def test_a_cloudevent_keeps_its_attributes(world, value, headers, id, data):
    orders = world.topic("shop.orders")
    billing = world.endpoint("billing", keep=True)
    orders.subscribe("billing", billing)
    world.bridge().starts()
    orders.publish_record(value, b"key", headers)

    billing.has_taken(1)
    (arrival,) = billing.arrivals()
    assert arrival.ids == [id]
    assert arrival.verified
    assert set(arrival.id) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-:%")
    event = arrival.json
    assert arrival.headers["content-type"].startswith("application/cloudevents+json")
    assert (event["id"], event["type"], event["source"], event["data"]) == (id, "order.created", "/shop", data)


def test_a_record_that_is_no_cloudevent_becomes_one_as_its_manifest_says(world):
    orders = world.topic("shop.orders", event={
        "id": {"header": "event-id"}, "type": {"pointer": "/type"}, "source": {"value": "/shop/orders"}, "subject": {"key": True}})
    structured = world.endpoint("structured", keep=True)
    binary = world.endpoint("binary", keep=True)
    raw = world.endpoint("raw", keep=True)
    orders.subscribe("structured", structured, headers={"X-Environment": "test"})
    orders.subscribe("binary", binary, payload={"format": "binary"})
    orders.subscribe("raw", raw, payload={"format": "raw"})
    world.bridge().starts()
    value = b'{"type": "order.created",  "total": 12.50, "total": 12.5e0}'
    orders.publish_record(value, b"order-7", [("event-id", b"e-1"), ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")])

    for endpoint in (structured, binary, raw):
        endpoint.has_taken(1)
    (arrival,) = structured.arrivals()
    event = arrival.json
    assert {name: event[name] for name in ("specversion", "id", "type", "source", "subject")} == {
        "specversion": "1.0", "id": "e-1", "type": "order.created", "source": "/shop/orders", "subject": "order-7"}
    assert value in arrival.body, "the payload's bytes pass through untouched"
    assert arrival.headers["x-environment"] == "test"
    assert arrival.headers["user-agent"].startswith("fanfare/")
    assert arrival.headers["fanfare-subscription"] == "structured"
    assert arrival.headers["fanfare-attempt"] == "1"
    assert arrival.headers["traceparent"].split("-")[1] == "4bf92f3577b34da6a3ce929d0e0e4736"

    (arrival,) = binary.arrivals()
    assert arrival.body == value and arrival.verified
    assert {name: arrival.headers[f"ce-{name}"] for name in ("specversion", "id", "type", "source", "subject")} == {
        "specversion": "1.0", "id": "e-1", "type": "order.created", "source": "/shop/orders", "subject": "order-7"}

    (arrival,) = raw.arrivals()
    assert arrival.body == value and arrival.verified
    assert not [name for name in arrival.headers if name.startswith("ce-")]


def test_a_filter_that_does_not_match_settles_the_event(world):
    orders = world.topic("shop.orders", event={"type": {"pointer": "/type"}})
    created = world.endpoint("created")
    other = world.endpoint("other")
    orders.subscribe("created", created, filters=[{"any": [{"exact": {"type": "order.created"}}, {"prefix": {"type": "order.payment."}}]}])
    orders.subscribe("other", other, filters=[{"not": {"prefix": {"type": "order."}}}])
    world.bridge().starts()
    kinds = ["order.created", "order.payment.done", "order.gone", "customer.created"]
    ids = [orders.publish_record(json.dumps({"type": kind}).encode()) for kind in kinds]

    world.is_settled("created")
    world.is_settled("other")
    assert set(created.delivered()) == {ids[0], ids[1]}
    assert set(other.delivered()) == {ids[3]}


@pytest.mark.parametrize("fail", [0.0, 1.0], ids=["delivered", "retried"])
def test_a_record_may_say_any_timestamp(world, fail):
    orders = world.topic("shop.orders")
    billing = world.endpoint("billing", fail=fail, keep=True)
    windows = world.endpoint("windows")
    orders.subscribe("billing", billing, retry={"schedule": ["1s", "3s"]})
    orders.subscribe("windows", windows, window={"type": "tumbling", "size": "1m", "time": "event", "aggregates": {"n": {"count": True}}})
    bridge = world.bridge().starts()
    ids = orders.publish_records((0, b"k", b"{}", None, timestamp) for timestamp in (2**62, 2**63 - 1, 1, 9_300_000_000_000))
    world.wait_until(
        lambda: set(billing.delivered()) | {letter.source_id for letter in world.dead_letters(orders, "billing")} == set(ids),
        "every event to be delivered or given up")
    world.is_settled("billing")
    bridge.process.check_running()
