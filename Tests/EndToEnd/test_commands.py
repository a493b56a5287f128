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
    assert "redrive" in world.fanfare("--generate-completion-script", shell, config=False).output, "commands inside commands too"


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


def test_verify_says_why_not(world):
    secret, now = new_secret(), datetime.now(timezone.utc)
    signature = Webhook(secret).sign("msg-1", now, "body")
    words = ["verify", "--secret", secret, "--id", "msg-1", "--signature", signature, "--timestamp"]
    stamp = str(int(now.timestamp()))

    assert world.fanfare(*words, stamp, stdin=b"body", config=False).output == "ok\n"
    assert "line break" in world.fanfare(*words, stamp, stdin=b"body\n", config=False, expect=1).output
    old = now.replace(year=now.year - 1)
    words[words.index(signature)] = Webhook(secret).sign("msg-1", old, "body")
    stamp = str(int(old.timestamp()))
    assert "too old" in world.fanfare(*words, stamp, stdin=b"body", config=False, expect=1).output
    world.fanfare(*words, stamp, "--ignore-age", stdin=b"body", config=False)
    assert world.fanfare(*words, stamp, "--output", "json", stdin=b"body", config=False, expect=1).json["ok"] is False
    words[2] = "whsec_short"
    refused = world.fanfare(*words, stamp, stdin=b"body", config=False, expect=64)
    assert "--secret" in refused.errors and "short" not in refused.errors


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


def test_publish_names_the_lines_that_it_leaves_out(world):
    world.topic("shop.orders", partitions=2)
    world.starts_broker()
    text = b'{"n": 1}\r\n\n  \n{"n": \n[2]'
    done = world.fanfare("publish", "--topic", "shop.orders", "--key", "k", "--header", "a=b=c", stdin=text, expect=1)

    assert "line 4: not JSON" in done.errors and "2 events published" in done.errors and "1 failed" in done.errors
    records = world.kafka.consume_all("shop.orders")
    assert sorted(r.value for r in records) == [b"[2]", b'{"n": 1}']
    assert all(r.key == b"k" and r.headers == [("a", b"b=c")] for r in records) and len({r.partition for r in records}) == 1
    world.fanfare("publish", "--topic", "shop.orders", world.folder / "absent", expect=1)
    world.fanfare("publish", "--topic", "shop.orders", "--header", "nonsense", expect=64)


def test_publish_takes_the_key_from_an_attribute_where_it_is_asked_to(world):
    world.topic("shop.orders")
    world.starts_broker()
    event = {"specversion": "1.0", "id": "1", "source": "/", "type": "a"}
    lines = [json.dumps(line) for line in ({**event, "partitionkey": "order\u00e9"}, {**event, "partitionkey": 7}, event, {"partitionkey": "no event"})]
    publish = ["publish", "--topic", "shop.orders", "--key", "k"]
    world.fanfare(*publish, "--key-from", "partitionkey", stdin="\n".join(lines).encode())
    assert [record.key for record in world.kafka.consume_all("shop.orders")] == ["order\u00e9".encode(), b"7", b"k", b"k"]
    world.fanfare(*publish, "--key-from", "partition key", stdin=b"1", expect=64)


def test_publish_makes_load(world):
    world.topic("shop.orders", partitions=2)
    world.starts_broker()
    world.fanfare("publish", "--topic", "shop.orders", "--size", 400, "--repeat", 1000)
    records = world.kafka.consume_all("shop.orders")
    assert len(records) == 1000 and {len(r.value) for r in records} == {400}
    assert {json.loads(r.value)["n"] for r in records} == set(range(1, 1001))
    world.fanfare("publish", "--topic", "shop.orders", "--repeat", 3, stdin=b"1\n2\n")
    assert len(world.kafka.consume_all("shop.orders")) == 1006


def test_publish_gives_up_on_a_cluster_that_is_silent(world):
    world.topic("shop.orders")
    refused = world.fanfare("publish", "--topic", "shop.orders", stdin=b"1", expect=1)
    assert f"127.0.0.1:{world.broker_port}" in refused.errors
    broker = world.starts_broker()
    broker.command("error Produce REQUEST_TIMED_OUT 100000")
    refused = world.fanfare("publish", "--topic", "shop.orders", "--timeout", "2s", stdin=b"1", expect=1)
    assert "acknowledged nothing for 2s" in refused.errors


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
    assert {letter["source"]["topic"] for letter in listed} == {"shop.orders"}
    assert {f"{s['topic']}-{s['partition']}-{s['offset']}" for s in (letter["source"] for letter in mine)} == set(orders.published)
    assert all((letter["kind"], letter["status"], letter["attempts"]) == ("http", 422, 1) for letter in mine)

    def count(*words, topic="shop.orders"):
        return len(world.fanfare("dlq", "list", "--topic", topic, *words, "--output", "json").json)

    assert count(topic="shop.orders.dead-letter") == 6, "a dead-letter topic itself"
    assert (count("--kind", "http"), count("--kind", "timeout"), count("--limit", 2)) == (6, 0, 2)
    assert (count("--since", "1h"), count("--since", "2100-01-01T00:00:00Z")) == (6, 0)
    newest = world.fanfare("dlq", "list", "--topic", "shop.orders", "--limit", 1, "--output", "json").json
    assert newest == listed[-1:]
    assert "no.such.topic.dead-letter" in world.fanfare("dlq", "list", "--topic", "no.such.topic", expect=1).errors
    world.fanfare("dlq", "list", "--topic", "shop.orders", "--kind", "nonsense", expect=64)


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


def test_explained_requests_are_those_that_are_sent(world):
    orders = world.topic("shop.orders", event={"type": {"pointer": "/type"}})
    billing = world.endpoint("billing", keep=True)
    orders.subscribe("billing", billing, headers={"X-Environment": "test", "Authorization": "Bearer hush"})
    orders.subscribe("shipping", world.endpoint("shipping"), filters=[{"exact": {"type": "order.shipped"}}], enabled=False)
    orders.subscribe("search", world.endpoint("search"), payload={"format": "raw"}, batch={"maxEvents": 5})
    event = {"specversion": "1.0", "id": "e 1", "type": "order.shipped", "source": "/shop", "loud": True, "data": {"n": 1}}
    words = ["--topic", "shop.orders", "--header", "traceparent=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]

    explained = world.fanfare("explain", *words, "--output", "json", stdin=json.dumps(event).encode()).json
    assert explained["event"] == {name: value for name, value in event.items() if name != "data"}
    by_name = {s["name"]: s for s in explained["subscriptions"]}
    assert [s["matches"] for s in by_name.values()] == [True, True, True]
    assert any("disabled" in reason for reason in by_name["shipping"]["reasons"])
    request = by_name["billing"]["request"]
    assert (request["method"], request["url"]) == ("POST", billing.url)
    assert request["headers"]["Authorization"] == "***", "secrets are not shown"
    assert Webhook(billing.secret).verify(request["body"], request["headers"]) == event
    assert by_name["search"]["request"]["body"] == '[{"n": 1}]'

    world.bridge().starts()
    world.fanfare("publish", *words, stdin=json.dumps(event).encode())
    billing.has_taken(1)
    (arrival,) = billing.arrivals()
    assert arrival.body.decode() == request["body"]
    shown = {name.lower(): value for name, value in request["headers"].items()}
    connection = {"host", "content-length", "accept-encoding"}
    assert set(shown) == set(arrival.headers) - connection
    changing = {"webhook-timestamp", "webhook-signature", "authorization"}
    assert all(arrival.headers[name] == value for name, value in shown.items() if name not in changing)


def test_explain_says_why_a_record_is_no_event(world):
    orders = world.topic("shop.orders", event={"type": {"pointer": "/type"}})
    orders.subscribe("billing", world.endpoint("billing"))
    refused = world.fanfare("explain", "--topic", "shop.orders", "--output", "json", stdin=b"no JSON", expect=1).json
    assert "/type" in refused["problem"] and refused["subscriptions"][0]["matches"] is False
    assert "shop.orders" in world.fanfare("explain", "--topic", "shop.order", stdin=b"{}", expect=1).errors


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
