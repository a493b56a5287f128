"""Kafka behind TLS and SASL."""

import pytest

from harness.kafka_gate import KafkaGate
from harness.raw_servers import Certificates

PASSWORD = "correct horse"


@pytest.fixture
def gate(world):
    certificates = Certificates(world.folder / "certificates")
    gate = KafkaGate(world.broker_port, certificates.server("broker"), "fanfare", PASSWORD)
    gate.authority = certificates.authority
    yield gate
    gate.close()


def through(gate, mechanism, password=PASSWORD, **more):
    return {
        "bootstrapServers": f"127.0.0.1:{gate.port}",
        "properties": {
            "session.timeout.ms": 4500, "heartbeat.interval.ms": 500, "fetch.wait.max.ms": 20, "security.protocol": "sasl_ssl",
            "ssl.ca.location": gate.authority, "sasl.mechanism": mechanism, "sasl.username": "fanfare", "sasl.password": password, **more}}


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256"])
def test_events_come_and_dead_letters_go_through_tls_and_sasl(world, gate, mechanism):
    orders = world.topic("shop.orders", partitions=2)
    billing, failing = world.endpoint("billing"), world.endpoint("failing", status=400)
    orders.subscribe("billing", billing)
    orders.subscribe("failing", failing)
    world.configure(kafka=through(gate, mechanism))
    bridge = world.bridge().starts()
    orders.publish(50)

    billing.has_taken(50)
    world.wait_until(lambda: len(world.dead_letters(orders, "failing")) == 50, "the dead letters")
    world.is_settled("billing")
    listed = world.fanfare("dlq", "list", "--topic", "shop.orders", "--output", "json")
    assert "failing" in listed.output
    assert gate.passed and not gate.refused
    assert PASSWORD not in bridge.process.log.read_text() + bridge.get("/metrics")[1] + listed.text


def test_a_wrong_password_or_authority_is_said_and_nothing_is_delivered(world, gate):
    orders = world.topic("shop.orders")
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    world.configure(kafka=through(gate, "PLAIN", password="wrong-" + PASSWORD))
    bridge = world.bridge().starts(ready=False)
    world.wait_until(lambda: gate.refused, "the gate to refuse it")
    bridge.is_not_ready()
    bridge.logs("uthentication")
    assert PASSWORD not in bridge.process.log.read_text()
    bridge.stops()

    world.configure(kafka=through(gate, "PLAIN", **{"ssl.ca.location": "/etc/ssl/certs/ca-certificates.crt"}))
    stranger = world.bridge("stranger").starts(ready=False)
    stranger.logs("certificate")
    assert not gate.passed and not billing.summary()["attempts"]
    stranger.stops()


def test_commands_that_have_done_their_work_end_well_whatever_connections_are_being_made(world, gate):
    """At the end nobody waits for librdkafka's threads, which may be in a TLS handshake."""
    world.topic("shop.orders")
    world.configure(kafka=through(gate, "PLAIN"))
    world.starts_broker()
    world.write_config()
    for _ in range(40):
        world.fanfare("dlq", "list", "--topic", "shop.orders")
