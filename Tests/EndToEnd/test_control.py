"""Pause, resume, seek and suspension through the control topic: on all replicas, across restarts, with who, when and why."""

import datetime
import json
import re
import time

import pytest

from harness.admin_broker import AdminBroker
from harness.waiting import wait_until
from harness.world import CONTROL_TOPIC


@pytest.fixture
def orders(world):
    return world.topic("shop.orders", partitions=6)


@pytest.fixture
def billing(world, orders):
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    return billing


@pytest.fixture
def search(world, orders):
    """Takes everything: what has come there has come by everybody."""
    search = world.endpoint("search")
    orders.subscribe("search", search)
    return search


def starts(replicas):
    for replica in replicas:
        replica.starts(ready=False)
    for replica in replicas:
        replica.is_ready()
    return replicas


def restarts(replicas):
    """All of them: nothing is left in anybody's memory."""
    for replica in replicas:
        replica.process.ask_to_stop()
    for replica in replicas:
        wait_until(lambda: replica.process.popen.poll() is not None, f"{replica.name} to end")
    starts(replicas)


def three_replicas(world):
    world.starts_broker()
    return starts([world.bridge_without_broker(name) for name in ("first", "second", "third")])


def records(world):
    """What the control topic says: the last value of each key."""
    said = {}
    for record in world.kafka.consume_all(CONTROL_TOPIC):
        said[record.key.decode()] = record.value and json.loads(record.value)
    return said


def status(world, name):
    return world.fanfare("subscriptions", name, "--output", "json").json


def repeated(endpoint):
    return {event for event, times in endpoint.delivered().items() if times > 1}


def offset_of(event):
    return int(event.rsplit("-", 1)[1])


# Pause and resume

def test_a_pause_holds_on_all_replicas_and_across_a_restart_of_all(world, orders, billing, search):
    replicas = three_replicas(world)
    orders.publish(60)
    billing.has_taken(60)

    paused = world.fanfare("pause", "billing", "--as", "alice", "--reason", "their database moves")
    assert "3 replicas have taken it" in paused.output
    orders.publish(60)
    search.has_taken(120)
    restarts(replicas)
    orders.publish(60)
    search.has_taken(180)
    assert billing.summary()["attempts"] == 60
    for replica in replicas:
        replica.logs("paused")

    assert "3 replicas have taken it" in world.fanfare("resume", "billing").output
    billing.has_taken(180)
    world.is_settled("billing")
    world.books("billing").balance(duplicates=0)


def test_resume_from_now_leaves_out_what_has_come_meanwhile(world, orders, billing, search):
    world.bridge().starts()
    taken = orders.publish(30)
    billing.has_taken(30)
    world.fanfare("pause", "billing")
    orders.publish(60)
    search.has_taken(90)

    resumed = world.fanfare("resume", "billing", "--from-now", "--output", "json").json
    assert resumed["state"] == "running" and resumed["seek"]["outstanding"] == []
    assert sorted(resumed["seek"]["offsets"].values()) == [15] * 6
    taken += orders.publish(30)
    billing.has_taken(60)
    world.is_settled("billing")
    assert billing.delivered() == dict.fromkeys(taken, 1)


def test_a_pause_outlives_an_edit_of_the_manifest_and_its_removal(world, orders, billing, search):
    bridge = world.bridge().starts()
    world.fanfare("pause", "billing")
    orders.subscribe("billing", billing, description="edited")
    orders.write()
    bridge.logs("topic manifests reloaded")
    orders.unsubscribe("billing")
    orders.write()
    bridge.shows("fanfare_subscription_info", None, subscription="billing")
    orders.subscribe("billing", billing)
    orders.write()
    bridge.shows("fanfare_subscription_info", 1, subscription="billing")

    orders.publish(30)
    search.has_taken(30)
    assert billing.summary()["attempts"] == 0
    world.fanfare("resume", "billing")
    billing.has_taken(30)


# Seek

def test_a_seek_while_it_runs_goes_back_and_forth_by_each_kind_of_place(world, orders, billing, search):
    world.bridge().starts()
    orders.publish(60)
    billing.has_taken(60)
    world.is_settled("billing")

    def seek(to, attempts):
        before = billing.summary()["attempts"]
        sought = world.fanfare("seek", "billing", "--to", to, "--output", "json").json
        assert sought["seek"]["outstanding"] == [] and sought["replicas"] == 1
        billing.has_seen(before + attempts)
        world.is_settled("billing")
        assert billing.summary()["attempts"] == before + attempts, f"after a seek to {to}"

    seek("earliest", 60)
    seek("8", 12)
    seek("0=4,5=9", 6 + 1)
    seek("latest", 0)
    seek("-1h", 0)  # The embedded cluster finds no record by its time.
    assert search.summary()["attempts"] == 60, "the other one stays where it is"

    world.fanfare("pause", "billing")
    orders.publish(60)
    search.has_taken(120)
    seek("latest", 0)
    world.fanfare("resume", "billing")
    last = orders.publish(6)
    billing.has_taken(66)
    assert set(billing.delivered()) == set(orders.published[:60]) | set(last)


def test_a_seek_while_no_bridge_runs_is_carried_out_at_the_start_and_once(world, orders, billing):
    bridge = world.bridge().starts()
    orders.publish(60)
    billing.has_taken(60)
    world.is_settled("billing")
    bridge.stops()

    sought = world.fanfare("seek", "billing", "--to", "6")
    assert "no bridge runs; it holds when one starts; 0 of 6 partitions were moved" in sought.output
    assert [p["goesTo"] for p in status(world, "billing")["partitions"]] == [6] * 6
    bridge.starts()
    billing.has_seen(60 + 24)
    world.is_settled("billing")
    world.wait_until(lambda: all(p["goesTo"] is None for p in status(world, "billing")["partitions"]), "all partitions to be moved")
    bridge.restarts()
    orders.publish(6)
    billing.has_taken(66)
    assert repeated(billing) == {e for e in orders.published if 6 <= offset_of(e) < 10}
    assert billing.summary()["attempts"] == 60 + 24 + 6


def test_a_seek_moves_the_cursors_of_all_replicas(world, orders, billing):
    three_replicas(world)
    orders.publish(60)
    billing.has_taken(60)
    world.is_settled("billing")

    sought = world.fanfare("seek", "billing", "--to", "5").output
    assert "3 replicas have taken it" in sought and "6 of 6 partitions were moved" in sought
    billing.has_seen(60 + 30)
    world.is_settled("billing")
    assert repeated(billing) == {e for e in orders.published if offset_of(e) >= 5}


def test_a_seek_to_a_time_goes_on_with_what_came_since(world, orders, billing):
    orders.partitions = 2
    AdminBroker.serving(world, {"shop.orders": 2, "shop.orders.dead-letter": 1, "fanfare.retry": 2, CONTROL_TOPIC: 1})
    orders.publish(20)
    last = max(record.timestamp for record in world.kafka.consume_all("shop.orders"))
    world.wait_until(lambda: time.time() * 1000 > last + 2, "the clock to go on")
    wanted = orders.publish(20)
    world.bridge_without_broker().starts()
    billing.has_taken(40)
    world.is_settled("billing")

    to = datetime.datetime.fromtimestamp((last + 1) / 1000, datetime.timezone.utc).isoformat(timespec="milliseconds")
    world.fanfare("seek", "billing", "--to", to)
    billing.has_seen(40 + 20)
    world.is_settled("billing")
    assert repeated(billing) == set(wanted)


def test_a_replica_that_dies_before_it_notes_a_move_leaves_it_to_be_repeated_once(world, orders, billing):
    """Cursors and the control topic are different places in Kafka: nothing writes both at once."""
    orders.partitions = 2
    bridge = world.bridge().starts()
    orders.publish(20)
    billing.has_taken(20)
    world.is_settled("billing")

    # While it stands still, so that it meets the fault with the move's note and not before.
    bridge.process.freeze()
    world.fanfare("seek", "billing", "--to", "4", "--as", "alice", "--wait", "0")
    world.broker.command("error Produce NOT_ENOUGH_REPLICAS 100000")
    bridge.process.thaw()
    billing.has_seen(20 + 12)
    world.is_settled("billing")
    bridge.is_killed()
    world.broker.command("heal Produce")
    assert [p["goesTo"] for p in status(world, "billing")["partitions"]] == [4, 4], "nothing says that they were moved"

    bridge.starts()
    billing.has_seen(20 + 2 * 12)
    world.is_settled("billing")
    world.wait_until(lambda: not any(p["goesTo"] for p in status(world, "billing")["partitions"]), "the move to be noted")
    moves = [line for line in bridge.process.log.read_text().splitlines() if "a seek has moved its cursor" in line]
    assert len(moves) == 4 and all("subscription=billing" in line and "offset=4" in line for line in moves), moves

    bridge.restarts()
    orders.publish(2)
    billing.has_taken(22)
    assert billing.summary()["attempts"] == 20 + 2 * 12 + 2
    assert billing.delivered() == {e: 3 if 4 <= offset_of(e) < 10 else 1 for e in orders.published}


@pytest.mark.parametrize("to, complaint", [
    ("1000", "goes from 0 to 10; 1000 is outside"), ("6=0", "there is no partition 6, only 0, 1, 2, 3, 4, 5"), ("yesterday", "--to"),
])
def test_a_seek_to_nowhere_is_refused(world, orders, billing, to, complaint):
    world.starts_broker()
    orders.publish(60)
    refused = world.fanfare("seek", "billing", "--to", to, expect=64 if to == "yesterday" else 1)
    assert complaint in refused.errors
    assert status(world, "billing")["seek"] is None


# Suspension

def test_a_410_suspends_on_all_replicas_and_across_restarts_until_it_is_resumed(world, orders, billing, search):
    replicas = three_replicas(world)
    billing.behaves(status=410)
    orders.publish_record(b"{}", partition=0)
    for replica in replicas:
        replica.shows("fanfare_suspended", 1, subscription="billing")
    world.wait_until(lambda: "suspension/billing" in records(world), "the suspension to be written")
    restarts(replicas)
    for replica in replicas:
        replica.shows("fanfare_suspended", 1, subscription="billing")
    orders.publish(60)
    search.has_taken(61)
    assert billing.summary()["attempts"] == 1
    shown = status(world, "billing")
    assert shown["state"] == "suspended" and "410" in shown["suspension"]["reason"] and shown["suspension"]["by"].startswith("fanfare@")

    billing.behaves(status=204)
    world.fanfare("resume", "billing")
    billing.has_taken(61)
    for replica in replicas:
        replica.shows("fanfare_suspended", 0, subscription="billing")
    assert status(world, "billing")["state"] == "running"


@pytest.mark.parametrize("running", [True, False])
def test_an_edit_of_the_manifest_lifts_a_suspension_for_good(world, orders, billing, running):
    bridge = world.bridge().starts()
    billing.behaves(status=410)
    orders.publish_record(b"{}", partition=0)
    world.wait_until(lambda: records(world).get("suspension/billing"), "the suspension to be written")
    billing.behaves(status=204)
    if not running:
        bridge.stops()
    orders.subscribe("billing", billing, description="we talked to them")
    orders.write()
    if not running:
        bridge.starts()
    billing.has_taken(1)
    world.wait_until(lambda: records(world)["suspension/billing"]["suspended"] is False, "the suspension to be lifted")

    # As it was when it was suspended.
    orders.subscribe("billing", billing)
    orders.write()
    bridge.restarts()
    orders.publish(6)
    billing.has_taken(7)


def test_a_suspension_outlives_the_rotation_of_a_secret(world, orders, billing, search):
    bridge = world.bridge().starts()
    billing.behaves(status=410)
    orders.publish_record(b"{}", partition=0)
    world.wait_until(lambda: records(world).get("suspension/billing"), "the suspension to be written")
    orders.subscribe("billing", billing, signing={"secrets": [search.secret]})
    orders.write()
    bridge.logs("topic manifests reloaded")
    bridge.restarts()
    bridge.shows("fanfare_suspended", 1, subscription="billing")
    orders.publish(6)
    search.has_taken(7)
    assert billing.summary()["attempts"] == 1


# What commands show

def test_who_did_what_when_and_why_is_shown(world, orders, billing, search):
    orders.subscribe("billing", billing, owner="team-billing")
    world.bridge().starts()
    orders.publish(60)
    billing.has_taken(60)
    world.is_settled("billing")
    world.fanfare("pause", "billing", "--as", "alice@ops", "--reason", "maintenance")
    world.fanfare("seek", "billing", "--to", "0=3", "--as", "bob", "--reason", "a bad batch")
    orders.publish(6)
    search.has_taken(66)

    when = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    (shown, other) = world.fanfare("subscriptions", "--output", "json").json
    assert shown == status(world, "billing")
    assert {shown[key] for key in ("name", "topic", "owner", "state")} == {"billing", "shop.orders", "team-billing", "paused"}
    assert shown["lag"] == 6 + 7 and shown["suspension"] is None
    assert shown["partitions"][0] == {"partition": 0, "cursor": 3, "end": 11, "lag": 8, "goesTo": None}
    assert {**shown["pause"], "at": re.fullmatch(when, shown["pause"]["at"])[0]} == {
        "paused": True, "by": "alice@ops", "at": shown["pause"]["at"], "reason": "maintenance"}
    assert (shown["seek"]["to"], shown["seek"]["by"], shown["seek"]["reason"]) == ("0=3", "bob", "a bad batch")
    assert other["name"] == "search" and other["state"] == "running" and other["pause"] is None and other["seek"] is None

    table = world.fanfare("subscriptions").output.splitlines()
    assert table[0].split() == ["SUBSCRIPTION", "TOPIC", "STATE", "LAG", "SINCE", "BY", "REASON"]
    assert re.fullmatch(rf"billing +shop.orders +paused +13 +{when} +alice@ops +maintenance", table[1])
    text = world.fanfare("subscriptions", "billing").output
    assert re.search(rf"paused by alice@ops on {when}: maintenance", text) and re.search(rf"sent to 0=3 by bob on {when}: a bad batch", text)

    assert world.fanfare("resume", "billing").output == "billing is resumed: 1 replica has taken it\n"
    assert world.fanfare("resume", "billing").output == "billing was running already: 1 replica has taken it\n"
    mine = status(world, "billing")["pause"]
    assert mine["paused"] is False and "@" in mine["by"] and mine["reason"] == ""


def test_a_name_that_is_not_known_is_answered_with_the_nearest_one(world, orders, billing):
    world.starts_broker()
    for command in ("pause biling", "resume biling", "seek biling --to earliest", "subscriptions biling", "subscriptions pause biling"):
        refused = world.fanfare(*command.split(), expect=1)
        assert 'there is no subscription biling; did you mean "billing"?' in refused.errors
    assert not world.kafka.consume_all(CONTROL_TOPIC)


def test_a_replica_that_died_is_named_once(world, orders, billing):
    replicas = three_replicas(world)
    replicas[0].is_killed()

    paused = world.fanfare("pause", "billing", "--wait", "3s")
    assert "2 replicas have taken it" in paused.output and "has not answered" in paused.errors
    assert world.fanfare("resume", "billing", "--output", "json").json == {
        "subscription": "billing", "state": "running", "replicas": 2, "silent": []}


def test_a_replica_that_was_taken_for_dead_says_that_it_lives(world, orders, billing):
    bridge = world.bridge().starts()
    bridge.process.freeze()
    assert "no bridge runs" in world.fanfare("pause", "billing", "--wait", "1s").output
    bridge.process.thaw()
    orders.publish(6)
    world.wait_until(lambda: any(v for k, v in records(world).items() if k.startswith("replica/")), "the replica to announce itself")
    assert "1 replica has taken it" in world.fanfare("resume", "billing").output
    billing.has_taken(6)


# The topic itself

def test_records_that_cannot_be_read_are_passed_over_and_said(world, orders, billing, search):
    world.starts_broker()
    world.kafka.publish(CONTROL_TOPIC, [
        (0, b"pause/billing", b'{"paused": true, "by": "alice", "at": "2026-05-01T08:00:00Z", "until": "later"}', None),
        (0, b"pause/search", b"not JSON", None), (0, b"seek/search", b'{"id": 1}', None), (0, b"subscription/x", b"{}", None),
        (0, None, b"{}", None), (0, b"\xff", b"{}", None), (0, b"pause/other", None, None)])
    bridge = world.bridge().starts()

    orders.publish(12)
    search.has_taken(12)
    assert billing.summary()["attempts"] == 0
    bridge.logs("pause/search: not JSON")
    bridge.logs("seek/search: id is no string")


def test_without_a_control_topic_it_waits_and_says_what_to_do(world, orders, billing):
    orders.partitions = 2
    world.configure(kafka={
        "bootstrapServers": world.kafka.properties["bootstrap.servers"],
        "properties": {"session.timeout.ms": 6000, "topic.metadata.propagation.max.ms": 1000, "topic.metadata.refresh.interval.ms": 1000}})
    broker = AdminBroker(world)
    broker.creates_nothing_by_itself()
    broker.creates("shop.orders", 2)
    broker.creates("fanfare.retry", 2)
    orders.publish(6)
    bridge = world.bridge_without_broker().starts(ready=False)
    bridge.logs(f"the control topic {CONTROL_TOPIC} does not exist yet: create it with `fanfare apply`")
    assert "create it with `fanfare apply`" in world.fanfare("pause", "billing", expect=1).errors
    assert billing.summary()["attempts"] == 0

    broker.creates(CONTROL_TOPIC, 1, cleanup_policy="compact")
    bridge.is_ready()
    billing.has_taken(6)


def test_nothing_is_delivered_while_the_control_topic_cannot_be_read(world, orders, billing):
    broker = world.starts_broker()
    orders.publish(6)
    broker.command(f"topic-error {CONTROL_TOPIC} TOPIC_AUTHORIZATION_FAILED")
    bridge = world.bridge().starts(ready=False)
    wait_until(lambda: f"control topic {CONTROL_TOPIC} cannot be used" in bridge.get("/readyz")[1], "the bridge to say what it waits for",
               details=lambda: bridge.get("/readyz"))
    assert billing.summary()["attempts"] == 0

    broker.command(f"topic-error {CONTROL_TOPIC} NO_ERROR")
    bridge.is_ready()
    billing.has_taken(6)


# The log

def test_the_level_of_the_log_changes_on_all_replicas_for_a_while_and_lines_say_which_event(world, orders, billing):
    orders.subscribe("refusing", world.endpoint("refusing", status=422))
    world.starts_broker()
    replicas = starts([world.bridge_without_broker(name) for name in ("first", "second")])

    def lines(text):
        return [line for replica in replicas for line in replica.process.log.read_text().splitlines() if text in line]

    asked = world.fanfare("log-level", "debug", "--for", "1h", "--as", "alice", "--reason", "they miss events")
    assert "from debug on until" in asked.output and "2 replicas have taken it" in asked.output
    for replica in replicas:
        replica.logs("log level level=debug")
        replica.logs('by=alice level=debug reason="they miss events"')
    ids = set(orders.publish(60))
    billing.has_taken(60)
    wait_until(lambda: lines(" warning dead-lettered "), "a dead letter to be told of")
    for told in (lines(" debug attempt "), lines(" warning dead-lettered ")):
        assert told and {re.search(r" event=(\S+)", line)[1] for line in told} <= ids
    assert any("outcome=success" in line and "status=204" in line and "subscription=billing" in line for line in lines(" debug attempt "))

    assert "as they are configured" in world.fanfare("log-level", "configured").output
    told = len(lines(" debug "))
    orders.publish(60)
    billing.has_taken(120)
    assert len(lines(" debug ")) == told

    world.fanfare("log-level", "error", "--for", "1s")
    for replica in replicas:
        replica.logs("error log level level=error")
        wait_until(lambda: replica.process.log.read_text().count("log level level=info") == 2, "the change to end by itself")
    assert world.fanfare("log-level").output == "replicas log from info on, as they are configured\n"
    for wrong in (["loud"], ["debug", "--for", "2d"]):
        assert world.fanfare("log-level", *wrong, expect=64).errors
