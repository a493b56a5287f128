"""The broker comes late, goes away, and comes back."""

import time


def test_without_a_broker_the_bridge_waits_calmly_and_begins_when_it_comes(world):
    orders = world.topic("shop.orders", partitions=2)
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    bridge = world.bridge_without_broker().starts(ready=False)
    world.wait_until(lambda: bridge.get("/livez")[0] == 200, "the bridge to live", details=lambda: str(bridge.get("/livez")))
    assert bridge.get("/readyz")[0] == 503

    used = bridge.process.processor_seconds()
    time.sleep(3)
    used = bridge.process.processor_seconds() - used
    assert used < 0.5, f"{used:.2f} s of processor time in 3 s of waiting"
    assert bridge.get("/readyz")[0] == 503

    world.starts_broker()
    bridge.is_ready()
    orders.publish(100)
    billing.has_taken(100)
    world.is_settled("billing")
    world.books("billing").balance()


def test_the_program_asks_a_replica_whether_it_is_ready_and_why_it_is_not(world):
    """For health checks, where there may be no other program than this one."""
    world.topic("shop.orders", partitions=2).subscribe("billing", world.endpoint("billing"))
    bridge = world.bridge_without_broker().starts(ready=False)

    def asks(*words, expect=0):
        return world.fanfare("ready", *words, "--config", bridge.config, config=False, expect=expect)

    # Where the bridge listens it says itself.
    world.wait_until(lambda: bridge.get("/livez")[0] == 200, "the bridge to live", details=lambda: str(bridge.get("/livez")))
    assert asks("--live").output == "live\n"
    refusal = asks(expect=1)
    assert refusal.output == bridge.get("/readyz")[1] and refusal.output.startswith("not ready\n- ") and not refusal.errors
    assert asks("--output", "json", expect=1).json == {"ready": False, "reasons": [line[2:] for line in refusal.output.splitlines()[1:]]}

    world.starts_broker()
    assert asks("--wait", "40s").output == "ready\n"
    by_variable = world.fanfare_with({"FANFARE_URL": bridge.ops + "/"}, "ready", "--output", "json")
    assert (by_variable.status, by_variable.json) == (0, {"ready": True, "reasons": []})
    port = bridge.ops.rpartition(":")[2]
    assert asks("--set", f"ops.listen=0.0.0.0:{port}").output == "ready\n"

    assert "answers 404: is --url right?" in asks("--url", bridge.ops + "/api", expect=1).output
    assert "name the replica with --url" in asks("--set", "ops.listen=127.0.0.1:0", expect=1).errors
    assert asks("--url", "localhost:8080", expect=64).errors
    bridge.stops()
    assert "does not answer" in asks(expect=1).output


def test_a_broker_that_goes_away_for_a_while_costs_no_event(world):
    orders = world.topic("shop.orders", partitions=4)
    billing = world.endpoint("billing", delay=0.02)
    orders.subscribe("billing", billing, delivery={"maxInFlight": 16})
    bridge = world.bridge().starts()
    orders.publish(5000)
    billing.has_taken(1000)

    world.broker.goes_down()
    bridge.is_not_ready()
    bridge.shows("fanfare_ready", 0)
    world.broker.comes_back()

    bridge.is_ready()
    bridge.shows("fanfare_ready", 1)
    billing.has_taken(5000)
    world.is_settled("billing")
    # The broker may have taken the partitions away meanwhile; then what was settled since the last commit, within the
    # time that the bridge went on delivering from memory, is sent again. Losing is never allowed.
    books = world.books("billing")
    books.balance(duplicates=4000)
    assert bridge.process.popen.poll() is None


def test_the_broker_being_away_while_a_delivery_fails_loses_nothing(world):
    orders = world.topic("shop.orders", partitions=2)
    billing = world.endpoint("billing", fail_first=1, delay=0.5, fail_status=500)
    orders.subscribe("billing", billing, retry={"schedule": ["3s"], "jitter": 0})
    bridge = world.bridge().starts()
    orders.publish(20)
    billing.has_seen(1)

    # The failures that come back now have no retry topic to go to.
    world.broker.goes_down()
    bridge.is_not_ready()
    world.broker.comes_back()

    billing.has_taken(20)
    world.is_settled("billing")
    world.books("billing").balance(duplicates=20)


def test_requests_that_the_broker_fails_are_repeated(world):
    """Kafka's numbers: 0 Produce, 8 OffsetCommit; 7 request timed out, 14 coordinator loading, 6 not leader."""
    orders = world.topic("shop.orders", partitions=2)
    billing = world.endpoint("billing", fail_first=1, fail_status=500)
    orders.subscribe("billing", billing, retry={"schedule": ["3s"], "jitter": 0})
    world.bridge().starts()
    world.broker.command("error 8 14 3")
    orders.publish(20)
    world.broker.command("error 0 7 2")

    billing.has_taken(20)
    world.is_settled("billing")
    world.books("billing").balance()


def test_a_slow_broker_is_only_slow(world):
    orders = world.topic("shop.orders", partitions=2)
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    world.bridge().starts()
    world.broker.command("rtt 200")
    orders.publish(500)

    billing.has_taken(500)
    world.is_settled("billing")
    world.books("billing").balance()


def test_a_bridge_that_never_got_its_partitions_stops_well(world):
    """Debian 12's librdkafka aborts when a member is destroyed between JoinGroup's and SyncGroup's answer (its issue 4312)."""
    world.topic("shop.orders", partitions=2).subscribe("billing", world.endpoint("billing"))
    world.starts_broker()
    world.broker.command("error 14 27 1000")  # SyncGroup: rebalance in progress
    bridge = world.bridge().starts(ready=False)
    world.wait_until(lambda: bridge.get("/livez")[0] == 200, "the bridge to live")
    # Nothing shows from outside that JoinGroup was answered; the embedded cluster takes 3.5 s for that.
    time.sleep(5)
    assert bridge.get("/readyz")[0] == 503
    bridge.stops()


def test_topics_that_are_made_anew_are_read_from_their_beginning(world):
    """A cluster that comes back empty: the cursors stand behind the end of every log."""
    orders = world.topic("shop.orders", partitions=2)
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    bridge = world.bridge().starts()
    orders.publish(1000)
    billing.has_taken(1000)
    world.is_settled("billing")

    world.broker.process.kill()
    bridge.is_not_ready()
    world.starts_broker()
    bridge.is_ready()
    orders.publish(200)
    # Their ids are those of the first ones, because the offsets are.
    billing.has_seen(1200, timeout=90)
    bridge.shows("fanfare_lag_records", 0, subscription="billing")
