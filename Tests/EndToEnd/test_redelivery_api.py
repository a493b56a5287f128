"""Dead letters, redrives and replays through the ops API: seen by whom they may be, sent once, whatever interrupts it."""

import json

import pytest

from harness.api import ALICE, VIEWER, call
from harness.letters import dead_letter, publish_many


@pytest.fixture
def orders(world):
    world.configure(ops={
        "tokens": {"viewer": [VIEWER], "operator": [{"name": "alice", "token": ALICE}]}, "rateLimit": {"perSecond": 100000, "burst": 100000}})
    orders = world.topic("shop.orders", partitions=2, event={"id": {"pointer": "/id"}})
    orders.subscribe("billing", world.endpoint("billing"))
    return orders


def letters(numbers, **fields):
    """Spread over both partitions."""
    return (dead_letter("billing", offset=n, partition=n % 2, key=f"customer-{n}", value=json.dumps({"id": f"o-{n}"}), **fields) for n in numbers)


def pages(bridge, query):
    """All pieces of the list."""
    found, after = [], ""
    while True:
        status, piece, _ = call(bridge, f"/api/v1/dead-letters?{query}{after}", VIEWER)
        assert status == 200, piece
        found.append(piece["deadLetters"])
        if "next" not in piece:
            return found
        after = f"&after={piece['next']}"


def ends(world, bridge, job, state="done"):
    """The job, once it has ended."""
    path = f"/api/v1/{job['verb']}s/{job['id']}"
    world.wait_until(lambda: call(bridge, path, ALICE)[1]["state"] not in ("running", "elsewhere"), f"{job['id']} to end")
    ended = call(bridge, path, ALICE)[1]
    assert ended["state"] == state, ended
    return ended


def test_dead_letters_are_found_and_only_operators_see_what_they_carry(world, orders):
    bridge = world.bridge().starts()
    publish_many(world.kafka, orders.dead_letters, letters(range(400), status=422))
    world.kafka.publish(orders.dead_letters, [
        dead_letter("search", offset=1000, key="secret-customer", value=b"\x00\xff\x01", kind="timeout", partition=1), dead_letter("billing", offset=1001, value="x" * 300_000)])

    found = pages(bridge, "topic=shop.orders&limit=150")
    everything = [letter for piece in found for letter in piece]
    assert len(everything) == 402 and len({(letter["partition"], letter["offset"]) for letter in everything}) == 402
    assert [len(piece) for piece in found][:2] == [150, 150]
    times = [letter["time"] for letter in everything]
    assert times == sorted(times, reverse=True), "the newest first, over both partitions"
    assert pages(bridge, "topic=shop.orders.dead-letter&limit=500") == pages(bridge, "limit=500"), "all topics are one"

    def ids(query):
        return [letter["event"] for piece in pages(bridge, query) for letter in piece]
    assert sorted(ids("topic=shop.orders&search=O-17%20422")) == sorted(f"o-{n}" for n in [17, *range(170, 180)])
    assert ids("event=o-7&status=4xx&kind=http") == ["o-7"] and ids("event=o-7&status=5xx") == [] and ids("until=1h") == []
    [timed_out] = pages(bridge, "subscription=search")[-1]
    assert (timed_out["kind"], timed_out["message"], timed_out["source"]["offset"]) == ("timeout", "failed: timeout", 1000)
    assert "secret-customer" not in json.dumps(everything)

    at = f"/api/v1/dead-letters/{timed_out['topic']}/{timed_out['partition']}/{timed_out['offset']}"
    status, problem, _ = call(bridge, at, VIEWER)
    assert status == 403 and "may not see what events carry" in problem["detail"]
    whole = call(bridge, at, ALICE)[1]
    assert (whole["key"], whole["payload"]) == ("secret-customer", {"form": "binary", "text": "AP8B", "bytes": 3, "cut": False, "fromSource": False})
    assert {"name": "fanfare-error-kind", "value": "timeout"} in whole["headers"]
    payload = call(bridge, f"/api/v1/dead-letters/{orders.dead_letters}/0/200", ALICE)[1]["payload"]
    assert (payload["form"], payload["bytes"], payload["cut"], len(payload["text"])) == ("text", 300_000, True, 256 << 10)
    # Other topics are none of it.
    orders.publish(2)
    assert [call(bridge, path, ALICE)[0] for path in (
        "/api/v1/dead-letters/shop.orders/0/0", "/api/v1/dead-letters/fanfare.control/0/0", "/api/v1/dead-letters?topic=fanfare.control",
        f"/api/v1/dead-letters/{orders.dead_letters}/0/100000", f"/api/v1/dead-letters/{orders.dead_letters}/9/0")] == [404] * 5


def test_those_that_are_selected_are_redriven_and_it_is_known_who_did(world, orders):
    billing = world.subscription("billing")[1]
    first, second = world.bridge("first").starts(), world.bridge("second").starts()
    world.kafka.publish(orders.dead_letters, [*letters(range(10), kind="timeout"), *letters(range(10, 40))])
    timeouts = {"topic": "shop.orders", "kind": "timeout"}
    assert call(first, "/api/v1/redrives", VIEWER, timeouts)[0] == 403

    status, counted, _ = call(first, "/api/v1/redrives", ALICE, timeouts | {"dryRun": True})
    assert (status, counted["dryRun"]) == (202, True)
    counted = ends(world, first, counted)
    assert (counted["sent"], counted["figures"]["bySubscription"], counted["figures"]["byKind"]) == (10, {"billing": 10}, {"timeout": 10})
    assert not world.retries() and call(second, "/api/v1/redrives", ALICE)[1]["jobs"] == [], "a dry run writes nothing"

    wanted = [letter for letter in pages(first, "kind=timeout")[0] if letter["event"] in ("o-3", "o-8")]
    places = [f"{letter['topic']}/{letter['partition']}/{letter['offset']}" for letter in wanted]
    status, job, _ = call(first, "/api/v1/redrives", ALICE, {"topic": "shop.orders", "places": places, "reason": "they asked"})
    assert (status, job["by"], job["reason"], job["request"]["places"]) == (202, "alice@127.0.0.1", "they asked", places)
    assert ends(world, first, job)["sent"] == 2
    billing.has_taken(2)
    assert billing.delivered() == {"o-3": 1, "o-8": 1}
    # On the other replica, which did not run it, and to somebody who may not see what was asked for.
    world.wait_until(lambda: call(second, f"/api/v1/redrives/{job['id']}", VIEWER)[1]["state"] == "done", "the other replica to hear of it")
    told = call(second, f"/api/v1/redrives/{job['id']}", VIEWER)[1]
    assert (told["by"], told["reason"], told["sent"]) == ("alice@127.0.0.1", "they asked", 2) and "request" not in told
    assert call(second, f"/api/v1/redrives/{job['id']}/stop", ALICE, {})[0] == 409

    # The rest is stopped in its midst through the other replica, and goes on there.
    rest = {"topic": "shop.orders", "kind": "http"}
    job = call(first, "/api/v1/redrives", ALICE, rest | {"rate": 5})[1]
    assert call(first, "/api/v1/redrives", ALICE, rest)[0] == 409
    world.wait_until(lambda: billing.delivered().get("o-10"), "the redrive to get on")
    assert call(second, "/api/v1/redrives", ALICE, rest)[0] == 409, "one process at a time works on it"
    assert call(second, f"/api/v1/redrives/{job['id']}/stop", ALICE, {"reason": "too soon"})[1]["stop"]["reason"] == "too soon"
    stopped = ends(world, first, job, "stopped")
    assert 0 < stopped["sent"] < 30 and stopped["stop"]["by"] == "alice@127.0.0.1"
    done = ends(world, second, call(second, "/api/v1/redrives", ALICE, rest)[1])
    assert stopped["sent"] + done["sent"] == 30
    billing.has_taken(32)
    assert billing.delivered() == {f"o-{n}": 1 for n in (3, 8, *range(10, 40))}
    # The command knows it as the same job.
    assert world.fanfare("dlq", "redrive", "--topic", "shop.orders", "--kind", "http", "--output", "json").json["matching"] == 0

    # A range of the topic goes to one subscription again; a second time only if that is said.
    orders.publish_record(json.dumps({"id": "live"}))
    world.wait_until(lambda: billing.delivered().get("live"), "the event to be delivered")
    again = {"subscription": "billing", "from": "earliest", "to": "1", "reason": "they lost it"}
    assert ends(world, first, call(first, "/api/v1/replays", ALICE, again)[1])["sent"] == 1
    world.wait_until(lambda: billing.delivered()["live"] == 2, "the replay to be delivered")
    assert call(first, "/api/v1/replays", ALICE, again)[0] == 409
    assert call(first, "/api/v1/replays", ALICE, again | {"subscription": "nobody"})[0] == 404
    assert ends(world, first, call(first, "/api/v1/replays", ALICE, again | {"again": True, "dryRun": True})[1])["sent"] == 1


def test_a_job_outlives_the_replica_that_runs_it(world, orders):
    count = 1_500
    billing = world.subscription("billing")[1]
    bridge, other = world.bridge().starts(), world.bridge("other").starts()
    publish_many(world.kafka, orders.dead_letters, letters(range(count)))
    wanted = {"topic": "shop.orders", "subscription": "billing", "reason": "repaired"}
    job = call(bridge, "/api/v1/redrives", ALICE, wanted | {"rate": 200})[1]

    def told():
        """What another replica says of all jobs."""
        return [job["state"] for job in call(other, "/api/v1/redrives", VIEWER)[1]["jobs"]]
    world.wait_until(lambda: told() == ["elsewhere"], "the other replica to hear of it", details=told)
    world.wait_until(lambda: sum(world.kafka.ends("fanfare.retry").values()) > 300, "the redrive to get on", every=0.01)
    assert told() == ["elsewhere"], "who works on it lives"
    bridge.is_killed()
    # It was seen alive a moment ago, and is taken for that for three seconds.
    world.wait_until(lambda: told() == ["interrupted"], "the other replica to know that nobody works on it", timeout=15, details=told)
    other.stops()
    bridge.starts()
    path = f"/api/v1/redrives/{job['id']}"
    world.wait_until(lambda: call(bridge, path, ALICE)[1].get("state") == "interrupted", "the new process to know of it")
    left = call(bridge, path, ALICE)[1]
    assert 0 < left["left"] < count and (left["by"], left["reason"]) == ("alice@127.0.0.1", "repaired")
    done = ends(world, bridge, call(bridge, "/api/v1/redrives", ALICE, wanted)[1])
    assert 0 < done["sent"] < count
    billing.has_taken(count)
    # The bridge may have put some off since; those it writes itself.
    sent = [retry.source_id for retry in world.retries() if "fanfare-job" in retry.headers]
    assert len(sent) == len(set(sent)) == count, "each was sent once"
