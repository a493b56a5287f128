"""Receipts: one record per attempt, that deliveries never wait for; and `fanfare deliveries`, which reads them."""

import collections
import json

import jsonschema
from cloudevents.core.bindings import kafka
from cloudevents.core.formats.json import JSONFormat

RECEIPTS = "fanfare.receipts"


def attempts(bridge, *subscriptions):
    """By subscription and result, as the metric counts them."""
    counts = {(s, r): bridge.metric("fanfare_attempts_total", subscription=s, result=r) or 0
              for s in subscriptions for r in ("success", "retry", "refused")}
    return {key: count for key, count in counts.items() if count}


def test_every_attempt_leaves_one_receipt(world):
    orders = world.topic("shop.orders", partitions=2, event={"id": {"pointer": "/id"}, "type": {"pointer": "/type"}})
    retries = {"schedule": ["200ms", "3s"], "jitter": 0}
    endpoints = {
        "patient": world.endpoint("patient", fail_first=2, fail_status=503),
        "strict": world.endpoint("strict", refuse=["order-3"]),
        "batched": world.endpoint("batched", refuse=["order-3"]),
        "down": world.endpoint_where_nothing_listens("down"),
    }
    orders.subscribe("patient", endpoints["patient"], retry=retries, diversion={"burst": 100})
    orders.subscribe("strict", endpoints["strict"])
    orders.subscribe("batched", endpoints["batched"], batch={"maxEvents": 10, "maxWait": "1s"})
    orders.subscribe("down", endpoints["down"])
    bridge = world.bridge().starts()
    orders.publish_records(
        (n % 2, None, json.dumps({"id": f"order-{n}", "type": "order.created", "secret": "payload"}), None) for n in range(10))
    orders.publish_record("{")
    endpoints["patient"].has_taken(10)
    for name in ("patient", "strict", "batched"):
        world.is_settled(name)
    settled = ("patient", "strict", "batched")
    # Figures are taken four times a second.
    for name, deliveries in (("patient", 10), ("strict", 9), ("batched", 9)):
        bridge.shows("fanfare_deliveries_total", deliveries, subscription=name)

    def counted():
        return collections.Counter((r["subscription"], r["result"]) for r in world.receipts() if r["subscription"] in settled)

    world.wait_until(lambda: sum(counted().values()) >= sum(attempts(bridge, *settled).values()) > 40, "a receipt of each attempt", every=0.3,
                     details=lambda: f"receipts {counted()}, attempts {attempts(bridge, *settled)}")
    assert counted() == attempts(bridge, *settled), "exactly one"
    receipts = world.receipts()

    schema = json.loads(world.fanfare("schema", "receipt", config=False).output)
    for receipt in receipts:
        jsonschema.validate(receipt, schema)
        record = receipt.record
        event = kafka.from_kafka(kafka.KafkaMessage(dict(record.headers), record.key, record.value), JSONFormat())
        assert (event.get_type(), event.get_source(), event.get_datacontenttype()) == ("fanfare.receipt", "fanfare:fanfare", "application/json")
        assert event.get_data() == receipt and receipt.event["time"] == receipt["time"]
        assert receipt.record.key.decode() == f"{receipt['subscription']}/{receipt['webhookId']}"
        assert receipt["endpoint"] == f"127.0.0.1:{endpoints[receipt['subscription']].port}"
        assert b"payload" not in receipt.record.value
    assert len({r.event["id"] for r in receipts}) == len(receipts)

    # An event's way, in one partition.
    way = [r for r in receipts if r["subscription"] == "patient" and r["events"][0].get("id") == "order-7"]
    assert [(r["attempt"], r["result"], r["status"], *r.steps) for r in way] == [
        (1, "retry", 503, "wait"), (2, "retry", 503, "retry"), (3, "success", 204, "delivered")]
    assert len({r.record.partition for r in way}) == 1 and way[1]["events"][0]["next"]["due"] <= way[2]["time"]
    assert (way[0]["events"][0]["type"], way[0]["events"][0]["partition"], way[0]["events"][0]["offset"]) == ("order.created", 1, 3)
    # What is refused, and what is no event.
    refused = {r["webhookId"]: r for r in receipts if r["subscription"] == "strict" and r["result"] == "refused"}
    assert refused["order-3"]["status"] == 400 and refused["order-3"]["events"][0]["next"] == {"step": "dead-letter", "kind": "http"}
    poison = refused["shop%2Eorders-0-5"]
    assert (poison["failure"], poison["durationSeconds"]) == ("poison", 0) and "id" not in poison["events"][0]
    assert poison["events"][0]["next"] == {"step": "dead-letter", "kind": "poison"} and len(refused) == 2
    # A batch is one attempt of all its events; in the end all but one are delivered.
    batches = [r for r in receipts if r["subscription"] == "batched"]
    assert all(r["count"] == len(r["events"]) for r in batches) and max(r["count"] for r in batches) > 1
    assert {step for r in batches if r["result"] == "refused" for step in r.steps} == {"again", "dead-letter"}
    assert sorted(e["id"] for r in batches if r["result"] == "success" for e in r["events"]) == sorted(
        f"order-{n}" for n in range(10) if n != 3)
    # An outage: events wait for the endpoint; the one that is none would fail anywhere.
    down = [r for r in receipts if r["subscription"] == "down"]
    unreachable = [r for r in down if r["failure"] == "network"]
    assert unreachable and all(r["result"] == "retry" and r.steps == ["outage"] and "status" not in r for r in unreachable)
    assert {r["failure"] for r in down} <= {"network", "poison"}

    story = world.fanfare("deliveries", "--event", "order-7", "--subscription", "patient")
    rows = [line.split() for line in story.output.splitlines()]
    assert [(row[1], row[2], row[3], row[4]) for row in rows[1:]] == [
        ("patient", "order-7", "1", "retry"), ("patient", "order-7", "2", "retry"), ("patient", "order-7", "3", "success")]
    found = world.fanfare("deliveries", "--event", "order-3", "--failed", "--since", "1h", "--output", "json").json
    assert {r["subscription"] for r in found} >= {"patient", "strict", "batched"} and all(r["result"] != "success" for r in found)
    (newest,) = world.fanfare("deliveries", "--subscription", "strict", "--limit", "1", "--output", "json").json
    assert newest["time"] == max(r["time"] for r in receipts if r["subscription"] == "strict")
    assert world.fanfare("deliveries", "--until", "1h").output == "no attempts\n"


def test_deliveries_do_not_wait_for_receipts_that_cannot_be_written(world):
    orders = world.topic("shop.orders", partitions=2)
    billing = world.endpoint("billing", fail=0.1)
    orders.subscribe("billing", billing, retry={"schedule": ["1s", "3s", "3s", "3s", "3s"], "jitter": 0}, diversion={"burst": 500})
    world.starts_broker().command(f"topic-error {RECEIPTS} TOPIC_AUTHORIZATION_FAILED")
    bridge = world.bridge().starts()
    orders.publish(300)

    billing.has_taken(300)
    world.is_settled("billing")
    world.books("billing").balance(duplicates=0)
    made = billing.summary()["attempts"]
    assert made > 300
    # They wait for a minute, and are given up with the process.
    bridge.stops()
    lines = [line for line in bridge.process.log.read_text().splitlines() if "receipts of attempts are lost" in line]
    assert f"lost={made} " in lines[-1] and len(lines) <= 2
