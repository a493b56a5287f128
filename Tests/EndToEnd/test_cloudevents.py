"""CloudEvents as another implementation writes them to Kafka reach endpoints as it reads them from HTTP: in every mode, from every mode."""

import datetime
import json
import random

import pytest
from cloudevents.core.bindings import http, kafka
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

EVENTS = 120
FORMAT = JSONFormat()
TEXTS = ["plain", "two words", "100%", '"quoted"', "a%20b", "é", "€", "日本語", "😀", "~!@#$^&*()_+-={}|[]\\:;'<>?,./", "a\u00a0b", "e\u0301"]
CONTENT = [
    ("application/json", {"total": 12.5, "é": [None, True, {"a": "b\n"}]}), ("application/json; charset=utf-8", {"n": 1}),
    ("application/vnd.shop.order+json", {"n": 2}), (None, {"n": 3}), ("text/plain", "Grüße 😀\r\n"), ("text/xml; charset=UTF-8", "<a>é</a>"),
    ("application/octet-stream", b"\x00\xff\x80"), ("image/png", b"\x89PNG\r\n"), ("text/plain", None), (None, None),
]


def events(seed):
    pick = random.Random(seed)
    for n in range(EVENTS):
        content_type, data = CONTENT[n % len(CONTENT)]
        attributes = {"id": f"e-{n} {pick.choice(TEXTS)}", "source": f"/shop/{n}", "type": pick.choice(TEXTS), "specversion": "1.0"}
        attributes["time"] = datetime.datetime(2026, 5, 1, 8, n % 60, 5, pick.choice([0, 120_000]), datetime.timezone.utc)
        if content_type:
            attributes["datacontenttype"] = content_type
        for name in pick.sample(["subject", "dataschema", "partitionkey", "comexample1", "x"], pick.randint(0, 4)):
            attributes[name] = f"https://example.com/{n}#a" if name == "dataschema" else pick.choice(TEXTS)
        yield CloudEvent(attributes, data)


def told(event):
    """What an event says, however it was told. Of data without a type, JSON is what is meant."""
    attributes = dict(event.get_attributes())
    attributes.setdefault("datacontenttype", "application/json" if event.get_data() is not None else None)
    return {name: value for name, value in attributes.items() if value is not None}, event.get_data()


@pytest.fixture(scope="module")
def sent():
    return list(events(1))


def test_events_are_the_same_in_every_mode(world, sent):
    topic = world.topic("shop.orders")
    endpoints = {name: world.endpoint(name, keep=True) for name in ("binary", "structured", "batch")}
    topic.subscribe("binary", endpoints["binary"], payload={"format": "binary"})
    topic.subscribe("structured", endpoints["structured"])
    topic.subscribe("batch", endpoints["batch"], batch={"maxEvents": 50, "maxWait": "100ms"})
    world.bridge().starts()
    records = []
    for n, event in enumerate(sent):
        message = (kafka.to_binary if n % 2 else kafka.to_structured)(event, FORMAT)
        # What has no data is a tombstone in binary mode.
        value = None if n % 2 and event.get_data() is None else message.value
        records.append((0, message.key and message.key.encode(), value, list(message.headers.items())))
    topic.publish_records(records)
    for name in endpoints:
        world.is_settled(name)
    assert not world.dead_letters(topic), world.dead_letters(topic)

    expected = {event.get_id(): told(event) for event in sent}
    got = {name: {} for name in endpoints}
    for name in ("binary", "structured"):
        for arrival in endpoints[name].arrivals():
            headers = arrival.headers
            read = http.from_binary if name == "binary" else http.from_structured
            event = read(http.HTTPMessage(headers=headers, body=arrival.body), FORMAT)
            got[name][event.get_id()] = told(event)
            if name == "structured":
                assert headers["content-type"].startswith("application/cloudevents+json") and not any(key.startswith("ce-") for key in headers)
    for arrival in endpoints["batch"].arrivals():
        assert arrival.headers["content-type"].startswith("application/cloudevents-batch+json")
        for element in json.loads(arrival.body):
            event = FORMAT.read(None, json.dumps(element))
            got["batch"][event.get_id()] = told(event)
    for name, seen in got.items():
        assert seen.keys() == expected.keys(), name
        wrong = [(name, expected[id], seen[id]) for id in expected if expected[id] != seen[id]]
        assert not wrong, f"{len(wrong)} differ, such as {wrong[0]}"
