"""Processes that stand still for a while and know nothing of it: a debugger, a frozen virtual machine, a full disk's host."""

import time

import pytest

from harness.load import Load

SESSION = 4.5  # seconds; World.write_config sets it
MAX_IN_FLIGHT = 8


def settings(world, **properties):
    """The usual properties, but for these."""
    usual = {"session.timeout.ms": round(SESSION * 1000), "heartbeat.interval.ms": 500, "fetch.wait.max.ms": 20}
    world.configure(kafka={"bootstrapServers": world.kafka.properties["bootstrap.servers"], "properties": {**usual, **properties}})


class Standstill:
    """What may be repeated because a process was stopped: what had arrived by then and no committed cursor covered."""

    def __init__(self, endpoint, cursors):
        self.endpoint = endpoint
        self.cursors = cursors
        self.arrived = {event for arrival in endpoint.arrivals() for event in arrival.ids}

    def may_repeat(self, event):
        _, partition, offset = event.rsplit("-", 2)
        return event in self.arrived and not self.cursors[int(partition)].covers(int(offset))

    def check_repeated(self):
        repeated = {event for event, times in self.endpoint.delivered().items() if times > 1}
        wrong = {event for event in repeated if not self.may_repeat(event)}
        assert not wrong, f"{len(wrong)} of {len(repeated)} repeated deliveries were settled, or first made by the new owner: {sorted(wrong)[:5]}"
        return len(repeated)


def freezes(world, replica, billing):
    """With requests in flight whose answers come while it stands still, and with no commit on its way.

    (A commit that had left the engine and not the machine may take a cursor back: docs/GUARANTEES.md has that case.)
    """
    billing.behaves(delay=SESSION)
    seen = []

    def all_in_flight_hang():
        seen.append(billing.summary()["attempts"])
        return seen[-2:-1] == seen[-1:]

    world.wait_until(all_in_flight_hang, "all requests to hang", every=1)
    replica.process.freeze()
    billing.behaves(delay=0)
    return Standstill(billing, world.cursors("billing"))


def test_a_replica_that_stood_still_lets_others_go_on_and_undoes_nothing(world):
    """It wakes up with partitions that are somebody else's, with answers in its sockets and with events in its queues."""
    orders = world.topic("shop.orders", partitions=8)
    billing = world.endpoint("billing", delay=0.05)
    orders.subscribe("billing", billing, delivery={"maxInFlight": MAX_IN_FLIGHT})
    first = world.bridge("first").starts(ready=False)
    second = world.bridge("second").starts(ready=False)
    first.is_ready()
    second.is_ready()

    with world.watches("billing"):
        orders.publish(4000)
        for replica in (first, second):
            world.wait_until(lambda: (replica.metric("fanfare_deliveries_total", subscription="billing") or 0) > 50,
                             f"{replica.name} to deliver")
        standstill = freezes(world, first, billing)

        billing.has_taken(4000, timeout=90)
        orders.publish(400)
        billing.has_taken(4400)
        world.is_settled("billing")
        first.process.thaw()

        # While it finds out, new events come.
        orders.publish(400)
        first.logs("the group went on without")
        billing.has_taken(4800)
        world.is_settled("billing")
    world.books("billing").balance(duplicates=2 * MAX_IN_FLIGHT)
    standstill.check_repeated()


@pytest.mark.parametrize("seconds", [3, 10])
def test_a_standstill_shorter_than_the_session_changes_nothing(world, seconds):
    """From half a session on the group is asked first whether it went on."""
    session = 16
    settings(world, **{"session.timeout.ms": session * 1000})
    # A second one may still be on its way into the group, which does not wait for who stands still then.
    world.configure(limits={"shards": 1})
    orders = world.topic("shop.orders", partitions=4)
    billing = world.endpoint("billing", delay=0.02)
    orders.subscribe("billing", billing)
    bridge = world.bridge().starts()

    with world.watches("billing"), Load(orders, 200):
        billing.has_taken(200)
        bridge.process.freeze()
        time.sleep(seconds)
        bridge.process.thaw()
        billing.has_taken(len(orders.published) + 200)
    billing.has_taken(len(orders.published))
    world.is_settled("billing")
    world.books("billing").balance(duplicates=0)
    if seconds > session / 2:
        assert bridge.process.says("asking the group")
    assert not bridge.process.says("partitions lost") and not bridge.process.says("partitions move")


def test_the_only_replica_standing_still_beyond_its_session_goes_on_by_itself(world):
    orders = world.topic("shop.orders", partitions=4)
    billing = world.endpoint("billing", delay=0.05)
    orders.subscribe("billing", billing, delivery={"maxInFlight": MAX_IN_FLIGHT})
    bridge = world.bridge().starts()

    with world.watches("billing"):
        orders.publish(2000)
        billing.has_taken(200)
        standstill = freezes(world, bridge, billing)
        time.sleep(2 * SESSION)
        bridge.process.thaw()
        billing.has_taken(2000)
        world.is_settled("billing")
        orders.publish(200)
        billing.has_taken(2200)
        world.is_settled("billing")
    world.books("billing").balance(duplicates=2 * MAX_IN_FLIGHT)
    standstill.check_repeated()
    bridge.is_ready()


def test_a_broker_that_stands_still_is_waited_for(world):
    """Its sockets stay open and say nothing: nobody is told that it is away."""
    settings(world, **{"socket.timeout.ms": 10_000})
    # One member, whose group is at rest: the embedded cluster never answers those who were joining when their session ended.
    world.configure(limits={"shards": 1})
    orders = world.topic("shop.orders", partitions=4)
    billing = world.endpoint("billing", delay=0.05)
    flaky = world.endpoint("flaky", fail_first=1, fail_status=503, delay=0.05)
    orders.subscribe("billing", billing, delivery={"maxInFlight": MAX_IN_FLIGHT})
    orders.subscribe("flaky", flaky, retry={"schedule": ["3s", "3s"], "jitter": 0}, diversion={"burst": 1000})
    bridge = world.bridge().starts()
    orders.publish(400)
    billing.has_taken(50)

    with world.watches("billing"):
        cursors = world.cursors("billing")
        world.broker.process.freeze()
        bridge.is_not_ready()
        bridge.logs("the Kafka cluster does not answer")
        time.sleep(SESSION)
        standstill = Standstill(billing, cursors)
        world.broker.process.thaw()

        bridge.is_ready()
        for endpoint in (billing, flaky):
            endpoint.has_taken(400)
        world.is_settled("billing")
        world.is_settled("flaky")
    world.books("billing").balance(duplicates=400)
    standstill.check_repeated()
    # Each event may come again from its topic and, by what the retry topic held of it, once more.
    world.books("flaky").balance(duplicates=2 * 400)
