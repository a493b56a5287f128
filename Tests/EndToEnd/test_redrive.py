"""`fanfare dlq redrive`: dead letters go back to the subscriptions that failed, each once, whatever interrupts it."""

import collections
import json
import os
import signal

import pytest

from harness.admin_broker import AdminBroker
from harness.letters import dead_letter, publish_many
from harness.process import Process


@pytest.fixture
def orders(world):
    return world.topic("shop.orders", partitions=2, event={"id": {"pointer": "/id"}})


def redrive(world, *words, **options):
    return world.fanfare("dlq", "redrive", "--topic", "shop.orders", *words, "--output", "json", **options).json


def listed(world, *words):
    return world.fanfare("dlq", "list", "--topic", "shop.orders", *words, "--output", "json").json


def letters(count, **fields):
    """Spread over both partitions."""
    return (dead_letter("billing", offset=n, partition=n % 2, value=json.dumps({"id": f"o-{n}"}), **fields) for n in range(count))


def test_a_bad_deploy_rejected_everything_and_is_repaired(world, orders):
    """The whole way: the bridge gives up, a command counts, another sends again."""
    billing = world.endpoint("billing", status=422, keep=True)
    orders.subscribe("billing", billing, diversion={"burst": 1000})
    world.bridge().starts()
    for n in range(20):
        orders.publish_record(json.dumps({"id": f"o-{n}"}), key=f"order-{n}", partition=n % 2)
    world.is_settled("billing")

    counted = redrive(world, "--dry-run")
    assert (counted["matching"], counted["redriven"], counted["bySubscription"], counted["byKind"]) == (20, 20, {"billing": 20}, {"http": 20})
    assert not world.retries(), "a dry run writes nothing"

    billing.behaves(status=204)
    done = redrive(world)
    assert (done["redriven"], done["complete"], done["refused"]) == (20, True, {})
    billing.has_taken(20)
    again = [arrival for arrival in billing.arrivals() if arrival.accepted]
    assert {arrival.attempt for arrival in again} == {1}, "the schedule begins anew"
    assert all(arrival.verified for arrival in again)
    assert all(retry.text("fanfare-redrives") == "1" and retry.key for retry in world.retries())
    bodies = {}
    for arrival in billing.arrivals():
        bodies.setdefault(arrival.id, set()).add(arrival.body)
    assert len(bodies) == 20 and all(len(same) == 1 for same in bodies.values()), "the same event with the same id and time"

    assert redrive(world)["matching"] == 0, "what was redriven is not redriven again"
    assert len(listed(world)) == 20 and listed(world, "--pending") == []


def test_an_old_event_that_fails_again_is_retried_and_not_expired(world, orders):
    """`giveUpAfter` counts from the redrive: these events are years old."""
    billing = world.endpoint("billing", fail_first=2)
    orders.subscribe("billing", billing, retry={"schedule": ["1s", "3s"], "jitter": 0, "giveUpAfter": "1h"})
    world.bridge().starts()
    world.kafka.publish(orders.dead_letters, letters(4, kind="expired"))

    assert redrive(world)["redriven"] == 4
    billing.has_taken(4)
    assert len(world.dead_letters(orders)) == 4
    assert {arrival.attempt for arrival in billing.arrivals()} == {1, 2, 3}


def test_one_that_fails_again_and_again_is_refused(world, orders):
    billing = world.endpoint("billing", status=422)
    orders.subscribe("billing", billing)
    world.bridge().starts()
    world.kafka.publish(orders.dead_letters, letters(1))
    for round in (1, 2, 3):
        assert redrive(world)["redriven"] == 1
        world.wait_until(lambda: len(world.dead_letters(orders)) == 1 + round, "the event to fail again")
    assert sorted(letter["redrives"] for letter in listed(world)) == [0, 1, 2, 3]

    refused = redrive(world, expect=1)
    assert (refused["redriven"], refused["refused"]) == (0, {"redrive-loop": 1})
    assert "--force" in world.fanfare("dlq", "redrive", "--topic", "shop.orders", "--dry-run", "--again", expect=1).output
    billing.behaves(status=204)
    assert redrive(world, "--force")["redriven"] == 1
    billing.has_taken(1)
    assert redrive(world, "--force")["redriven"] == 0, "also what is forced is sent once"


def test_only_what_is_selected_is_sent(world, orders):
    for name in ("billing", "search"):
        orders.subscribe(name, world.endpoint(name))
    world.bridge().starts()
    world.kafka.publish(orders.dead_letters, [
        dead_letter("billing", offset=0, key="a", value='{"id": "o-0"}', status=500),
        dead_letter("billing", offset=1, key="b", value='{"id": "o-1"}', status=422),
        dead_letter("search", offset=1, key="b", value='{"id": "o-1"}', status=422),
        dead_letter("search", offset=2, key="c", value='{"id": "o-2"}', kind="timeout"),
        dead_letter("gone", offset=3, key="c", value='{"id": "o-3"}'),
    ])

    def count(*words, expect=0):
        done = redrive(world, "--dry-run", *words, expect=expect)
        return done["redriven"]
    assert count("--kind", "timeout") == count("--status", "5xx") == count("--key", "a") == 1
    assert (count("--event", "o-1"), count("--subscription", "search"), count("--until", "1h")) == (2, 2, 0)
    assert redrive(world, "--dry-run", expect=1)["refused"] == {"removed": 1}

    assert redrive(world, "--event", "o-1", "--subscription", "search")["redriven"] == 1
    world.subscription("search")[1].has_taken(1)
    assert world.subscription("search")[1].delivered() == {"o-1": 1}
    assert world.subscription("billing")[1].summary()["attempts"] == 0


def test_some_first_then_the_rest(world, orders):
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    world.bridge().starts()
    world.kafka.publish(orders.dead_letters, letters(50))

    some = redrive(world, "--limit", 10)
    assert (some["redriven"], some["complete"]) == (10, False)
    billing.has_taken(10)
    assert len(listed(world, "--pending")) == 40
    rest = redrive(world, "--rate", 100)
    assert (rest["redriven"], rest["complete"]) == (40, True)
    billing.has_taken(50)
    assert billing.delivered() == {f"o-{n}": 1 for n in range(50)}
    assert "begun with other options" in world.fanfare(
        "dlq", "redrive", "--topic", "shop.orders", "--key", "k", "--job", rest["job"], expect=1).errors
    assert redrive(world, "--again")["redriven"] == 50


def test_a_limit_holds_also_for_what_is_forced(world, orders):
    """Those that were redriven too often are sent in a second pass."""
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    world.bridge().starts()
    world.kafka.publish(orders.dead_letters, letters(3))
    world.kafka.publish(orders.dead_letters, letters(4, redrives=3))

    assert redrive(world, "--force", "--limit", 5, "--dry-run")["redriven"] == 5
    runs = [redrive(world, "--force", "--limit", limit) for limit in (2, 3, 5)]
    assert [(run["redriven"], run["complete"]) for run in runs] == [(2, False), (3, False), (2, True)]
    assert len(world.retries()) == 7
    billing.has_taken(4)


def test_killed_while_it_goes_past_what_another_killed_run_had_sent(world, orders):
    """Positions do not know of three that the first run sent. The second one sends others and commits before it comes to them."""
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    world.bridge().starts()
    # Some are refused first, and sent by the second run, when their subscription is there.
    world.kafka.publish(orders.dead_letters, [
        dead_letter("late" if n < 3 else "billing", offset=n, value=json.dumps({"id": f"o-{n}"})) for n in range(6)])
    first = redrive(world, expect=1)
    assert (first["redriven"], first["refused"]) == (3, {"removed": 3})
    billing.has_taken(3)
    # As a run that is killed before its first commit leaves it. The last word is one of which the client's zero at the end spoils nothing.
    group, job = f"fanfare._redrive.{first['job']}", first["job"]
    assert sum(world.kafka.ends("fanfare.retry").values()) == 3
    world.kafka.commits(group, orders.dead_letters, {0: 0}, metadata=f"1 end=6 options={job[-8:]} retry=0:0 state=open")

    late = world.endpoint("late")
    orders.subscribe("late", late)
    command = [world.program, "dlq", "redrive", "--topic", "shop.orders", "--rate", 0.25, "--config", world.write_config()]
    process = world.started(Process("the redrive", command, world.folder / "redrive.log"))
    process.expected_to_run = False
    world.wait_until(lambda: world.kafka.committed(group, orders.dead_letters)[0] == 2, "the second run to commit two", details=process.tail, every=0.05)
    process.popen.send_signal(signal.SIGKILL)
    process.popen.wait()

    last = redrive(world)
    assert (last["redriven"], last["foundInRetryTopic"], last["complete"]) == (1, 3, True)
    sent = collections.Counter(retry.source_id for retry in world.retries())
    assert len(sent) == 6 and set(sent.values()) == {1}, sent


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["SIGINT", "SIGKILL"])
def test_interrupted_twice_and_each_is_delivered_once(world, orders, how):
    count = 4_000
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    world.bridge().starts()
    publish_many(world.kafka, orders.dead_letters, letters(count))

    written = lambda: sum(world.kafka.ends("fanfare.retry").values())
    for interruption in (1, 2):
        before = written()
        # Slow enough to be caught in the middle.
        command = [world.program, "dlq", "redrive", "--topic", "shop.orders", "--rate", 1000, "--config", world.write_config()]
        process = world.started(Process("the redrive", command, world.folder / f"redrive-{interruption}.log"))
        process.expected_to_run = False
        world.wait_until(lambda: written() > before + 800, "the redrive to get on", details=process.tail, every=0.01)
        process.popen.send_signal(how)
        status = process.popen.wait()
        assert status == (1 if how == signal.SIGINT else -signal.SIGKILL), process.tail()
        assert not process.says("Fatal")

    last = redrive(world)
    assert last["complete"] and 0 < last["redriven"] < count
    billing.has_taken(count)
    assert billing.summary()["deliveries"] == count, "each once"
    assert redrive(world)["matching"] == 0


def test_a_hundred_thousand_are_sent_once_though_it_is_killed_and_interrupted(world, orders):
    """How many that is: $FANFARE_DEAD_LETTERS. Counted in the retry topic, of a broker that keeps them all."""
    count = int(os.environ.get("FANFARE_DEAD_LETTERS", 100_000))
    orders.subscribe("billing", world.endpoint("billing"))
    AdminBroker.serving(world, {"shop.orders": 2, orders.dead_letters: 2, "fanfare.retry": 2, "fanfare.control": 1})
    publish_many(world.kafka, orders.dead_letters, letters(count))

    written = lambda: sum(world.kafka.ends("fanfare.retry").values())
    command = [world.program, "dlq", "redrive", "--topic", "shop.orders", "--config", world.write_config()]
    for how, share in ((signal.SIGKILL, 0.3), (signal.SIGINT, 0.6)):
        process = world.started(Process("the redrive", command, world.folder / f"redrive-{how.name}.log"))
        process.expected_to_run = False
        world.wait_until(lambda: written() > share * count, "the redrive to get on", details=process.tail, every=0.01)
        process.popen.send_signal(how)
        assert process.popen.wait() == (1 if how == signal.SIGINT else -signal.SIGKILL), process.tail()
    assert redrive(world)["complete"]

    sent = collections.Counter(retry.source_id for retry in world.retries())
    assert len(sent) == count and set(sent.values()) == {1}


def test_more_partitions_in_a_lane_than_a_jobs_state_has_room_for(world, orders):
    """How far the job has come in each stands in the metadata of one offset."""
    orders.subscribe("billing", world.endpoint("billing"))
    world.configure(retryTopic={"lanes": ["1s"], "partitionsPerLane": 400, "replicationFactor": 1})
    AdminBroker.serving(world, {"shop.orders": 2, orders.dead_letters: 2, "fanfare.retry": 400, "fanfare.control": 1})
    world.kafka.publish(orders.dead_letters, letters(200))
    assert redrive(world)["redriven"] == 200
    ends = world.kafka.ends("fanfare.retry")
    assert sum(ends.values()) == 200 and len([end for end in ends.values() if end]) == 64


def test_what_waits_for_a_bridge_is_delivered_when_there_is_one(world, orders):
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    world.starts_broker()
    world.kafka.publish(orders.dead_letters, letters(100))
    assert redrive(world)["redriven"] == 100
    bridge = world.bridge().starts()
    billing.has_taken(100)
    bridge.restarts()
    assert billing.summary()["deliveries"] == 100


class TestByReference:
    """The value was too large for the dead-letter topic."""

    def test_it_is_read_from_its_source_when_it_is_delivered(self, world, orders):
        # A limit of our own producer: the source has larger records.
        world.configure(kafka={
            "bootstrapServers": world.kafka.properties["bootstrap.servers"],
            "properties": {"session.timeout.ms": 4500, "heartbeat.interval.ms": 500, "message.max.bytes": 20_000}})
        billing = world.endpoint("billing", status=422)
        orders.subscribe("billing", billing)
        world.bridge().starts()
        for n in range(30):
            orders.publish_record(json.dumps({"id": f"o-{n}", "padding": "x" * 50_000}), partition=n % 2)
        world.is_settled("billing")
        assert all(letter["reference"] for letter in listed(world))

        billing.behaves(status=204, fail_first=2, fail_status=503)
        assert redrive(world)["redriven"] == 30
        billing.has_taken(30)
        digests = {}
        for arrival in billing.arrivals():
            digests.setdefault(arrival.id, set()).add(arrival.digest)
        assert len(digests) == 30 and all(len(same) == 1 for same in digests.values()), "the same body as the first time"

    def test_it_is_refused_where_the_source_does_not_have_it_any_more(self, world, orders):
        orders.subscribe("billing", world.endpoint("billing"))
        world.starts_broker()
        # More than the embedded cluster keeps.
        orders.publish(1000, size=15_000)
        world.kafka.publish(orders.dead_letters, [dead_letter("billing", offset=0, value=None, reference=True)])
        assert redrive(world, expect=1)["refused"] == {"source-gone": 1}

    def test_it_is_dead_lettered_where_the_source_went_meanwhile(self, world, orders):
        billing = world.endpoint("billing")
        orders.subscribe("billing", billing)
        world.bridge().starts()
        world.kafka.publish(orders.dead_letters, [dead_letter("billing", offset=5, value=None, reference=True)])
        assert redrive(world)["redriven"] == 1
        world.wait_until(lambda: len(world.dead_letters(orders)) == 2, "the event to be given up")
        last = [letter for letter in world.dead_letters(orders) if letter.text("fanfare-redrives") == "1"][0]
        assert last.kind == "poison" and "its source does not have it" in last.text("fanfare-error-message")
        assert billing.summary()["attempts"] == 0

    @pytest.mark.parametrize("verb", ["redrive", "replay"])
    def test_it_is_not_counted_as_sent_where_retention_is_quicker_than_the_job(self, world, orders, verb):
        """Too large for the retry topic: each is read a second time, one after the other, and meanwhile they are deleted."""
        count = 150
        orders.subscribe("billing", world.endpoint("billing"))
        broker = AdminBroker.serving(
            world, {"shop.orders": 2, orders.dead_letters: 2, "fanfare.retry": 2, "fanfare.control": 1}, message_max_bytes=20_000)
        topic = orders.dead_letters if verb == "redrive" else "shop.orders"
        world.kafka.publish(topic, [dead_letter("billing", offset=n, value=json.dumps({"id": f"o-{n}", "padding": "x" * 50_000})) for n in range(count)])

        what = ["dlq", "redrive", "--topic", "shop.orders"] if verb == "redrive" else ["replay", "--subscription", "billing", "--from", "earliest"]
        process = world.started(Process("the job", [world.program, *what, "--output", "json", "--config", world.write_config()], world.folder / "job.log"))
        process.expected_to_run = False
        world.wait_until(lambda: sum(world.kafka.ends("fanfare.retry").values()), "the first one to be sent", details=process.tail, every=0.01)
        broker.deletes_records(topic, 0, before=count)
        assert process.popen.wait(timeout=60) == {"redrive": 1, "replay": 0}[verb], process.tail()
        (done,) = [json.loads(line) for line in process.log.read_text().splitlines() if line.startswith("{")]
        sent = len(world.retries())
        assert done[{"redrive": "redriven", "replay": "replayed"}[verb]] == sent and done["bySubscription"] == {"billing": sent}
        assert done["refused"] == {"gone": done["matching"] - sent} and done["matching"] > sent, done
