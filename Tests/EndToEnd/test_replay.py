"""`fanfare replay`: one subscription gets a range of its topic again, and nothing else changes."""

import datetime
import json
import signal
import time

import pytest

from harness.process import Process


@pytest.fixture
def orders(world):
    """Forty orders over two partitions, of which billing gets the paid ones and search all."""
    orders = world.topic("shop.orders", partitions=2, event={"id": {"pointer": "/id"}, "type": {"pointer": "/type"}})
    orders.subscribe("billing", world.endpoint("billing", keep=True), filters=[{"exact": {"type": "paid"}}])
    orders.subscribe("search", world.endpoint("search", keep=True), batch={"maxEvents": 10, "maxWait": "100ms"})
    return orders


@pytest.fixture
def billing(world, orders):
    return world.subscription("billing")[1]


@pytest.fixture
def search(world, orders):
    return world.subscription("search")[1]


def publish(orders, start, count):
    """Every other one is paid; of each partition, too."""
    orders.publish_records(
        (n % 2, f"customer-{n % 4}", json.dumps({"id": f"o-{n}", "type": "paid" if n % 4 < 2 else "open"}), None) for n in range(start, start + count))


def replay(world, *words, subscription="billing", **options):
    return world.fanfare("replay", "--subscription", subscription, *words, "--output", "json", **options).json


def replayed(endpoint):
    """How often each event came with the header."""
    counts = {}
    for arrival in endpoint.arrivals():
        if "fanfare-replay" in arrival.headers:
            for event in arrival.ids:
                counts[event] = counts.get(event, 0) + 1
    return counts


def paid(numbers):
    return {f"o-{n}": 1 for n in numbers if n % 4 < 2}


def test_a_range_of_offsets_goes_to_one_subscription_and_its_cursor_stays(world, orders, billing, search):
    world.bridge().starts()
    publish(orders, 0, 40)
    for name in ("billing", "search"):
        world.is_settled(name)
    before = {name: world.committed(name, orders) for name in ("billing", "search")}
    attempts = search.summary()["attempts"]

    counted = replay(world, "--from", 5, "--to", 15, "--dry-run")
    assert (counted["matching"], counted["replayed"], counted["dryRun"]) == (10, 10, True)
    assert not world.retries()
    done = replay(world, "--from", 5, "--to", 15)
    assert (done["replayed"], done["complete"]) == (10, True)

    billing.has_seen(20 + 10)
    assert replayed(billing) == paid(range(10, 30)), "what is at --to is not among them; the filters apply"
    again = [arrival for arrival in billing.arrivals() if "fanfare-replay" in arrival.headers]
    assert {arrival.headers["fanfare-replay"] for arrival in again} == {done["job"]}
    first = {arrival.id: arrival.body for arrival in billing.arrivals() if "fanfare-replay" not in arrival.headers}
    assert all(arrival.body == first[arrival.id] and arrival.verified and arrival.attempt == 1 for arrival in again)

    publish(orders, 40, 4)
    billing.has_taken(22)
    assert billing.arrivals()[-1].headers.get("fanfare-replay") is None
    world.is_settled("billing")
    after = world.committed("billing", orders)
    assert all(after[p] == before["billing"][p] + 2 for p in after)
    assert search.summary()["attempts"] <= attempts + 4, "nobody else gets them"

    assert "is complete" in world.fanfare("replay", "--subscription", "billing", "--from", 5, "--to", 15, expect=1).errors
    assert replay(world, "--from", 5, "--to", 15, "--again")["replayed"] == 10


def test_a_range_of_times_a_partition_or_a_key(world, orders, billing):
    world.starts_broker()
    publish(orders, 0, 20)
    last = max(record.timestamp for record in world.kafka.consume_all("shop.orders"))
    world.wait_until(lambda: time.time() * 1000 > last + 2, "the clock to go on")
    middle = datetime.datetime.fromtimestamp((last + 1) / 1000, datetime.timezone.utc).isoformat(timespec="milliseconds")
    publish(orders, 20, 20)

    def count(*words):
        return replay(world, *words, "--dry-run")["replayed"]
    assert (count("--from", "earliest"), count("--from", "1h"), count("--from", "latest")) == (20, 20, 0)
    assert (count("--from", middle), count("--from", "1h", "--to", middle), count("--from", "2h", "--to", "1h")) == (10, 10, 0)
    assert (count("--from", "earliest", "--partition", 0), count("--from", "earliest", "--key", "customer-1")) == (10, 10)
    for wrong in (["--from", "yesterday"], [], ["--from", "1h", "--rate", "0"], ["--from", "1h", "--job", "a b"]):
        world.fanfare("replay", "--subscription", "billing", *wrong, expect=64)
    assert "billing, search" in world.fanfare("replay", "--subscription", "nobody", "--from", "1h", expect=1).errors
    assert "no partition 7" in world.fanfare("replay", "--subscription", "billing", "--from", "1h", "--partition", 7, expect=1).errors


def test_a_batch_is_replayed_or_it_is_not(world, orders, search):
    """While new events come: the header must not be about them."""
    world.bridge().starts()
    publish(orders, 0, 200)
    world.is_settled("search")
    assert replay(world, "--from", "earliest", subscription="search")["replayed"] == 200
    publish(orders, 200, 200)
    search.has_taken(400)
    world.wait_until(lambda: len(replayed(search)) == 200, "all to be replayed")
    assert replayed(search) == {f"o-{n}": 1 for n in range(200)}
    assert search.delivered() == {f"o-{n}": 2 if n < 200 else 1 for n in range(400)}
    assert max(len(a.ids) for a in search.arrivals() if "fanfare-replay" in a.headers) > 1, "replays are batched, too"


def test_a_replay_that_fails_is_retried_and_dead_lettered_as_such(world, orders, billing):
    world.bridge().starts()
    publish(orders, 0, 4)
    world.is_settled("billing")
    billing.behaves(status=422)
    job = replay(world, "--from", "earliest")["job"]
    world.wait_until(lambda: len(world.dead_letters(orders, "billing")) == 2, "both to be given up")
    assert {letter.text("fanfare-replay") for letter in world.dead_letters(orders, "billing")} == {job}
    billing.behaves(status=204)
    assert world.fanfare("dlq", "redrive", "--topic", "shop.orders", "--output", "json").json["redriven"] == 2
    billing.has_seen(2 + 2 + 2)
    assert {arrival.headers.get("fanfare-replay") for arrival in billing.arrivals()[2:]} == {job}


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["SIGINT", "SIGKILL"])
def test_interrupted_and_each_is_replayed_once(world, orders, billing, how):
    count = 6000
    world.starts_broker()
    publish(orders, 0, count)
    written = lambda: sum(world.kafka.ends("fanfare.retry").values())
    command = [world.program, "replay", "--subscription", "billing", "--from", "earliest", "--rate", 1000, "--config", world.write_config()]
    for interruption in (1, 2):
        before = written()
        process = world.started(Process("the replay", command, world.folder / f"replay-{interruption}.log"))
        process.expected_to_run = False
        world.wait_until(lambda: written() > before + 300, "the replay to get on", details=process.tail, every=0.01)
        process.popen.send_signal(how)
        process.popen.wait()
    assert replay(world, "--from", "earliest")["complete"]

    ids = [retry.source_id for retry in world.retries("billing")]
    assert len(ids) == len(set(ids)) == count // 2
