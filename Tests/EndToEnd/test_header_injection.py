"""Whatever an event holds, wherever of a request it goes: it never becomes a header, a line or a request of its own."""

import json
import re

import pytest

from harness.raw_servers import RawServer

EVIL = ["\r\nX-Evil: 1", "\nX-Evil: 1", "\rX-Evil: 1", "\x00\r\nX-Evil: 1", "\r\n\r\nPOST /evil HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        " \r\n\tX-Evil: 1", "\x7f\x1b[2J", "\u0085X-Evil: 1", "\u2028X-Evil: 1", "\u010d\u010aX-Evil: 1", "ünï 日本", "%0d%0aX-Evil:%201", "x/../../evil?x#y@z"]
ATTRIBUTES = ["id", "source", "type", "subject", "datacontenttype", "dataschema", "time", "extension"]
HEADER = re.compile(rb"[A-Za-z0-9-]+: ?[ -~]*")
REQUEST_LINE = re.compile(rb"POST /(structured|binary|raw|batch|headers|paths/[!-\"$-.0->@-~]+/[!-\"$-.0->@-~]+|queries\?[!-\"$-~]+) HTTP/1\.1")


def cloud_event(**changes):
    return {"specversion": "1.0", "id": "1", "source": "/shop", "type": "order", "data": {"text": "x"}, **changes}


def records():
    """One for each evil text in each place that a producer decides about."""
    structured = [("content-type", b"application/cloudevents+json")]
    binary = {"ce_specversion": "1.0", "ce_id": "1", "ce_source": "/shop", "ce_type": "order", "content-type": "application/json"}
    for n, evil in enumerate(EVIL):
        text = f"{n}{evil}"
        raw = [evil.encode()] + ([evil.encode("latin-1")] if evil.isascii() or max(map(ord, evil)) < 256 else [])
        for attribute in ATTRIBUTES:
            yield None, json.dumps(cloud_event(**{attribute: text})), structured
            yield None, "{}", list({**binary, "content-type" if attribute == "datacontenttype" else f"ce_{attribute}": text.encode()}.items())
        yield None, json.dumps(cloud_event(**{text: "1"})), structured                 # an attribute's name
        yield None, "{}", [*binary.items(), (f"ce_{text}".replace("\x00", ""), b"1")]
        yield None, json.dumps({"text": text, "data": {"text": text}}), None
        yield text, json.dumps({"id": text}), None                                     # the key, which becomes the subject
        for value in raw:
            for name in ("content-type", "traceparent", "tracestate", "fanfare-replay", "fanfare-subscription", "webhook-id"):
                yield None, json.dumps({"text": "x"}), [(name, b"00" + value)]


@pytest.fixture
def wire():
    server = RawServer(answer=b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
    yield server
    server.close()


def test_nothing_of_an_event_becomes_a_header_or_a_line_of_its_own(world, wire):
    orders = world.topic("shop.orders")
    everything = "{{id}}{{source}}{{type}}{{subject}}{{extension}}{{data.text}}"
    ways = {
        "structured": ("", {"payload": {"format": "structured"}}),
        "binary": ("", {"payload": {"format": "binary"}}),
        "raw": ("", {"payload": {"format": "raw"}}),
        "batch": ("", {"batch": {"maxEvents": 1}}),
        "headers": ("", {"headers": {"X-All": everything, "X-Text": "{{data.text}}"}}),
        "paths": ("/{{data.text}}/{{id}}", {}),
        "queries": ("?id={{id}}&subject={{subject}}&text={{data.text}}&extension={{extension}}", {}),
    }
    for name, (rest, policies) in ways.items():
        orders.subscribe(name, world.endpoint(name), retry={"schedule": ["100ms"] * 10}, **policies)
        orders.subscriptions[name]["endpoint"] = f"http://127.0.0.1:{wire.port}/{name}{rest}"
    world.bridge().starts()
    sent = orders.publish_records([(0, key, value, headers) for key, value, headers in records()])

    for name in ways:
        world.is_settled(name)
    given_up = world.dead_letters(orders)
    assert {letter.kind for letter in given_up} == {"poison"}
    for name in ways:
        came = [head for head in wire.heads if head.startswith(f"POST /{name}".encode())]
        assert came and len(came) + sum(letter.subscription == name for letter in given_up) >= len(sent), name
    expected = {b"host", b"webhook-id", b"webhook-timestamp", b"webhook-signature", b"content-type", b"content-length", b"traceparent", b"tracestate",
                b"fanfare-attempt", b"fanfare-subscription", b"user-agent", b"x-all", b"x-text"}
    for head in wire.heads:
        line, *headers = head.split(b"\r\n")
        assert REQUEST_LINE.fullmatch(line), head
        for header in headers:
            assert HEADER.fullmatch(header), head
        names = [header.partition(b":")[0].lower() for header in headers]
        assert len(set(names)) == len(names), head
        assert all(name in expected or re.fullmatch(rb"ce-[a-z0-9]+", name) for name in names), head
