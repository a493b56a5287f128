"""The worlds in which the runbooks' transcripts are true.

Each story is told in the order of its runbook: up to a `yield`, what happens before the next of its blocks. The folder's
`fanfare.yaml` and `fanfare.log` are those of the bridge that is called `fanfare`.
"""

import json
import pathlib
import time

from harness.admin_broker import AdminBroker
from harness.api import call
from harness.raw_servers import Certificates

HOUR = 60 * 60 * 1000
DAY = 24 * HOUR


def story(function):
    function.is_story = True
    return function


def orders_of(world, partitions=2, **manifest):
    return world.topic("shop.orders", partitions=partitions, event={"id": {"pointer": "/id"}, "type": {"pointer": "/type"}}, **manifest)


def event(n):
    return json.dumps({"id": f"o-{n}", "type": "order.created"})


def publish(orders, numbers, timestamp=None):
    orders.publish_records(
        (n % orders.partitions, f"order-{n}", event(n), None, *(timestamp(n) if timestamp else []))
        for n in numbers)


def bridge_of(world):
    """Ends at once when the story does."""
    world.configure(shutdown={"grace": "1s"})
    return world.bridge("fanfare") if world.broker else world.bridge_without_broker("fanfare")


def real_topics(world, orders):
    """A broker that has settings, times and an admin API, with what `fanfare apply` makes there."""
    orders.manifest["kafka"] = {"partitions": orders.partitions, "replicationFactor": 1, "config": {"retention.ms": DAY}}
    # Asks for a topic that is not there at once, and not for half a minute.
    broker = AdminBroker.serving(world, {}, topic_metadata_propagation_max_ms=1000, topic_metadata_refresh_interval_ms=1000)
    broker.creates_nothing_by_itself()
    world.fanfare("apply")
    return broker


def has_cursors(world, subscription):
    """Its beginning is committed, so that commands can tell its lag."""
    topic, _ = world.subscription(subscription)
    world.wait_until(lambda: None not in world.committed(subscription, topic).values(), f"{subscription} to commit where it begins")


@story
def endpoint_down(world):
    orders = orders_of(world)
    billing = world.endpoint_where_nothing_listens("billing")
    orders.subscribe("billing", billing, owner="team-billing")
    world.starts_broker()
    bridge = bridge_of(world).starts()
    publish(orders, range(40))
    bridge.shows("fanfare_circuit_state", 2, subscription="billing")
    has_cursors(world, "billing")
    yield
    billing.comes_up()
    billing.has_taken(40)
    world.is_settled("billing")
    bridge.shows("fanfare_circuit_state", 0, subscription="billing")
    yield


@story
def suspended(world):
    orders = orders_of(world)
    billing = world.endpoint("billing", status=410)
    orders.subscribe("billing", billing)
    world.starts_broker()
    bridge = bridge_of(world).starts()
    publish(orders, range(1))
    bridge.shows("fanfare_suspended", 1, subscription="billing")
    publish(orders, range(1, 40))
    bridge.logs("suspended on all replicas")
    has_cursors(world, "billing")
    yield
    billing.behaves(status=204)
    yield
    billing.has_taken(40)
    world.is_settled("billing")
    yield


@story
def refused(world):
    orders = orders_of(world)
    orders.subscribe("billing", world.endpoint("billing"))
    folder = world.folder / "tenants"
    folder.mkdir()
    world.configure(ops={"subscriptions": {"folder": str(folder)}})
    acme = world.endpoint("acme")
    secret = folder / "acme"
    secret.write_text(acme.secret + "\n")
    world.starts_broker()
    bridge = bridge_of(world).starts()
    definition = {"topic": "shop.orders", "endpoint": acme.url, "signing": {"secrets": ["${file:acme}"]}}
    assert call(bridge, "/api/v1/subscriptions/acme", body=definition, method="PUT")[0] == 201
    bridge.stops()
    secret.unlink()
    bridge.starts()
    bridge.shows("fanfare_subscriptions_refused", 1)
    yield
    secret.write_text(acme.secret + "\n")
    bridge.shows("fanfare_subscriptions_refused", 0)
    yield


@story
def too_slow(world):
    orders = orders_of(world)
    billing = world.endpoint("billing", delay=60)
    orders.subscribe("billing", billing, delivery={"maxInFlight": 4, "timeout": "2m"})
    world.starts_broker()
    bridge = bridge_of(world).starts()
    publish(orders, range(200))
    bridge.shows("fanfare_in_flight", 4, subscription="billing")
    bridge.shows("fanfare_concurrency", 4, subscription="billing")
    has_cursors(world, "billing")
    yield
    orders.subscribe("billing", billing, delivery={"maxInFlight": 64, "timeout": "2m"})
    orders.write()
    bridge.shows("fanfare_in_flight", 64, subscription="billing")
    bridge.shows("fanfare_concurrency", 64, subscription="billing")
    yield


@story
def retention_ends(world):
    orders = orders_of(world, partitions=1)
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    real_topics(world, orders)
    now = int(time.time() * 1000)
    publish(orders, range(40), timestamp=lambda n: [now - 20 * HOUR])
    world.fanfare("pause", "billing", "--as", "alice", "--reason", "their database moves", "--wait", "0")
    bridge = bridge_of(world).starts()
    bridge.logs("less than 20 % of the retention is left")
    ratio = lambda: bridge.metric("fanfare_retention_remaining_ratio", subscription="billing")
    world.wait_until(lambda: ratio() is not None and ratio() < 0.2, "the ratio to be shown")
    yield
    orders.manifest["kafka"]["config"]["retention.ms"] = 14 * DAY
    orders.write()
    yield
    world.wait_until(lambda: ratio() > 0.9, "the settings to be seen", timeout=60)
    yield
    billing.has_taken(40)
    world.is_settled("billing")
    yield


@story
def deleted(world):
    orders = orders_of(world, partitions=1)
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    broker = real_topics(world, orders)
    publish(orders, range(200))
    broker.deletes_records("shop.orders", 0, before=150)
    broker.resets_offsets("fanfare.billing", "shop.orders", to=100)
    bridge = bridge_of(world).starts()
    billing.has_taken(50)
    bridge.shows("fanfare_records_lost_total", 50, subscription="billing")
    yield


@story
def bad_deploy(world):
    orders = orders_of(world, partitions=1)
    billing = world.endpoint("billing", status=422)
    # One after the other, so that the order is always the same.
    orders.subscribe("billing", billing, delivery={"maxInFlight": 1}, diversion={"burst": 1000})
    real_topics(world, orders)
    bridge = bridge_of(world).starts()
    publish(orders, range(30))
    world.is_settled("billing")
    yield
    billing.behaves(status=204)
    yield
    billing.has_taken(10)
    yield
    billing.has_taken(30)
    bridge.shows("fanfare_deliveries_total", 30, subscription="billing")
    yield


@story
def commits_fail(world):
    orders = orders_of(world)
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    broker = world.starts_broker()
    bridge = bridge_of(world).starts()
    broker.command("error OffsetCommit GROUP_AUTHORIZATION_FAILED 100000")
    publish(orders, range(40))
    billing.has_taken(40)
    bridge.logs("a commit failed")
    yield
    broker.command("heal OffsetCommit")
    world.is_settled("billing")
    yield


@story
def not_taken(world):
    orders = orders_of(world, partitions=1)
    billing = world.endpoint("billing", status=422)
    orders.subscribe("billing", billing)
    broker = real_topics(world, orders)
    broker.deletes("shop.orders.dead-letter")
    bridge = bridge_of(world).starts()
    publish(orders, range(1))
    bridge.logs("Kafka does not take a retry or dead-letter record")
    yield
    yield
    bridge.shows("fanfare_dead_letters_total", 1, subscription="billing")
    yield


@story
def not_ready(world):
    orders = orders_of(world)
    orders.subscribe("billing", world.endpoint("billing"))
    broker = real_topics(world, orders)
    broker.deletes("fanfare.control")
    bridge = bridge_of(world).starts(ready=False)
    bridge.logs("does not exist yet")
    yield
    yield
    bridge.is_ready()
    yield


@story
def certificate_ends(world):
    orders = orders_of(world)
    certificates = Certificates(world.folder / "certificates")
    shown = certificates.client("billing", ends=1767225600)
    orders.subscriptions["billing"] = {"endpoint": "https://billing.example.com/", "signing": "none", "auth": {"mtls": shown}}
    world.starts_broker()
    bridge = bridge_of(world).starts()
    yield
    new = certificates.client("new", ends=certificates.LATE)
    for part in ("key", "certificate"):
        pathlib.Path(shown[part]).write_bytes(pathlib.Path(new[part]).read_bytes())
    bridge.logs("topic manifests reloaded")
    yield


@story
def endpoint_was_down(world):
    orders = orders_of(world, partitions=1)
    billing = world.endpoint_where_nothing_listens("billing")
    # Three days, in seconds.
    orders.subscribe("billing", billing, retry={"schedule": ["1s"], "jitter": 0, "giveUpAfter": "3s"})
    real_topics(world, orders)
    bridge_of(world).starts()
    publish(orders, range(3))
    world.wait_until(lambda: len(world.dead_letters(orders)) == 3, "the events to be given up")
    billing.comes_up()
    publish(orders, range(3, 40))
    billing.has_taken(37)
    world.is_settled("billing")
    yield
    yield
    billing.has_taken(40)
    yield


@story
def replay_yesterday(world):
    orders = orders_of(world)
    search = world.endpoint("search")
    orders.subscribe("search", search)
    broker = real_topics(world, orders)
    broker.configures("shop.orders", retention_ms=-1)
    # From the evening of the last of April on, an event every ten minutes.
    start = 1_777_577_400_000
    publish(orders, range(200), timestamp=lambda n: [start + n * HOUR // 6])
    bridge_of(world).starts()
    search.has_taken(200)
    world.is_settled("search")
    yield
    yield
    search.has_seen(200 + 144)
    yield
