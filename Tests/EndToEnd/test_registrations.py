"""Subscriptions that come and go through the ops API, beside those of manifests."""

import json

import jsonschema
import pytest

from harness.api import ALICE, VIEWER, call
from harness.letters import dead_letter
from test_ops_api import secrets  # noqa: F401

PATH = "/api/v1/subscriptions/"


@pytest.fixture
def orders(world, secrets):  # noqa: F811
    folder = world.folder / "tenants"
    folder.mkdir()
    world.config_changes["ops"]["subscriptions"] = {"folder": str(folder), "perTenant": 2}
    # Of two replicas each owns some partition of it, however those of the retry topic are spread.
    world.configure(limits={"shards": 1})
    topic = world.topic("shop.orders", partitions=4)
    topic.subscribe("billing", world.endpoint("billing"))
    return topic


def definition(world, endpoint, tenant="acme", **more):
    """Of a subscription that is signed with the endpoint's secret, which stands in a file."""
    (world.folder / "tenants" / endpoint.name).write_text(endpoint.secret + "\n")
    return {"topic": "shop.orders", "endpoint": endpoint.url, "labels": {"tenant": tenant},
            "signing": {"secrets": [f"${{file:{endpoint.name}}}"]}, **more}


def put(bridge, name, body, query="", token=ALICE):
    status, answer, _ = call(bridge, PATH + name + query, token, body, method="PUT")
    return status, answer


def delete(bridge, name, token=ALICE):
    """The status."""
    return call(bridge, PATH + name, token, method="DELETE")[0]


def test_a_registered_subscription_is_delivered_by_all_replicas_until_it_is_deleted(world, orders):
    first, second = world.bridge("first").starts(), world.bridge("second").starts()

    def owned(bridge):
        return len(call(bridge, "/api/v1/partitions?topic=shop.orders", VIEWER)[1]["partitions"])

    world.wait_until(lambda: owned(first) and owned(second) and owned(first) + owned(second) == 4, "both to own partitions")
    orders.publish(10)
    acme = world.endpoint("acme")
    body = definition(world, acme, owner="team-acme")
    assert put(first, "acme", body, token=VIEWER)[0] == 403

    # A trial changes nothing, and a wrong one says all that is wrong.
    status, trial = put(first, "acme", body, "?dryRun=true")
    assert (status, trial["outcome"], trial["dryRun"], trial["replicas"]) == (200, "created", True, 0)
    status, problem = put(first, "acme", body | {"topic": "shop.odrers", "retry": {"schedule": []}})
    assert status == 422 and problem["errors"][0]["pointer"] == "/topic" and 'did you mean "shop.orders"?' in problem["detail"]
    status, problem = put(first, "acme", body | {"retry": {"schedule": []}, "oner": "x"})
    assert status == 422 and {e["pointer"] for e in problem["errors"]} == {"/retry/schedule", "/oner"}
    assert call(second, PATH + "acme", VIEWER)[0] == 404

    status, done = put(first, "acme", body, "?reason=a+new+customer")
    assert (status, done["outcome"], done["by"], done["replicas"], done["silent"]) == (201, "created", "alice@127.0.0.1", 2, [])
    wanted = orders.publish(20)
    acme.has_taken(20)
    assert acme.delivered() == {event: 1 for event in wanted}, "start: latest is the moment of the registration"
    assert all(arrival.verified for arrival in acme.arrivals())
    assert put(second, "acme", body)[1]["outcome"] == "unchanged"

    shown = call(second, PATH + "acme", VIEWER)[1]
    assert (shown["source"], shown["owner"], shown["labels"]) == ("api", "team-acme", {"tenant": "acme"})
    assert shown["definition"]["signing"] == body["signing"] and acme.secret not in json.dumps(shown)
    listed = call(second, "/api/v1/subscriptions?label=tenant=acme", VIEWER)[1]["subscriptions"]
    assert [s["name"] for s in listed] == ["acme"]
    assert call(first, PATH + "billing", VIEWER)[1]["file"].endswith("shop.orders.yaml")
    # A change takes effect as an edit of a manifest does, and operators' commands know it.
    assert put(second, "acme", body | {"headers": {"X-Edition": "2"}})[1]["outcome"] == "replaced"
    assert "acme is paused" in world.fanfare("pause", "acme", "--config", first.config, config=False).output
    orders.publish(4)
    assert call(first, PATH + "acme/resume", ALICE, {})[0] == 200
    acme.has_taken(24)

    assert delete(second, "acme", VIEWER) == 403
    assert delete(second, "acme") == 204 and delete(first, "acme") == 204 and delete(first, "nobody") == 404
    assert call(first, PATH + "acme", VIEWER)[0] == 404
    orders.publish(6)
    world.is_settled("billing")
    assert len(acme.delivered()) == 24

    # Another one of that name is another one: nothing of what came meanwhile, nothing again.
    assert put(first, "acme", body)[0] == 201
    wanted = orders.publish(3)
    acme.has_taken(27)
    assert {event: n for event, n in acme.delivered().items() if event in wanted} == {event: 1 for event in wanted}
    assert sum(acme.delivered().values()) == 27


def test_what_was_answered_outlives_kill_9_and_a_name_belongs_to_one_side(world, orders):
    bridge = world.bridge().starts()
    acme, other = world.endpoint("acme"), world.endpoint("other")
    assert put(bridge, "acme", definition(world, acme))[0] == 201
    bridge.is_killed()
    # While nobody runs: it is known where acme begins.
    wanted = orders.publish(10)
    bridge.starts()
    acme.has_taken(10)
    assert set(acme.delivered()) == set(wanted)

    status, problem = put(bridge, "billing", definition(world, other))
    assert status == 409 and "shop.orders.yaml: change it there" in problem["detail"]
    assert delete(bridge, "billing") == 409
    assert put(bridge, "second", definition(world, other))[0] == 201
    status, problem = put(bridge, "third", definition(world, other))
    assert status == 409 and "the tenant acme may have 2 (ops.subscriptions.perTenant)" in problem["detail"]
    assert put(bridge, "third", definition(world, other, tenant="umbrella"))[0] == 201

    # A file that takes the name has to wait; the rest of the file counts.
    orders.subscribe("acme", other)
    orders.subscribe("more", world.endpoint("more"))
    orders.write()
    bridge.logs("the subscription acme of")
    world.wait_until(lambda: "not in force" in call(bridge, PATH + "acme", VIEWER)[1].get("problem", ""), "the API to tell of the conflict")
    more = orders.publish(4)
    acme.has_taken(14)
    orders.endpoints["more"].has_taken(14)
    # Deleted, it makes way.
    assert delete(bridge, "acme") == 204
    assert call(bridge, PATH + "acme", VIEWER)[1]["source"] == "file"
    assert put(bridge, "acme", definition(world, acme))[0] == 409
    assert set(acme.delivered()) == set(wanted) | set(more)


def test_commands_register_and_delete(world, orders):
    bridge = world.bridge().starts()
    acme = world.endpoint("acme")
    file = world.folder / "acme.json"
    file.write_text(json.dumps(definition(world, acme)))

    def fanfare(*words, url=True):
        variables = {"FANFARE_URL": bridge.ops, "FANFARE_TOKEN": ALICE} if url else {}
        return world.fanfare_with(variables, "subscriptions", *words, *([] if url else ["--config", bridge.config]))

    assert fanfare("put", "acme", file, "--dry-run").output == "acme would be created; nothing was changed\n"
    assert fanfare("put", "acme", file).output == "acme is created, by alice@127.0.0.1: 1 replica has taken it\n"
    # On Kafka itself the same is found.
    assert fanfare("put", "acme", file, url=False).output == "acme is so already; nothing was changed\n"
    assert "acme" in fanfare("list", url=False).output
    file.write_text(json.dumps(definition(world, acme, retry={"schedule": []})))
    for url in (True, False):
        refused = fanfare("put", "acme", file, url=url)
        assert refused.status == 1 and "/retry/schedule: must not be empty" in refused.errors
    orders.publish(4)
    acme.has_taken(4)
    assert fanfare("test", "acme").output.startswith("acme accepted the test event")
    assert "is deleted: 1 replica has taken it" in fanfare("delete", "acme", url=False).output
    assert call(bridge, PATH + "acme", VIEWER)[0] == 404
    file.write_text(json.dumps(definition(world, acme, start="earliest")))
    created = fanfare("put", "acme", file, "--output", "json", "--reason", "back", url=False)
    assert created.status == 0, created.text
    assert (created.json["outcome"], created.json["replicas"]) == ("created", 1)
    orders.publish(1)
    acme.has_taken(6)
    assert fanfare("delete", "acme").output == "acme is deleted\n"
    assert "404: " in fanfare("delete", "nobody").errors and "no such subscription" in fanfare("delete", "nobody", url=False).errors


def test_commands_that_work_with_manifests_find_what_was_registered(world, orders):
    bridge = world.bridge().starts()
    acme = world.endpoint("acme")
    assert put(bridge, "acme", definition(world, acme, filters=[{"exact": {"type": "shop.orders"}}]))[0] == 201
    orders.publish(4)
    acme.has_taken(4)

    def fanfare(*words, expect=0):
        return world.fanfare(*words, "--config", bridge.config, config=False, expect=expect)

    event = world.folder / "event.json"
    event.write_text("{}")
    explained = fanfare("explain", "--topic", "shop.orders", "--subscription", "acme", "--output", "json", event).json["subscriptions"]
    assert [(s["name"], s["matches"], s["request"]["url"]) for s in explained] == [("acme", True, acme.url)]
    assert "webhook-signature" in [name.lower() for name in explained[0]["request"]["headers"]] and acme.secret not in json.dumps(explained)
    assert [s["name"] for s in fanfare("explain", "--topic", "shop.orders", "--registered", "--output", "json", event).json["subscriptions"]] == ["billing", "acme"]
    assert "topic shop.orders has no subscription nobody; there are: billing, acme" in fanfare("explain", "--topic", "shop.orders", "--subscription", "nobody", event, expect=1).errors

    assert fanfare("subscriptions", "test", "acme").output.startswith("acme accepted the test event")
    assert "there is no subscription nobody; there are: acme, billing" in fanfare("subscriptions", "test", "nobody", expect=1).errors
    assert fanfare("replay", "--subscription", "acme", "--from", "earliest", "--output", "json").json["replayed"] == 4
    # The test event and those came too.
    world.wait_until(lambda: len(acme.arrivals()) == 4 + 1 + 4, "what was replayed to come", details=lambda: len(acme.arrivals()))
    assert "there is no subscription nobody; there are: acme, billing" in fanfare("replay", "--subscription", "nobody", "--from", "earliest", expect=1).errors

    # Its dead letters are not those of a subscription that was removed.
    world.kafka.publish(orders.dead_letters, [dead_letter("acme", offset=0), dead_letter("gone", offset=1)])
    counted = fanfare("dlq", "redrive", "--topic", "shop.orders", "--dry-run", "--output", "json", expect=1).json
    assert (counted["bySubscription"], counted["refused"]) == ({"acme": 1}, {"removed": 1})

    # Its secret's file is not here.
    for words in (["explain", "--topic", "shop.orders", "--subscription", "acme", event], ["subscriptions", "test", "acme"],
                  ["replay", "--subscription", "acme", "--from", "earliest"]):
        elsewhere = fanfare(*words, "--set", f"ops.subscriptions.folder={world.folder / 'elsewhere'}", expect=1)
        assert "the subscription acme came through the API, and cannot be used here: /signing/secrets/0" in elsewhere.errors
        assert "where the bridge runs" in elsewhere.errors


def test_the_document_says_what_may_be_put_and_what_is_answered(world, orders):
    bridge = world.bridge().starts()
    document = call(bridge, "/openapi.json", VIEWER)[1]
    put_operation = document["paths"]["/api/v1/subscriptions/{name}"]["put"]

    def faults(content, value):
        """What is wrong with a value, by the schema that the document has for it."""
        schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **content["application/json"]["schema"], "components": document["components"]}
        jsonschema.Draft202012Validator.check_schema(schema)
        return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(value)]

    right = definition(
        world, world.endpoint("acme"), owner="team-acme", start="earliest", filters=[{"any": [{"exact": {"type": "order.created"}}, {"not": {"prefix": {"type": "x"}}}]}],
        payload={"format": "structured", "drop": ["/data/email"]}, retry={"schedule": ["5s", "1m"], "giveUpAfter": "1d", "on": ["network", 404, "5xx"]},
        delivery={"timeout": "5s", "ordering": "key"}, batch={"maxEvents": 10}, rateLimit={"perSecond": 10},
        window={"type": "tumbling", "size": "1m", "aggregates": {"last": {"list": "/id", "limit": 3}}})
    assert faults(put_operation["requestBody"]["content"], right) == []
    status, answer = put(bridge, "acme", right)
    assert status == 201, answer
    assert faults(put_operation["responses"]["201"]["content"], answer) == []
    for wrong in ({"retry": {"schedule": []}}, {"filters": [{"exakt": {"type": "x"}}]}, {"filters": [{"not": {"exakt": {"type": "x"}}}]}, {"delivery": {"ordering": "keys"}},
                  {"oner": "x"}, {"topic": 7}, {"endpoint": "ftp://x"}, {"window": right["window"] | {"aggregates": {"n": {"count": True, "limit": 3}}}}):
        assert faults(put_operation["requestBody"]["content"], right | wrong), f"the document allows {wrong}"
        assert put(bridge, "acme", right | wrong)[0] == 422, f"the bridge takes {wrong}"
    for missing in ("topic", "endpoint"):
        rest = {name: value for name, value in right.items() if name != missing}
        assert faults(put_operation["requestBody"]["content"], rest) and put(bridge, "acme", rest)[0] == 422
