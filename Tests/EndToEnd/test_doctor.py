"""`fanfare doctor`: what stands in a bridge's way here, and what to do about it."""

import resource

from harness.admin_broker import AdminBroker
from harness.kafka_gate import KafkaGate
from harness.raw_servers import Certificates, RawServer
from harness.registry import Registry
from harness.waiting import free_port

DAY = 24 * 60 * 60 * 1000
PASSWORD = "correct horse"


def examined(world, expect=0):
    """What was found, by subject, of what is not well."""
    found = world.fanfare("doctor", "--output", "json", expect=expect).json
    statuses = [finding["status"] for finding in found["findings"]]
    assert (found["problems"], found["warnings"]) == (statuses.count("problem"), statuses.count("warning"))
    by_subject = {}
    for finding in found["findings"]:
        by_subject.setdefault(finding["subject"], []).append(finding)
    # Whether something keeps this machine's clock right is not ours to say.
    (clock,) = by_subject.pop("clock")
    assert clock["status"] in ("ok", "warning") and ("help" in clock) == (clock["status"] == "warning")
    return by_subject


def test_topics_that_are_missing_or_forget_too_soon_are_problems_until_they_are_mended(world):
    broker = AdminBroker(world)
    manifest = {"partitions": 3, "replicationFactor": 1, "config": {"retention.ms": 2 * DAY}}
    orders = world.topic("shop.orders", kafka=manifest)
    orders.subscribe("billing", world.endpoint_where_nothing_listens("billing"), retry={"giveUpAfter": "3d"})
    broker.creates("shop.orders", 2, **{"retention.ms": 2 * DAY})

    found = examined(world, expect=1)
    assert [f["status"] for f in found["kafka"]] == ["ok"]
    missing = {f["message"] for f in found["topics"] if f["status"] == "problem"}
    assert missing == {f"{name} does not exist" for name in ("fanfare.retry", "fanfare.control", "fanfare.receipts", "shop.orders.dead-letter")}
    (smaller,) = (f for f in found["topics"] if f["status"] == "warning")
    assert "partitions 2 -> 3" in smaller["message"] and "fanfare apply" in smaller["help"]
    (short,) = found["retention"]
    assert short["status"] == "problem" and "shop.orders" in short["message"] and "3d" in short["message"]
    assert broker.topics() == {"shop.orders"}, "nothing was created"

    manifest["config"]["retention.ms"] = 7 * DAY
    world.fanfare("apply")
    found = examined(world)
    # Secrets of tests stand in clear in their manifests.
    assert {f["status"] for f in found.pop("configuration")} == {"warning"}
    assert {f["status"] for findings in found.values() for f in findings} == {"ok"}, found
    assert set(found) == {"kafka", "topics", "retention", "access", "descriptors"}
    text = world.fanfare("doctor").output
    assert text.splitlines()[-1].startswith("0 problems") and "can be read" in text


def test_what_keeps_it_from_the_cluster_is_said_without_secrets(world):
    certificates = Certificates(world.folder / "certificates")
    gate = KafkaGate(world.broker_port, certificates.server("broker"), "fanfare", PASSWORD)
    world.topic("shop.orders").subscribe("billing", world.endpoint_where_nothing_listens("billing"))

    def through(password):
        world.configure(kafka={
            "bootstrapServers": f"127.0.0.1:{gate.port}",
            "properties": {
                "security.protocol": "sasl_ssl", "ssl.ca.location": certificates.authority, "sasl.mechanism": "PLAIN",
                "sasl.username": "fanfare", "sasl.password": password}})

    world.starts_broker()
    through("wrong " + PASSWORD)
    result = world.fanfare("doctor", expect=1)
    assert "problem  kafka" in result.output and "uthentication" in result.output and PASSWORD not in result.text
    assert "descriptors" in result.output, "the rest is looked at all the same"
    gate.close()


def test_too_few_descriptors_are_warned_of(world):
    world.topic("shop.orders").subscribe("billing", world.endpoint_where_nothing_listens("billing"))
    world.starts_broker()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard[1]))
    try:
        found = examined(world)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, hard)
    (descriptors,) = found["descriptors"]
    assert descriptors["status"] == "warning" and "256" in descriptors["message"] and "ulimit -n" in descriptors["help"]
    # The embedded cluster does not show how its topics are set up, and makes them when they are asked for.
    assert {f["status"] for f in found["topics"]} <= {"unknown", "ok"}, found["topics"]


def test_certificates_of_endpoints_are_looked_at_as_manifests_say_whom_to_trust(world):
    certificates = Certificates(world.folder / "certificates")
    orders = world.topic("shop.orders")
    servers = []

    def subscribe(name, context, **tls):
        servers.append(RawServer(tls=context))
        orders.subscriptions[name] = {"endpoint": f"https://127.0.0.1:{servers[-1].port}/{{{{id}}}}", "signing": "none", "tls": tls}

    authority = {"ca": certificates.authority}
    subscribe("good", certificates.server("good", days=300), **authority)
    subscribe("soon", certificates.server("soon", days=5), **authority)
    subscribe("pinned", certificates.server("pinned", days=300), **authority, pins=[certificates.pin("soon")])
    subscribe("expired", certificates.server("expired", begins="20200101000000Z", ends=1600000000), **authority)
    subscribe("untrusted", certificates.server("untrusted", days=300))
    orders.subscriptions["good-too"] = {**orders.subscriptions["good"], "labels": {"tenant": "other"}}
    orders.subscriptions["down"] = {"endpoint": f"https://127.0.0.1:{free_port()}/", "signing": "none"}
    registry = Registry()
    world.configure(schemaRegistry={"url": registry.url})
    world.starts_broker()

    found = examined(world, expect=1)
    endpoints = {f["message"].partition(":")[0]: f for f in found["endpoints"]}
    assert {name: f["status"] for name, f in endpoints.items() if f["status"] != "ok"} == {
        "soon": "warning", "pinned": "problem", "expired": "problem", "untrusted": "problem", "down": "warning"}
    (well,) = (f["message"] for f in found["endpoints"] if f["status"] == "ok")
    assert well.startswith("1 of 6 hosts"), "those of one host are looked at once"
    assert "in 4 days" in endpoints["soon"]["message"] and "refused" in endpoints["down"]["message"]
    assert "tls.pins" in endpoints["pinned"]["message"] and "expired" in endpoints["expired"]["message"]
    assert "not trusted" in endpoints["untrusted"]["message"] or "self-signed" in endpoints["untrusted"]["message"]
    assert not any(server.requests for server in servers), "a handshake, and nothing after it"
    assert [f["status"] for f in found["registry"]] == ["problem"] and "registry" in found["registry"][0]["help"].lower()

    registry.starts()
    world.configure(egress={"allowHTTP": True})
    found = examined(world, expect=1)
    assert [f["status"] for f in found["registry"]] == ["ok"]
    assert {f["status"] for f in found["endpoints"]} == {"problem"} and all("allowPrivate" in f["message"] for f in found["endpoints"])
    for server in servers:
        server.close()
