"""The ops API: who may ask, what changes, and that it is what its own document says."""

import http.server
import json
import subprocess
import sys
import threading

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from harness.api import ALICE, VIEWER, call
from harness.process import environment
from harness.waiting import PATIENCE


LISTED = {"topic": "shop.orders", "state": "delivering", "circuit": "closed", "lag": 0, "inFlight": 0, "reason": ""}


@pytest.fixture
def secrets(world):
    folder = world.folder / "secrets"
    folder.mkdir()
    (folder / "viewers").write_text(f"# of the dashboard\n{VIEWER}\n")
    (folder / "alice").write_text(ALICE)
    world.configure(ops={
        "tokens": {"viewer": [f"${{file:{folder}/viewers}}"], "operator": [{"name": "alice", "token": f"${{file:{folder}/alice}}"}]},
        "rateLimit": {"perSecond": 100000, "burst": 100000}})
    return folder


@pytest.fixture
def billing(world):
    orders = world.topic("shop.orders", partitions=2)
    billing = world.endpoint("billing")
    orders.subscribe("billing", billing, owner="team-billing")
    for n in range(4):
        orders.subscribe(f"audit-{n}", world.endpoint(f"audit-{n}"), owner="team-audit")
    return billing


# Who may ask

def test_tokens_say_who_may_read_and_who_may_change(world, secrets, billing):
    bridge = world.bridge().starts()
    assert bridge.get("/livez")[0] == bridge.get("/readyz")[0] == 200
    status, problem, headers = call(bridge, "/api/v1/subscriptions")
    assert (status, headers["WWW-Authenticate"], headers["Content-Type"]) == (401, 'Bearer realm="fanfare"', "application/problem+json")
    assert call(bridge, "/metrics")[0] == 401
    assert call(bridge, "/api/v1/subscriptions", VIEWER)[0] == 200
    assert call(bridge, "/api/v1/subscriptions/billing/pause", VIEWER, {})[0] == 403

    status, change, _ = call(bridge, "/api/v1/subscriptions/billing/pause", ALICE, {"reason": "maintenance"})
    assert (status, change["by"], change["reason"], change["replicas"], change["silent"]) == (200, "alice@127.0.0.1", "maintenance", 1, [])
    shown = call(bridge, "/api/v1/subscriptions/billing", VIEWER)[1]
    assert (shown["state"], shown["pause"]["by"], shown["pause"]["reason"]) == ("paused", "alice@127.0.0.1", "maintenance")
    # Who works on Kafka directly sees the same.
    listed = world.fanfare("subscriptions", "billing", "--output", "json").json
    assert (listed["state"], listed["pause"]["by"]) == ("paused", "alice@127.0.0.1")
    for token in (VIEWER, ALICE):
        assert token not in bridge.process.log.read_text() and token not in world.fanfare("check", "--print").text


def test_tokens_in_files_are_reloaded_and_bad_ones_leave_the_old_in_force(world, secrets, billing):
    bridge = world.bridge().starts()
    (secrets / "viewers").write_text(f"{VIEWER}\nanother-viewer-of-the-board\n")
    world.wait_until(lambda: call(bridge, "/api/v1/topics", "another-viewer-of-the-board")[0] == 200, "the new token to be taken")
    assert call(bridge, "/api/v1/topics", VIEWER)[0] == 200
    (secrets / "viewers").write_text("another-viewer-of-the-board\n")
    world.wait_until(lambda: call(bridge, "/api/v1/topics", VIEWER)[0] == 401, "the old token to be refused")
    (secrets / "viewers").write_text("short\n")
    bridge.logs("the old ones stay in force")
    assert call(bridge, "/api/v1/topics", "another-viewer-of-the-board")[0] == 200


# What changes

def test_pause_resume_and_seek_hold_on_all_replicas(world, secrets, billing):
    orders = world.topics["shop.orders"]
    first, second = world.bridge("first").starts(), world.bridge("second").starts()
    orders.publish(20)
    billing.has_taken(20)
    assert call(first, "/api/v1/subscriptions/billing/pause", ALICE, {})[1]["replicas"] == 2
    assert call(second, "/api/v1/subscriptions/billing", VIEWER)[1]["state"] == "paused"
    orders.publish(10)
    assert call(second, "/api/v1/subscriptions/billing/resume", ALICE, {"fromNow": True})[1]["seek"]["to"] == "latest"
    orders.publish(5)
    world.is_settled("billing")
    assert len(billing.delivered()) == 25

    status, change, _ = call(first, "/api/v1/subscriptions/billing/seek", ALICE, {"to": "0=0,1=15", "reason": "again"})
    assert (status, change["seek"]["offsets"]) == (200, {"0": 0, "1": 15})
    world.wait_until(lambda: call(second, "/api/v1/subscriptions/billing", VIEWER)[1]["seek"]["outstanding"] == [], "both cursors to be moved")
    world.is_settled("billing")
    # Those that the resume left out are delivered now, of the first partition.
    assert {f"shop.orders-0-{offset}" for offset in range(18)} <= set(billing.delivered())
    status, problem, _ = call(first, "/api/v1/subscriptions/billing/seek", ALICE, {"to": "1000"})
    assert status == 409 and "1000 is outside" in problem["detail"]
    assert call(first, "/api/v1/subscriptions/unknown/seek", ALICE, {"to": "latest"})[0] == 404


def test_commands_go_through_the_api_with_a_token(world, secrets, billing):
    bridge = world.bridge().starts()

    def fanfare(*words, token="alice", **variables):
        """Without configuration: all that it knows is the API."""
        files = ["--token-file", secrets / token] if token else []
        return world.fanfare_with({"FANFARE_URL": bridge.ops} | variables, *words, *files)

    paused = fanfare("pause", "billing", "--reason", "their database moves")
    assert paused.output == "billing is paused, by alice@127.0.0.1: 1 replica has taken it\n" and not paused.errors
    assert "their database moves" in fanfare("subscriptions", "billing", token="viewers").output
    listed = fanfare("subscriptions", "--output", "json", token=None, FANFARE_TOKEN=VIEWER).json["subscriptions"]
    assert {s["name"]: s["state"] == "paused" for s in listed} == {"billing": True} | {f"audit-{n}": False for n in range(4)}
    assert "2 partitions to latest" in fanfare("resume", "billing", "--from-now").output
    assert "2 partitions to earliest" in fanfare("seek", "billing", "--to", "earliest").output

    assert "from debug on until" in fanfare("log-level", "debug", "--for", "1m").output
    assert call(bridge, "/api/v1/log-level", VIEWER)[1]["change"]["by"].startswith("alice@")
    assert fanfare("log-level", "configured").output == "replicas log from info on, as they are configured\n"

    for refused, why in [
        (fanfare("log-level", "debug", token="viewers"), "403: This token may only read"),
        (fanfare("resume", "billing", token="viewers"), "403: This token may only read"), (fanfare("resume", "billing", token=None), "401: "),
        (fanfare("resume", "biling"), "404: There is no subscription"), (fanfare("seek", "billing", "--to", "77"), "409: partition 0 goes from 0 to 0"),
        (fanfare("subscriptions", FANFARE_URL="http://127.0.0.1:1"), "does not answer"),
    ]:
        assert refused.status == 1 and why in refused.errors and ALICE not in refused.text
    assert fanfare("pause", "billing", "--as", "bob").status == 64

    # Whoever takes it for a remedy is told that nothing stood still.
    assert fanfare("resume", "billing").output == "billing was running already, by alice@127.0.0.1: 1 replica has taken it\n"


def test_a_list_of_many_pieces_is_one_document(world):
    pieces = [{"subscriptions": [LISTED | {"name": f"s-{n}", "new": {"a": [n]}} for n in part]} for part in (range(1000), range(1000, 1500))]
    pieces[0]["next"] = "s-999"
    asked = []

    class API(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(pieces["after=s-999" in self.path]).encode() + b"\n")

        def log_message(self, *words):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), API) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        told = world.fanfare_with({}, "subscriptions", "--url", url, "--output", "json").json
        assert told == {"subscriptions": pieces[0]["subscriptions"] + pieces[1]["subscriptions"]} and len(asked) == 2
        assert len(world.fanfare_with({}, "subscriptions", "--url", url).output.splitlines()) == 1501
        server.shutdown()


def test_a_test_event_is_sent_by_the_bridge(world, secrets, billing):
    orders = world.topics["shop.orders"]
    picky = world.endpoint("picky", status=418, keep=True)
    orders.subscribe("picky", picky, filters=[{"exact": {"type": "never"}}], headers={"X-Key": "very-secret-value"})
    bridge = world.bridge().starts()
    assert call(bridge, "/api/v1/subscriptions/picky/test", VIEWER, {})[0] == 403
    status, report, _ = call(bridge, "/api/v1/subscriptions/picky/test", ALICE, {"event": {"n": 1}})
    assert (status, report["accepted"], report["result"], report["status"], report["errorKind"]) == (200, False, "refused", 418, "http")
    assert "very-secret" not in json.dumps(report)
    picky.has_seen(1)
    assert picky.arrivals()[0].headers["fanfare-test"] == "true"

    variables = {"FANFARE_URL": bridge.ops, "FANFARE_TOKEN": ALICE}
    assert world.fanfare_with(variables, "subscriptions", "test", "billing").output.startswith("billing accepted the test event: 204 after ")
    refused = world.fanfare_with(variables, "subscriptions", "test", "picky", "--output", "json")
    assert refused.status == 1 and refused.json["message"] == "the endpoint answered 418"
    assert "404: " in world.fanfare_with(variables, "subscriptions", "test", "nobody").errors
    billing.has_taken(1)

    # Nothing of it has to do with cursors.
    orders.publish(4)

    def owned():
        return [(p["topic"], p["partition"], p["position"], p.get("end")) for p in call(bridge, "/api/v1/partitions?topic=shop.orders", VIEWER)[1]["partitions"]]

    world.wait_until(lambda: owned() == [("shop.orders", 0, 2, 2), ("shop.orders", 1, 2, 2)], "both partitions to be read to their ends")


def test_a_list_comes_in_pieces(world, secrets, billing):
    bridge = world.bridge().starts()
    names, after = [], ""
    while True:
        _, piece, _ = call(bridge, f"/api/v1/subscriptions?limit=2{after}", VIEWER)
        names.append([s["name"] for s in piece["subscriptions"]])
        if "next" not in piece:
            break
        after = f"&after={piece['next']}"
    assert names == [["audit-0", "audit-1"], ["audit-2", "audit-3"], ["billing"]]
    owned = call(bridge, "/api/v1/subscriptions?owner=team-billing", VIEWER)[1]["subscriptions"]
    assert [s["name"] for s in owned] == ["billing"]


# The document

def test_the_server_is_what_its_document_says(world, secrets, billing):
    """Schemathesis makes requests, right and wrong ones, of the document, and holds the answers to it."""
    bridge = world.bridge().starts()
    world.topics["shop.orders"].publish(20)
    billing.has_taken(20)
    _, document, _ = call(bridge, "/openapi.json", VIEWER)
    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []
    printed = world.fanfare("schema", "openapi").json
    assert (printed["paths"], printed["components"]["securitySchemes"]) == (document["paths"], document["components"]["securitySchemes"])
    assert printed["components"]["schemas"].items() >= document["components"]["schemas"].items()

    settings = world.folder / "schemathesis.toml"
    settings.write_text(f'''
        seed = 1
        headers = {{ Authorization = "Bearer {ALICE}" }}
        [generation]
        mode = "all"
        max-examples = 10
        deterministic = true
        database = "none"
        [parameters]
        "path.name" = "billing"
        "path.topic" = "shop.orders"
        # It does not end.
        [[operations]]
        include-operation-id = "streamEvents"
        enabled = false
        # No schema can say that a partition may not stand there twice: 0=1,0=2.
        [[operations]]
        include-operation-id = "seekSubscription"
        checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "403", "404", "409", "5xx"]
        # Nor that what is an event says its type itself.
        [[operations]]
        include-operation-id = "testSubscription"
        checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "403", "404", "409", "5xx"]
        # Nor what stands in Kafka, and a job that runs is another one's.
        [[operations]]
        include-operation-id = ["startRedrive", "startReplay", "listDeadLetters"]
        checks.positive_data_acceptance.expected-statuses = ["2xx", "403", "404", "409", "5xx"]
        # Nor what a subscription is. Its schema is large; test_registrations.py holds right and wrong bodies to it.
        [[operations]]
        include-operation-id = "putSubscription"
        phases.coverage.enabled = false
        checks.positive_data_acceptance.expected-statuses = ["2xx", "403", "404", "409", "422", "5xx"]
        ''')
    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "--config-file", settings, "run", f"{bridge.ops}/openapi.json", "--checks", "all",
         "--no-color", "--request-timeout", "30"],
        cwd=world.folder, env=environment() | {"PYTHONWARNINGS": "ignore"}, capture_output=True, text=True, timeout=300 * PATIENCE)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    bridge.is_ready()
