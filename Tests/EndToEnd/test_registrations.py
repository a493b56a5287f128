"""Subscriptions that come and go through the ops API, beside those of manifests."""

import json

import pytest

from test_ops_api import ALICE, VIEWER, call, secrets  # noqa: F401

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
    """The status alone: what is deleted has nothing to say."""
    try:
        return call(bridge, PATH + name, token, method="DELETE")[0]
    except json.JSONDecodeError:
        return 204


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
