"""Events of the bridge's own: in a topic, and delivered by the bridge itself to where people are."""

import json
import re

import yaml

from harness.fixtures import ROOT

NOTIFICATIONS = "fanfare.events"


def told(world):
    """What stands in the topic: each occurrence once, as several replicas may have written it."""
    events = {}
    for record in world.kafka.consume_all(NOTIFICATIONS):
        headers = {name: value.decode() for name, value in record.headers}
        events.setdefault(headers["ce_id"], {"type": headers["ce_type"], "subject": headers.get("ce_subject"), **json.loads(record.value)})
    return list(events.values())


def documented():
    """The subscriptions of docs/NOTIFICATIONS.md, without the places that they deliver to."""
    page = (ROOT / "docs/NOTIFICATIONS.md").read_text()
    manifests = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(topic: fanfare.events\n.*?)```", page, re.DOTALL)]
    for name, policies in [entry for manifest in manifests for entry in manifest["subscriptions"].items()]:
        yield name, {key: value for key, value in policies.items() if key not in ("endpoint", "signing")}


def the(world, kind, subject=None, **timeout):
    found = []

    def look():
        found[:] = [event for event in told(world) if event["type"] == kind and event["subject"] == subject]
        return found

    world.wait_until(look, f"{kind} of {subject}", **timeout)
    assert len(found) == 1, found
    return found[0]


def test_what_happens_is_told_once_and_delivered_to_a_chat(world):
    world.configure(notifications={"enabled": True})
    orders = world.topic("shop.orders", partitions=4)
    billing = world.endpoint("billing", status=503)
    orders.subscribe("billing", billing, owner="team-billing", diversion={"burst": 2})
    orders.subscribe("refuses", world.endpoint("refuses", status=400), diversion={"burst": 1000})
    notifications = world.topic(NOTIFICATIONS)
    told_of_it = {}
    for name, policies in documented():
        told_of_it[name] = world.endpoint(name, keep=True)
        notifications.subscribe(name, told_of_it[name], **policies)
    first = world.bridge("first").starts()
    second = world.bridge("second").starts()

    orders.publish(20)
    opened = the(world, "fanfare.circuit.opened", "billing")
    assert (opened["severity"], opened["topic"], opened["owner"]) == ("warning", "shop.orders", "team-billing")
    assert "503" in opened["reason"]
    world.fanfare("pause", "billing", "--reason", "their database moves")
    paused = the(world, "fanfare.subscription.paused", "billing")
    assert paused["reason"] == "their database moves"
    world.fanfare("resume", "billing")
    billing.behaves(status=204)
    the(world, "fanfare.circuit.closed", "billing", timeout=60)
    given_up = [event for event in told(world) if event["type"] == "fanfare.events.dead-lettered"]
    assert given_up and all(event["subject"] == "refuses" and "400" in event["reason"] for event in given_up)
    assert sum(event["count"] for event in given_up) <= 20

    # Both replicas saw the pause, and wrote it; the chat heard of it once.
    told_of_it["chat"].has_taken(len(told(world)))
    texts = [arrival.json["text"] for arrival in told_of_it["chat"].arrivals()]
    assert "*warning* billing: its endpoint is down, deliveries wait for it (the endpoint answered 503) team-billing" in texts
    assert len([text for text in texts if "billing: paused by" in text]) == 1, texts
    told_of_it["oncall-resolve"].has_taken(2)
    (incident,) = [arrival.json for arrival in told_of_it["oncall-trigger"].arrivals()]
    assert incident["event_action"] == "trigger" and incident["payload"]["severity"] == "warning"
    resolved = [arrival.json for arrival in told_of_it["oncall-resolve"].arrivals()]
    assert {event["dedup_key"] for event in resolved} == {incident["dedup_key"]} == {"fanfare/billing"}
    written = sum(bridge.metric("fanfare_notifications_total", result="written") for bridge in (first, second))
    assert written >= len(told(world))


def test_a_chat_that_is_down_is_not_told_of_itself(world):
    world.configure(notifications={"enabled": True})
    orders = world.topic("shop.orders")
    orders.subscribe("refuses", world.endpoint("refuses", status=400), diversion={"burst": 1000})
    chat = world.endpoint("chat", status=400)
    world.topic(NOTIFICATIONS).subscribe("chat", chat, start="earliest", diversion={"burst": 1000})
    bridge = world.bridge().starts()
    orders.publish(5)
    bridge.shows("fanfare_dead_letters_total", 1, subscription="chat", kind="http")
    assert [event["subject"] for event in told(world)] == ["refuses"]


def test_manifests_that_are_refused_are_told_and_what_kafka_does_not_take_is_counted(world):
    world.configure(notifications={"enabled": True})
    orders = world.topic("shop.orders")
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    world.extra_topics = {NOTIFICATIONS: 1}
    bridge = world.bridge().starts()
    manifest = world.manifests / "shop.orders.yaml"
    right = manifest.read_text()

    manifest.write_text(right.replace("start:", "strat:"))
    assert "strat" in the(world, "fanfare.configuration.refused")["reason"]
    bridge.shows("fanfare_notifications_total", 1, result="written")
    world.broker.command("error 0 29 100")  # Produce: not authorized for the topic
    manifest.write_text(right + "\n")
    bridge.shows("fanfare_notifications_total", 1, result="lost")
    bridge.logs("Kafka does not take a notification")
    world.broker.command("heal 0")
    orders.publish(3)
    billing.has_taken(3)
