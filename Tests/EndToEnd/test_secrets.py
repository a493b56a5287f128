"""Secrets stay where they are: canaries are planted everywhere, and everything that comes out is searched for them."""

import base64
import json
import os
import re
import urllib.request

import pytest
import yaml

from harness.process import Process
from harness.waiting import accepts


class Canaries:
    """Secrets that can be told wherever they turn up."""

    def __init__(self):
        self.planted = {}

    def plant(self, name, prefix="", suffix=""):
        """A text of 24 bytes, which is base64 as well."""
        self.planted[name] = "Canary" + base64.b64encode(os.urandom(18), b"xx").decode()[:18]
        return prefix + self.planted[name] + suffix

    def plant_secret(self, name):
        text = base64.b64encode(os.urandom(32)).decode()
        self.planted[name] = text[:40]
        return "whsec_" + text

    def know(self, name, text):
        self.planted[name] = text
        return text

    def are_absent(self, where, text):
        if isinstance(text, bytes):
            text = text.decode(errors="replace")
        seen = [name for name, canary in self.planted.items() if canary in text]
        assert not seen, f"{where} shows {', '.join(seen)}:\n{text[-3000:]}"


@pytest.fixture
def canaries():
    return Canaries()


def cmdline(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read()


def test_no_secret_comes_out_anywhere(world, canaries):
    secrets = world.folder / "secrets"
    secrets.mkdir()

    def file(name, text):
        (secrets / name).write_text(text + "\n")
        return f"${{file:{secrets / name}}}"

    world.fanfare("keys", "new", "--kind", "ed25519", "--out", secrets / "key", config=False)
    canaries.know("the private key", (secrets / "key").read_text().strip()[5:80])
    variables = {name: canaries.plant(f"the variable {name}") for name in ("HEADER", "HOOK_PATH", "BODY", "REGISTRY", "OVERLAID")}
    world.configure(
        logging={"level": "trace"},
        kafka={"bootstrapServers": world.kafka.properties["bootstrap.servers"], "properties": {
            "session.timeout.ms": 4500, "heartbeat.interval.ms": 500, "fetch.wait.max.ms": 20, "sasl.username": "fanfare",
            "sasl.password": canaries.plant("sasl.password"), "ssl.key.password": canaries.plant("ssl.key.password")}},
        schemaRegistry={"url": f"http://127.0.0.1:{world.endpoint_where_nothing_listens('registry').port}",
                        "basic": {"username": "fanfare", "password": "${REGISTRY}"}},
        defaults={"headers": {"X-Auth-Token": canaries.plant("a header in clear in defaults")}})

    orders, framed = world.topic("shop.orders", partitions=1), world.topic("shop.framed")
    works = world.endpoint("works", keep=True)
    fails, refuses, gone = world.endpoint("fails", fail=1.0), world.endpoint("refuses", fail=1.0, fail_status=400), world.endpoint_where_nothing_listens("gone")
    retried = world.endpoint("retried", fail_first=1)
    for hook in (works, fails, refuses, retried):
        hook.behaves(secrets=[])
    keys = {"keys": [file("key", (secrets / "key").read_text().strip())]}
    planted = {
        "headers": {"Authorization": "Bearer ${HEADER}", "X-Innocent": file("header", canaries.plant("a header's file")),
                    "X-Api-Key": canaries.plant("a header in clear")},
        "signing": {"secrets": [file("standard", canaries.plant_secret("a secret's file")), canaries.plant_secret("a secret in clear")], **keys},
    }
    # Paths and queries hold capabilities too; this server knows its endpoints by their paths alone.
    token = canaries.plant("an endpoint's query")
    for name, hook, more in [
        ("works", works, {"payload": {"format": "raw", "template": '{"text": "{{data.n}} ${BODY}"}'}}),
        ("fails", fails, {"retry": {"schedule": ["100ms", "1s"], "jitter": 0}}),
        ("refuses", refuses, {"signing": {"scheme": "github", "secrets": [file("github", canaries.plant("github's secret"))]}}),
        ("retried", retried, {"signing": {"scheme": "stripe", "secrets": [file("stripe", canaries.plant("stripe's secret"))]}}),
        ("gone", gone, {}),
    ]:
        orders.subscribe(name, hook, **{**planted, **more})
        orders.subscriptions[name]["endpoint"] = f"{hook.url}?token={token}"
    framed.subscribe("framed", world.endpoint_where_nothing_listens("framed"), **planted)
    framed.subscriptions["framed"]["endpoint"] += "/${HOOK_PATH}"

    overlaid = "kafka.properties.ssl.keystore.password"
    bridge = world.bridge().starts(
        words=["--set", f"{overlaid}={variables['OVERLAID']}"], FANFARE_DEFAULTS_HEADERS_COOKIE=canaries.plant("a variable of Fanfare"), **variables)
    canaries.are_absent("the process's command line", cmdline(bridge.process.pid))
    assert overlaid.encode() in cmdline(bridge.process.pid), "what is no secret is still seen"
    orders.publish(3)
    framed.publish_record(b"\x00\x00\x00\x00\x07rest")
    works.has_taken(3)
    for hook in (fails, refuses):
        world.wait_until(lambda hook=hook: len(world.dead_letters(orders, hook.name)) >= 3, f"dead letters of {hook.name}")
    (secrets / "standard").write_text(canaries.plant_secret("the next secret") + "\n")
    bridge.logs("a signing secret was replaced")
    (secrets / "standard").write_text(canaries.plant("a secret that is broken", "whsec_"))
    bridge.logs("the old ones stay in force")

    arrival = works.arrivals()[0]
    assert variables["HEADER"] in arrival.headers["authorization"] and variables["BODY"] in arrival.body.decode(), "the canaries live"

    # All that a bridge says.
    for path in ("/", "/metrics", "/livez", "/readyz", "/api/v1/subscriptions", "/api/v1/topics", "/api/v1/configuration", "/api/v1/nothing", *(
            f"/api/v1/subscriptions/{name}" for name in [*orders.subscriptions, "framed", "nobody"])):
        status, text = bridge.get(path)
        assert status != 0
        canaries.are_absent(path, text)
    assert "refused" in bridge.get("/api/v1/configuration")[1], "the broken secret is told"
    with urllib.request.urlopen(bridge.ops + "/api/v1/events", timeout=30) as stream:
        canaries.are_absent("the stream of events", stream.readline() + stream.readline())
    for topic in ("shop.orders", "shop.framed"):
        question = json.dumps({"topic": topic, "value": '{"n": 1}'}).encode()
        with urllib.request.urlopen(urllib.request.Request(bridge.ops + "/api/v1/explain", question, {"Content-Type": "application/json"}), timeout=30) as answer:
            explained = answer.read().decode()
        canaries.are_absent("an explanation", explained)
        assert '"webhook-signature":"***"' in explained and not re.search("(v1a?,|v1=|sha256=)[A-Za-z0-9+/]{20}", explained), "who may look cannot sign"
    for topic in ("shop.orders.dead-letter", "fanfare.retry", "fanfare.control"):
        for record in world.kafka.consume_all(topic):
            canaries.are_absent(f"a record of {topic}", repr(record))

    # All that commands say, right configuration and wrong.
    (world.folder / "event.json").write_text('{"n": 1}')
    config = world.write_config("commands")

    def says(*words, expect=(0,)):
        for output in ((), ("--output", "json")):
            done = world.fanfare_with(variables, *words, *output, "--config", config)
            assert done.status in expect, f"{words} ended with {done.status}: {done}"
            canaries.are_absent(f"fanfare {' '.join(map(str, words))}", done.text)
        return done

    wrong = says("check", expect=(78,))
    assert "signing.secrets[0]" in wrong.output, "the broken secret is named"
    says("check", "--print", expect=(78,))
    (secrets / "standard").write_text(canaries.plant_secret("a secret that is right again") + "\n")
    says("check")
    printed = says("check", "--print").json
    shown = printed["topics"][str(orders.file)]["subscriptions"]["works"]
    assert shown["headers"]["Authorization"] == "***${HEADER}" and printed["configuration"]["kafka"]["properties"]["sasl.password"] == "***"
    says("explain", "--topic", "shop.orders", world.folder / "event.json")
    says("explain", "--topic", "shop.framed", world.folder / "event.json")
    says("subscriptions")
    says("subscriptions", "works")
    for command in (["dlq", "list"], ["dlq", "show", "--limit", "3"]):
        says(*command, "--topic", "shop.orders", expect=(0, 1, 64))
    exported = world.fanfare_with(variables, "dlq", "export", "--topic", "shop.orders", "--config", config)
    canaries.are_absent("dlq export", exported.text)
    for document in ("openapi", "asyncapi"):
        canaries.are_absent(document, world.fanfare_with(variables, "schema", document, "--config", config).text)
    for words in (["apply", "--dry-run"], ["pause", "works", "--reason", "canaries"], ["resume", "works"], ["keys", "rotate", secrets / "standard"]):
        flags = [] if words[0] == "keys" else ["--config", config]
        canaries.are_absent(words[0], world.fanfare_with(variables, *words, *flags).text)
    canaries.know("the rotated secret", (secrets / "standard").read_text().split()[0][6:40])
    world.wait_until(lambda: bridge.process.log.read_text().count("topic manifests reloaded") >= 2, "the rotated secret to be taken")
    bridge.stops()
    canaries.are_absent("the log", bridge.process.log.read_text())


def test_secrets_in_wrong_places_are_not_repeated(world, canaries):
    """What is refused is often a secret in the wrong place."""
    orders = world.topic("shop.orders")
    hook = world.endpoint_where_nothing_listens("hook")
    wrong = {
        "endpoint": canaries.plant("an endpoint's user", "https://", "@example.com/"),
        "signing": canaries.plant("a secret for signing", "whsec_"),
        "headers": {"Authorization": canaries.plant("a header with a line break") + "\n"},
    }
    for number, (key, value) in enumerate(wrong.items()):
        orders.subscribe(f"s{number}", hook)
        orders.subscriptions[f"s{number}"][key] = value
    for number, signing in enumerate([
        {"secrets": [canaries.plant("no prefix")]}, {"secrets": [canaries.plant("a key as a secret", "whsk_")]},
        {"keys": [canaries.plant("a secret as a key", "whsec_")]}, {"keys": [canaries.plant("a broken key", "whsk_")]},
        {"scheme": "github", "secrets": [canaries.plant("two words", "whpk_")]},
    ]):
        orders.subscribe(f"w{number}", hook, signing=signing)
    world.configure(ops={"tokens": {"viewer": [canaries.plant("a viewer's token")]}},
                    schemaRegistry={"url": canaries.plant("the registry's user", "https://", ":x@example.com")})
    for output in ("text", "json"):
        done = world.fanfare("check", "--output", output, expect=78)
        canaries.are_absent("check", done.text)
    done = world.fanfare("serve", expect=78)
    canaries.are_absent("serve", done.text)
    problems = world.fanfare("check", "--output", "json", expect=78).json["problems"]
    assert {f"subscriptions.{name}" for name in orders.subscriptions} <= {".".join(p["path"].split(".")[:2]) for p in problems}


def test_secrets_among_arguments_are_blanked_out(world, canaries):
    hook = world.endpoint_where_nothing_listens("hook")
    listening = world.started(Process(
        "listen", [world.program, "listen", "--port", hook.port, "--secret", canaries.plant_secret("--secret"),
                   "--secret=" + canaries.plant_secret("--secret=")], world.folder / "listen.log"))
    world.wait_until(lambda: accepts(hook.port), "it to listen")
    canaries.are_absent("the command line", cmdline(listening.pid))
    assert f"--port\0{hook.port}\0--secret\0***".encode() in cmdline(listening.pid)


def test_what_is_printed_is_what_takes_effect(world):
    orders = world.topic("shop.orders")
    orders.subscribe("billing", world.endpoint_where_nothing_listens("billing"), delivery={"timeout": "9s"})
    world.configure(defaults={"delivery": {"maxInFlight": 7}})
    printed = world.fanfare("check", "--print", "--set", "limits.shards=3", "--output", "json").json
    billing = printed["topics"][str(orders.file)]["subscriptions"]["billing"]
    assert billing["delivery"]["timeout"] == "9s" and billing["delivery"]["maxInFlight"] == 7 and billing["retry"]["giveUpAfter"] == "3d"
    assert billing["signing"]["secrets"] == ["***"]
    assert printed["configuration"]["limits"]["shards"] == "3" and printed["configuration"]["commitInterval"] == "100ms"
    text = world.fanfare("check", "--print").output
    documents = list(yaml.safe_load_all(text))
    assert documents[1]["subscriptions"]["billing"]["delivery"] == billing["delivery"] and json.dumps(documents)
