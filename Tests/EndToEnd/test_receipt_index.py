"""The index of receipts: the API, the console and `fanfare deliveries --index` answer from a copy of the topic."""

import json
import urllib.parse

import pytest

from harness.admin_broker import AdminBroker
from harness.process import Process

RECEIPTS = "fanfare.receipts"


@pytest.fixture
def index(world):
    path = world.folder / "receipts.sqlite"
    world.configure(receipts={"index": {"enabled": True, "path": str(path)}})
    return path


@pytest.fixture
def shop(world):
    """Two subscriptions: each event twice for one of them, one refusal for the other."""
    orders = world.topic("shop.orders", partitions=2, event={"id": {"pointer": "/id"}, "type": {"pointer": "/type"}})
    orders.subscribe("patient", world.endpoint("patient", fail_first=1, fail_status=503), retry={"schedule": ["100ms"], "jitter": 0})
    orders.subscribe("strict", world.endpoint("strict", refuse=["order-3"]))
    return orders


def publish(orders, numbers):
    orders.publish_records((n % 2, None, json.dumps({"id": f"order-{n}", "type": "order.created"}), None) for n in numbers)


def asks(bridge, **question):
    status, text = bridge.get("/api/v1/deliveries?" + urllib.parse.urlencode(question))
    return status, json.loads(text)


def finds(bridge, **question):
    status, answer = asks(bridge, **question)
    assert status == 200, answer
    return answer["deliveries"]


def told(attempt):
    """What a receipt says, in the topic as in the index."""
    steps = [(event["id"], event["partition"], event["offset"], event["next"]["step"]) for event in attempt["events"]]
    return tuple(attempt[name] for name in ("subscription", "webhookId", "attempt", "result", "status", "endpoint")) + tuple(steps)


def has(world, bridge, attempts):
    """The index has so many attempts, and nothing is to come."""
    def standing():
        status, answer = asks(bridge, limit=1000)
        return (len(answer["deliveries"]), answer["index"].get("behind")) if status == 200 else answer
    world.wait_until(lambda: standing() == (attempts, 0), f"the index to have {attempts} attempts", details=standing)


def test_the_api_says_what_happened_and_what_failed(world, index, shop):
    bridge = world.bridge().starts()
    publish(shop, range(10))
    # 10 events twice, 10 once.
    has(world, bridge, 30)

    story = finds(bridge, event="order-7", subscription="patient")
    assert [(a["attempt"], a["result"], a["status"], a["events"][0]["next"]["step"]) for a in story] == [
        (2, "success", 204, "delivered"), (1, "retry", 503, "wait")], "the newest first"
    assert {a["subscription"] for a in finds(bridge, event="order-7")} == {"patient", "strict"}
    assert finds(bridge, event="shop.orders-1-3", subscription="patient") == story
    (refused,) = finds(bridge, subscription="strict", failed="true", since="1h")
    assert (refused["webhookId"], refused["status"], refused["events"][0]["next"]) == ("order-3", 400, {"step": "dead-letter", "kind": "http"})
    assert finds(bridge, until="1h") == [] == finds(bridge, event="order-70")
    pieces = [asks(bridge, subscription="patient", limit=6)[1]]
    while "next" in pieces[-1]:
        pieces.append(asks(bridge, subscription="patient", limit=6, after=pieces[-1]["next"])[1])
    assert [len(piece["deliveries"]) for piece in pieces] == [6, 6, 6, 2]
    assert sum((piece["deliveries"] for piece in pieces), []) == finds(bridge, subscription="patient")
    assert asks(bridge, since="yesterday")[0] == 400 == asks(bridge, after="there")[0]
    # It says what the topic says, and what metrics say of it is so.
    listed = finds(bridge, limit=1000)
    assert {told(attempt) for attempt in listed} == {told(receipt) for receipt in world.receipts()} and len(listed) == 30
    assert all(attempt["durationSeconds"] >= 0 for attempt in listed)
    bridge.shows("fanfare_receipt_index_lag_records", 0)
    assert bridge.metric("fanfare_receipt_index_bytes") == asks(bridge)[1]["index"]["bytes"] > 0

    # Another replica has the same, and each goes on where it was.
    other_index = world.folder / "other.sqlite"
    world.configure(receipts={"index": {"enabled": True, "path": str(other_index)}})
    other = world.bridge("other").starts()
    has(world, other, 30)
    assert asks(other, limit=6)[1]["deliveries"] == asks(bridge, limit=6)[1]["deliveries"]
    other.stops()
    bridge.stops()
    assert not bridge.process.says("damaged")
    # Damaged from the second page on.
    with index.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xab" * (index.stat().st_size - 4096))
    for name in ("-wal", "-shm"):
        index.with_name(index.name + name).unlink(missing_ok=True)
    bridge.starts()
    has(world, bridge, 30)
    publish(shop, range(10, 12))
    has(world, bridge, 36)


def test_without_an_index_the_api_says_how_to_get_one(world, shop):
    bridge = world.bridge().starts()
    status, problem = asks(bridge, event="order-1")
    assert status == 409 and "receipts.index.enabled: true" in problem["detail"]
    bridge.stops()
    # One that cannot be made keeps nobody from delivering.
    world.configure(receipts={"index": {"enabled": True, "path": str(world.folder / "nowhere" / "receipts.sqlite")}})
    bridge = world.bridge("other").starts()
    publish(shop, range(4))
    world.is_settled("strict")
    bridge.logs("there is no index of receipts just now")
    status, problem = asks(bridge)
    assert status == 503 and "nowhere" in problem["detail"]


def test_a_command_keeps_an_index_of_its_own_and_follows(world, shop):
    file = world.folder / "mine.sqlite"
    bridge = world.bridge().starts()
    publish(shop, range(10))
    world.wait_until(lambda: len(world.receipts()) == 30, "the receipts", every=0.3)

    def same(*words):
        scanned, indexed = (world.fanfare("deliveries", *index, *words, "--output", "json").json for index in ([], ["--index", file]))
        assert indexed == sorted(indexed, key=lambda receipt: receipt["time"])
        # Two shards write one partition, so in the topic times may be out of order by a moment.
        assert sorted(indexed, key=json.dumps) == sorted(scanned, key=json.dumps)
        return scanned

    assert len(same("--event", "order-7")) == 3
    assert len(same("--failed", "--subscription", "strict", "--since", "1h")) == 1
    assert len(same("--subscription", "patient")) == 20
    (newest,) = world.fanfare("deliveries", "--index", file, "--limit", "1", "--output", "json").json
    assert newest["time"] == max(receipt["time"] for receipt in world.receipts())
    publish(shop, [10])
    world.wait_until(lambda: len(world.receipts()) == 33, "the receipts", every=0.3)
    assert len(same("--event", "order-10")) == 3, "what came since"
    # The topic is asked for nothing that is there: without it the index has all the same.
    letter = world.folder / "letter"
    letter.write_text("dear mother")
    refused = world.fanfare("deliveries", "--index", letter, expect=1)
    assert "is no index of receipts" in refused.text and letter.read_text() == "dear mother"
    assert len(world.fanfare("deliveries", "--index", file, "--rebuild", "--output", "json").json) == 33
    assert world.fanfare("deliveries", "--rebuild", expect=64).text

    # With and without an index: what was, and what comes.
    for words in ([], ["--index", file]):
        out = world.folder / f"follow-{len(words)}"
        before = len(world.receipts())
        with out.open("wb") as sink:
            follow = world.started(Process(
                "fanfare deliveries --follow", [world.program, "deliveries", "--follow", "--output", "json", *words, "--config", world.write_config()],
                world.folder / "follow.log", stdout=sink))
        lines = lambda: out.read_text().splitlines()
        world.wait_until(lambda: len(lines()) == before, "what was", details=lambda: len(lines()))
        publish(shop, [100 + len(words)])
        world.wait_until(lambda: len(lines()) == before + 3, "what comes", details=lambda: len(lines()))
        assert all(json.loads(line)["webhookId"] == f"order-{100 + len(words)}" for line in lines()[before:])
        assert follow.stop() == 0
    assert bridge.metric("fanfare_receipt_index_bytes") is None


def test_a_receipts_topic_that_is_made_anew_makes_the_index_anew(world, index):
    broker = AdminBroker.serving(world, {"shop.orders": 2, "shop.orders.dead-letter": 1, "fanfare.retry": 6, "fanfare.control": 1, RECEIPTS: 2})
    orders = world.topic("shop.orders", partitions=2, event={"id": {"pointer": "/id"}})
    orders.subscribe("billing", world.endpoint("billing"))
    bridge = world.bridge_without_broker().starts()
    publish(orders, range(20))
    has(world, bridge, 20)

    def is_made_anew():
        broker.deletes(RECEIPTS)
        broker.creates(RECEIPTS, 2)

    # While the bridge runs: what is asked is of the new topic alone.
    is_made_anew()
    publish(orders, range(100, 103))
    world.wait_until(lambda: asks(bridge, event="order-102")[1].get("deliveries"), "the new receipts")
    has(world, bridge, 3)
    assert finds(bridge, event="order-7") == []
    assert bridge.process.log.read_text().count("the index of receipts begins anew") == 1
    bridge.shows("fanfare_receipt_index_renewals_total", 1)
    # While it does not, and the new one is longer by the time it looks: offsets alone do not tell.
    bridge.stops()
    is_made_anew()
    away = index.parent / "away"
    away.mkdir()
    for file in index.parent.glob(f"{index.name}*"):
        file.rename(away / file.name)
    bridge.starts()
    publish(orders, range(200, 240))
    has(world, bridge, 40)
    bridge.stops()
    for file in index.parent.glob(f"{index.name}*"):
        file.unlink()
    for file in away.iterdir():
        file.rename(index.parent / file.name)
    bridge.starts()
    has(world, bridge, 40)
    assert finds(bridge, event="order-101") == [] and len(finds(bridge, event="order-201")) == 1
    bridge.shows("fanfare_receipt_index_renewals_total", 1)
