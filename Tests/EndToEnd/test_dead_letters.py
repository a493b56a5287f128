"""`fanfare dlq list`, `show`, `export`: what the dead-letter topic says, for people and for programs."""

import base64
import json
import os
import subprocess

import pytest

from harness.letters import dead_letter, publish_many


@pytest.fixture
def orders(world):
    """Two subscriptions, of which one refuses some events and one is gone from the manifests later."""
    orders = world.topic("shop.orders", partitions=2, event={"id": {"pointer": "/id"}})
    orders.subscribe("billing", world.endpoint("billing", status=422))
    orders.subscribe("search", world.endpoint("search", status=400))
    return orders


def listed(world, *words):
    return world.fanfare("dlq", "list", "--topic", "shop.orders", *words, "--output", "json").json


def exported(world, *words):
    return [json.loads(line) for line in world.fanfare("dlq", "export", "--topic", "shop.orders", *words).output.split("\n") if line]


def test_a_dead_letter_of_the_bridge_is_listed_shown_and_exported(world, orders):
    world.bridge().starts()
    orders.publish_record(json.dumps({"id": "o.1", "total": 42}), key="order-1", headers=[("trace", b"abc"), ("bytes", b"\xff\x00"), ("null", None)])
    for name in ("billing", "search"):
        world.is_settled(name)

    (letter,) = listed(world, "--subscription", "billing")
    assert letter["event"] == "o.1" and letter["key"] == "order-1"
    assert (letter["kind"], letter["status"], letter["attempts"], letter["redrives"]) == ("http", 422, 1, 0)
    assert letter["source"]["topic"] == "shop.orders" and letter["source"]["offset"] == 0

    text = world.fanfare("dlq", "show", "--topic", "shop.orders", f"{letter['partition']}-{letter['offset']}").output
    for expected in ("o.1", "billing", "http 422", "the endpoint answered 422", "order-1", "trace", "abc", "0xff00", "(null)",
                     "payload (json, 26 bytes)", '  "id": "o.1",', '  "total": 42'):
        assert expected in text
    (shown,) = world.fanfare("dlq", "show", "--topic", "shop.orders", "--subscription", "billing", "--output", "json").json
    (line,) = exported(world, "--subscription", "billing")
    assert shown == line
    assert line["value"] == '{"id": "o.1", "total": 42}' and line["key"] == "order-1"
    assert line["headers"][:3] == [
        {"name": "trace", "value": "abc"}, {"name": "bytes", "valueBase64": "/wA="}, {"name": "null", "value": None}]


def test_every_selection_selects(world, orders):
    world.starts_broker()
    world.kafka.publish(orders.dead_letters, [
        dead_letter("billing", offset=0, key="a", value='{"id": "one"}', kind="http", status=422),
        dead_letter("billing", offset=1, key="b", value='{"id": "two.2"}', kind="http", status=503),
        dead_letter("billing", offset=2, key="b", value='{"id": "three"}', kind="timeout"),
        dead_letter("search", offset=2, key="b", value='{"id": "three"}', kind="poison"),
        dead_letter("search", offset=3, key="b", value='no JSON', kind="poison"),
    ])

    def offsets(*words):
        return sorted((letter["subscription"][0], letter["source"]["offset"]) for letter in listed(world, *words))
    assert len(offsets()) == 5
    assert offsets("--subscription", "search") == [("s", 2), ("s", 3)]
    assert offsets("--kind", "timeout") == [("b", 2)]
    assert offsets("--status", "422") == [("b", 0)]
    assert offsets("--status", "5xx") == [("b", 1)]
    assert offsets("--key", "a") == [("b", 0)]
    assert offsets("--event", "three") == [("b", 2), ("s", 2)]
    assert offsets("--event", "two.2") == offsets("--event", "two%2E2") == [("b", 1)]
    assert offsets("--event", "shop.orders-0-3") == [("s", 3)]
    assert len(offsets("--since", "1h")) == 5 and offsets("--until", "1h") == []
    assert len(offsets("--limit", "2")) == 2
    assert offsets("--key", "b", "--kind", "poison", "--subscription", "search") == [("s", 2), ("s", 3)]
    for wrong in (["--status", "teapot"], ["--kind", "bad"], ["--since", "yesterday"]):
        world.fanfare("dlq", "list", "--topic", "shop.orders", *wrong, expect=64)
    assert "no dead letter" in world.fanfare("dlq", "show", "--topic", "shop.orders", "7-7", expect=1).errors


def test_an_export_holds_every_byte(world, orders):
    world.starts_broker()
    binary = bytes(range(256))
    world.kafka.publish(orders.dead_letters, [
        dead_letter("billing", offset=0, key=b"\xfe\xff", value=binary),
        dead_letter("billing", offset=1, key="ключ", value='"\\u0000 \\" line\u2028"\n'),
        dead_letter("billing", offset=2, key=None, value=None),
        dead_letter("billing", offset=3, key="", value=""),
        (0, b"other", b"not of Fanfare", None),
    ])

    lines = {line["source"]["offset"]: line for line in exported(world) if line["source"]["topic"]}
    assert base64.b64decode(lines[0]["keyBase64"]) == b"\xfe\xff" and base64.b64decode(lines[0]["valueBase64"]) == binary
    assert lines[1]["key"] == "ключ" and lines[1]["value"] == '"\\u0000 \\" line\u2028"\n'
    assert (lines[2]["key"], lines[2]["value"]) == (None, None)
    assert (lines[3]["key"], lines[3]["value"]) == ("", "")
    assert "00000010  10 11 12" in world.fanfare("dlq", "show", "--topic", "shop.orders", "0-0").output
    assert "a tombstone" in world.fanfare("dlq", "show", "--topic", "shop.orders", "0-2").output
    # Of another program's letters the dead-letter topic itself tells, when it is named.
    assert len(exported(world)) == 4
    alone = world.fanfare("dlq", "list", "--topic", orders.dead_letters, "--output", "json").json
    assert len(alone) == 5 and alone[4]["subscription"] is None


def test_what_is_too_large_for_the_topic_is_read_from_its_source(world, orders):
    world.starts_broker()
    here = orders.publish_record('{"id": "large"}')
    world.kafka.publish(orders.dead_letters, [
        dead_letter("billing", offset=0, value=None, reference=True),
        dead_letter("billing", offset=5, value=None, reference=True),
    ])
    assert here == "shop.orders-0-0"

    there, gone = exported(world)
    assert (there["value"], there["reference"]) == ('{"id": "large"}', True)
    assert (gone["value"], gone["reference"]) == (None, True)
    assert "read from the source" in world.fanfare("dlq", "show", "--topic", "shop.orders", "0-0").output
    assert "its source does not have it any more" in world.fanfare("dlq", "show", "--topic", "shop.orders", "0-1").output


@pytest.mark.resident_memory
def test_lists_of_any_length_take_little_memory(world, orders):
    world.starts_broker()
    publish_many(world.kafka, orders.dead_letters, (
        dead_letter("billing", offset=n, partition=n % 2, value='{"id": "x"}') for n in range(40_000)))

    assert len(listed(world)) == 40_000
    few, all_of_them = (peak_memory(world, "dlq", "list", "--topic", "shop.orders", *words) for words in (["--until", "1h"], []))
    assert all_of_them < few + 10_000, "kilobytes"


def peak_memory(world, *words):
    process = subprocess.Popen([world.program, *words, "--config", world.write_config()], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0
    return usage.ru_maxrss
