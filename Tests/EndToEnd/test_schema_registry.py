"""Values in Confluent's wire format are read with a schema registry; while it is away, only what needs it waits."""

import base64
import decimal
import io
import json

import fastavro
import pytest
from harness.raw_servers import Certificates
from harness.registry import Registry, framed

ORDER = {"type": "record", "name": "shop.Order", "fields": [
    {"name": "id", "type": "string"},
    {"name": "type", "type": {"type": "enum", "name": "Kind", "symbols": ["order_created", "order_paid"]}},
    {"name": "total", "type": {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}},
    {"name": "note", "type": ["null", "string"]},
    {"name": "tags", "type": {"type": "map", "values": "long"}},
]}


def avro(schema, value):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), value)
    return out.getvalue()


def order(number, kind="order_created", total="12.50"):
    return avro(ORDER, {"id": f"o-{number}", "type": kind, "total": decimal.Decimal(total), "note": "hi", "tags": {"a": number}})


@pytest.fixture
def registry():
    registry = Registry()
    yield registry
    registry.stops()


def test_avro_and_json_schema_are_delivered_as_json_in_every_format_and_to_filters(world, registry):
    registry.holds(7, ORDER)
    registry.holds(8, {"type": "object"}, type="JSON")
    registry.starts()
    world.configure(schemaRegistry={"url": registry.url})
    orders = world.topic("shop.orders", event={"id": {"pointer": "/id"}, "type": {"pointer": "/type"}})
    everything = {name: world.endpoint(name, keep=True) for name in ("structured", "binary", "raw", "batch")}
    for name, endpoint in everything.items():
        format = "structured" if name == "batch" else name
        batch = {"batch": {"maxEvents": 10, "maxWait": "100ms"}} if name == "batch" else {}
        orders.subscribe(name, endpoint, payload={"format": format}, **batch)
    large = world.endpoint("large")
    orders.subscribe("large", large, filters=[{"pattern": {"data": {"total": [{"numeric": [">", 100]}]}}}])
    bridge = world.bridge().starts()
    orders.publish_record(framed(7, order(1)), b"k")
    orders.publish_record(framed(8, b'{"id": "j-1", "type": "free",  "total": 250.0}'), b"k")

    decoded = '{"id":"o-1","type":"order_created","total":12.50,"note":"hi","tags":{"a":1}}'
    for endpoint in everything.values():
        endpoint.has_taken(2)
    first, second = everything["structured"].arrivals()
    assert (first.json["id"], first.json["type"], first.json["datacontenttype"]) == ("o-1", "order_created", "application/json")
    assert decoded in first.body.decode() and first.verified
    assert b'"data":{"id": "j-1", "type": "free",  "total": 250.0}' in second.body, "JSON passes through byte for byte"
    for name in ("binary", "raw"):
        first, second = everything[name].arrivals()
        assert first.body.decode() == decoded and first.headers["content-type"] == "application/json" and first.verified
        assert second.body == b'{"id": "j-1", "type": "free",  "total": 250.0}' and second.verified
    assert sorted(id for arrival in everything["batch"].arrivals() for id in arrival.ids) == ["j-1", "o-1"]
    world.is_settled("large")
    assert set(large.delivered()) == {"j-1"}
    assert registry.asked_for(7) == registry.asked_for(8) == 1, "each schema is asked for once"
    bridge.shows("fanfare_schema_lookups_total", 2, result="found")


def test_while_the_registry_is_down_only_partitions_that_need_it_wait_and_nothing_is_lost(world, registry):
    registry.holds(7, ORDER)
    world.configure(schemaRegistry={"url": registry.url}, limits={"shards": 1})
    orders = world.topic("shop.orders", event={"id": {"pointer": "/id"}})
    plain = world.topic("shop.plain")
    billing = world.endpoint("billing")
    other = world.endpoint("other")
    orders.subscribe("billing", billing)
    plain.subscribe("other", other)
    bridge = world.bridge().starts()
    orders.publish_record(b'{"id": "first"}', b"k")
    for number in range(300):
        orders.publish_record(framed(7, order(number)), b"k")
    orders.publish_record(b'{"id": "last"}', b"k")
    bridge.shows("fanfare_partitions_awaiting_schema", 1)
    plain.publish(200)
    other.has_taken(200)
    assert set(billing.delivered()) <= {"first"}

    registry.starts()
    billing.has_taken(302)
    world.is_settled("billing")
    assert set(billing.delivered()) == {"first", "last", *(f"o-{number}" for number in range(300))}
    assert len(billing.arrivals()) == 302, "none comes twice"
    assert not world.dead_letters(orders)
    bridge.shows("fanfare_partitions_awaiting_schema", 0)

    # A schema that is known needs no registry.
    registry.stops()
    orders.publish_record(framed(7, order(1000)), b"k")
    billing.has_taken(303)


def test_a_retry_after_a_restart_waits_for_its_schema_alone(world, registry):
    registry.holds(7, ORDER)
    registry.starts()
    world.configure(schemaRegistry={"url": registry.url})
    orders = world.topic("shop.orders", event={"id": {"pointer": "/id"}})
    failing = world.endpoint("failing", fail=1.0)
    other = world.endpoint("other", fail=1.0)
    orders.subscribe("failing", failing, retry={"schedule": ["3s", "3s", "3s"]}, filters=[{"prefix": {"id": "o-"}}])
    orders.subscribe("other", other, retry={"schedule": ["3s", "3s", "3s"]}, filters=[{"prefix": {"id": "plain"}}])
    bridge = world.bridge().starts()
    orders.publish_record(framed(7, order(1)), b"k")
    orders.publish_record(b'{"id": "plain"}', b"k")
    world.wait_until(lambda: {r.subscription for r in world.retries()} == {"failing", "other"}, "both events to be in the retry topic")
    assert all(r.value == framed(7, order(1)) for r in world.retries("failing")), "it keeps the original bytes"
    bridge.stops()
    registry.stops()

    failing.behaves(fail=0.0)
    other.behaves(fail=0.0)
    world.bridge("again").starts()
    other.has_taken(1)
    assert not failing.delivered()
    registry.starts()
    failing.has_taken(1)
    assert set(failing.delivered()) == {"o-1"}


def test_what_cannot_be_read_is_dead_lettered_with_its_reason_and_its_bytes(world, registry):
    registry.holds(7, ORDER)
    registry.holds(9, 'syntax = "proto3";', type="PROTOBUF")
    registry.holds(10, '{"type": "record", "name": "R", "fields": [{"name": "x", "type": "Missing"}]}')
    registry.starts()
    world.configure(schemaRegistry={"url": registry.url})
    orders = world.topic("shop.orders", event={"id": {"pointer": "/id"}})
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    world.bridge().starts()
    wrong = {
        framed(9, b"\x00\x08\x01"): "the value is Protobuf (schema 9 of the registry)",
        framed(404, b"x"): "does not have the schema",
        framed(10, b"x"): 'schema 10 of the registry cannot be used: /fields/0/type: the type "Missing" is not known',
        framed(7, order(1)[:-1]): "the value is not one of schema 7: the value ends too early (byte ",
        framed(7, order(2) + b"\x00"): "something follows the value",
    }
    for value in wrong:
        orders.publish_record(value, b"k")
    orders.publish_record(framed(7, order(3)), b"k")
    billing.has_taken(1)
    world.is_settled("billing")
    letters = {letter.value: letter for letter in world.dead_letters(orders, "billing")}
    assert set(letters) == set(wrong)
    for value, reason in wrong.items():
        assert letters[value].kind == "poison"
        assert reason in letters[value].text("fanfare-error-message")


def test_without_a_registry_the_reason_says_what_to_configure(world):
    orders = world.topic("shop.orders")
    bytes_ = world.topic("shop.bytes", event={"framing": "none"})
    billing = world.endpoint("billing")
    raw = world.endpoint("raw", keep=True)
    orders.subscribe("billing", billing)
    bytes_.subscribe("raw", raw, payload={"format": "raw"})
    world.bridge().starts()
    orders.publish_record(framed(7, b"x"), b"k")
    bytes_.publish_record(framed(7, b"x"), b"k")
    raw.has_taken(1)
    world.is_settled("billing")
    assert raw.arrivals()[0].body == framed(7, b"x")
    (letter,) = world.dead_letters(orders, "billing")
    assert "no schema registry is configured: set schemaRegistry.url" in letter.text("fanfare-error-message")


def test_references_are_resolved_and_each_is_asked_for_once(world, registry):
    item = {"type": "record", "name": "shop.Item", "fields": [{"name": "n", "type": "int"}]}
    registry.holds_subject("shop.Item", 2, item)
    registry.holds_subject("shop.List", 1, {"type": "record", "name": "shop.List", "fields": [
        {"name": "items", "type": {"type": "array", "items": "shop.Item"}}]}, references=[("shop.Item", 2)])
    registry.holds(5, {"type": "record", "name": "Order", "fields": [{"name": "list", "type": "shop.List"}, {"name": "first", "type": "shop.Item"}]},
                   references=[("shop.Item", 2), ("shop.List", 1)])
    registry.starts()
    world.configure(schemaRegistry={"url": registry.url + "/"})
    orders = world.topic("shop.orders")
    billing = world.endpoint("billing", keep=True)
    orders.subscribe("billing", billing, payload={"format": "raw"})
    world.bridge().starts()
    orders.publish_record(framed(5, b"\x02\x06\x00\x0e"), b"k")
    billing.has_taken(1)
    assert billing.arrivals()[0].json == {"list": {"items": [{"n": 3}]}, "first": {"n": 7}}
    assert registry.asked.count("/subjects/shop.Item/versions/2") == 1


@pytest.mark.parametrize("credentials, header", [
    ({"basic": {"username": "fanfare", "password": "geheim ü"}}, "Basic " + base64.b64encode("fanfare:geheim ü".encode()).decode()),
    ({"bearer": {"token": "t0ken"}}, "Bearer t0ken"),
], ids=["basic", "bearer"])
def test_a_registry_that_asks_for_credentials_gets_them_and_wrong_ones_are_no_poison(world, registry, credentials, header):
    registry.holds(7, ORDER)
    registry.authorization = "other"
    registry.starts()
    world.configure(schemaRegistry={"url": registry.url, **credentials})
    orders = world.topic("shop.orders")
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    bridge = world.bridge().starts()
    orders.publish_record(framed(7, order(1)), b"k")
    bridge.shows("fanfare_partitions_awaiting_schema", 1)
    world.wait_until(lambda: registry.asked_for(7) >= 2, "the registry to be asked again")
    registry.authorization = header
    billing.has_taken(1)
    assert bridge.process.says("answers 401")
    for secret in ("geheim", "t0ken", header.split()[1]):
        assert not bridge.process.says(secret)


def test_a_registry_with_tls_is_trusted_by_its_own_authority_only(world, registry, tmp_path):
    certificates = Certificates(tmp_path / "certificates")
    registry.context = certificates.server("registry")
    registry.holds(7, ORDER)
    registry.starts()
    orders = world.topic("shop.orders")
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    world.configure(schemaRegistry={"url": registry.url})
    bridge = world.bridge().starts()
    orders.publish_record(framed(7, order(1)), b"k")
    bridge.logs("does not answer: SSL peer certificate or SSH remote key was not OK")
    bridge.stops()
    world.configure(schemaRegistry={"url": registry.url, "ca": certificates.authority})
    world.bridge("trusting").starts()
    billing.has_taken(1)


def test_explain_reads_framed_values(world, registry, tmp_path):
    registry.holds(7, ORDER)
    registry.starts()
    orders = world.topic("shop.orders", event={"id": {"pointer": "/id"}})
    orders.subscribe("billing", world.endpoint("billing"), payload={"format": "raw"})
    (tmp_path / "record").write_bytes(framed(7, order(1)))
    shown = world.fanfare("explain", "--topic", "shop.orders", "--registry", registry.url, "--output", "json", tmp_path / "record").json
    assert json.loads(shown["subscriptions"][0]["request"]["body"])["total"] == 12.5
    lines = json.dumps({"base64": base64.b64encode(framed(7, order(2))).decode()})
    (tmp_path / "records").write_text(lines + "\n")
    shown = world.fanfare(
        "explain", "--topic", "shop.orders", "--registry", registry.url, "--file", tmp_path / "records", "--records", "--output", "json").json
    assert shown["subscriptions"][0]["requests"][0]["webhookID"] == "o-2"
    registry.stops()
    failed = world.fanfare("explain", "--topic", "shop.orders", "--registry", registry.url, tmp_path / "record", expect=1)
    assert "does not answer" in str(failed)
