"""The commands that are not `serve`."""

import json
from datetime import datetime, timezone

import pytest
from standardwebhooks.webhooks import Webhook

from harness.endpoints import new_secret


def test_version_and_help(world):
    assert world.fanfare("--version", config=False).output.strip()
    text = world.fanfare("--help", config=False).output
    for command in ("serve", "check", "publish", "verify", "explain", "dlq", "broker", "demo", "listen"):
        assert command in text
        assert f"fanfare {command}" in world.fanfare(command, "--help", config=False).output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completions(world, shell):
    assert "fanfare" in world.fanfare("--generate-completion-script", shell, config=False).output


def test_wrong_usage_is_told_apart_from_wrong_configuration(world):
    world.fanfare("serv", config=False, expect=64)
    world.fanfare("check", "--no-such-flag", config=False, expect=64)
    world.fanfare("check", "--config", world.folder / "absent.yaml", config=False, expect=78)


def test_verify_tells_good_signatures_from_bad_ones(world):
    secret, body, now = new_secret(), '{"order": "ünï"}', datetime.now(timezone.utc)
    signature = Webhook(secret).sign("msg-1", now, body)
    words = ["verify", "--secret", secret, "--id", "msg-1", "--timestamp", str(int(now.timestamp())), "--signature"]

    world.fanfare(*words, signature, stdin=body.encode(), config=False)
    world.fanfare(*words, f"v1,AAAA {signature}", stdin=body.encode(), config=False)
    world.fanfare(*words, signature, stdin=body.encode() + b" ", config=False, expect=1)
    world.fanfare(*words, signature.replace("v1,", "v2,"), stdin=body.encode(), config=False, expect=1)
    file = world.folder / "body.json"
    file.write_text(body)
    world.fanfare(*words, signature, file, config=False)


def test_publish_produces_one_event_per_line(world):
    orders = world.topic("shop.orders", partitions=2)
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    world.starts_broker()
    event = {"specversion": "1.0", "id": "e-1", "type": "order.created", "source": "/shop", "data": {"n": 1}}
    lines = [json.dumps(event), '{"n": 2}', '"three"']
    world.fanfare("publish", "--topic", "shop.orders", stdin="\n".join(lines).encode())

    records = world.kafka.consume_all("shop.orders")
    assert len(records) == 3
    world.bridge().starts()
    billing.has_taken(3)
    assert "e-1" in billing.delivered()


def test_dlq_list_shows_the_dead_letters(world):
    orders = world.topic("shop.orders", partitions=2)
    orders.subscribe("billing", world.endpoint("billing", status=422))
    orders.subscribe("shipping", world.endpoint("shipping", status=400))
    world.bridge().starts()
    orders.publish(3)
    world.wait_until(lambda: len(world.dead_letters(orders)) == 6, "six dead letters")

    listed = world.fanfare("dlq", "list", "--topic", "shop.orders", "--output", "json").json
    assert len(listed) == 6
    mine = world.fanfare("dlq", "list", "--topic", "shop.orders", "--subscription", "billing", "--output", "json").json
    assert len(mine) == 3 and all("422" in json.dumps(letter) for letter in mine)
    text = world.fanfare("dlq", "list", "--topic", "shop.orders").output
    assert "billing" in text and "shipping" in text and "422" in text


def test_explain_says_who_would_get_an_event_and_what(world):
    orders = world.topic("shop.orders", event={"type": {"pointer": "/type"}})
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing, headers={"X-Environment": "test"})
    orders.subscribe("shipping", world.endpoint("shipping"), filters=[{"exact": {"type": "order.shipped"}}])

    text = world.fanfare("explain", "--topic", "shop.orders", "--key", "order-7", stdin=b'{"type": "order.created"}').output
    assert billing.url in text and "X-Environment" in text
    assert "shipping" in text and "order.shipped" in text, "why it does not match"
    assert billing.secret not in text
    explained = world.fanfare("explain", "--topic", "shop.orders", "--output", "json", stdin=b'{"type": "order.shipped"}').json
    assert "shipping" in json.dumps(explained)
    assert billing.summary()["attempts"] == 0, "explaining is not sending"


def test_metrics_and_probes(world):
    orders = world.topic("shop.orders", partitions=2)
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing)
    bridge = world.bridge().starts()
    orders.publish(100)
    billing.has_taken(100)
    world.is_settled("billing")

    for name, value in {
        "fanfare_deliveries_total": 100, "fanfare_attempts_total": 100, "fanfare_attempt_duration_seconds_count": 100,
        "fanfare_events_routed_total": 100, "fanfare_lag_records": 0, "fanfare_in_flight": 0, "fanfare_circuit_state": 0,
    }.items():
        bridge.shows(name, value, subscription="billing")
    bridge.shows("fanfare_records_consumed_total", 100)
    bridge.shows("fanfare_build_info", 1)
    assert billing.secret not in bridge.get("/metrics")[1]
    assert billing.secret not in bridge.process.log.read_text()
    assert bridge.get("/livez")[0] == 200
    assert bridge.get("/no-such-page")[0] == 404
