"""`fanfare schema openapi` and `asyncapi`: valid by what others check such documents with, and true of what arrives."""

import json

import pytest
from asyncapi3 import AsyncAPI3
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

CREATED = {
    "$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "required": ["id", "total"],
    "properties": {"id": {"type": "string"}, "total": {"$ref": "money.json#/definitions/amount"}, "customer": {"$ref": "#/definitions/customer"}},
    "definitions": {"customer": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}},
}
MONEY = {"definitions": {"amount": {"type": "number", "minimum": 0.01}}}
MAPPING = {"type": {"pointer": "/type"}}


@pytest.fixture
def orders(world):
    schemas = world.manifests / "schemas"
    schemas.mkdir(parents=True, exist_ok=True)
    (schemas / "order.created.json").write_text(json.dumps(CREATED))
    (schemas / "money.json").write_text(json.dumps(MONEY))
    orders = world.topic("shop.orders", event=MAPPING, events={
        "order.created": {"description": "An order was placed", "schema": "./schemas/order.created.json"},
        "order.paid": {"description": "It was paid"}})
    orders.hook = world.endpoint("hook", keep=True)
    orders.subscribe("plain", orders.hook, description="Every order")
    orders.subscribe("raw", world.endpoint("raw", keep=True), payload={"format": "raw"})
    orders.subscribe("binary", world.endpoint("binary"), payload={"format": "binary"})
    orders.subscribe("several", world.endpoint("several", keep=True), batch={"maxEvents": 5, "maxWait": "100ms", "partialResults": True})
    orders.subscribe("summary", world.endpoint("summary", keep=True), window={
        "type": "tumbling", "size": "5s", "idle": "1s", "aggregates": {"total": {"sum": "/data/total"}}})
    orders.write()
    return orders


def described(world, kind, *words):
    return world.fanfare("schema", kind, *words).json


def body(document, name):
    """What validates a body of that subscription."""
    (content,) = document["webhooks"][name]["post"]["requestBody"]["content"].values()
    # References lead into the whole document.
    return Draft202012Validator({**content["schema"], "components": document["components"]})


def test_the_documents_are_valid(world, orders):
    document = described(world, "openapi")
    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []
    assert set(document["webhooks"]) == {"plain", "raw", "binary", "several", "summary"}
    parameters = {p["name"]: p["required"] for p in document["webhooks"]["binary"]["post"]["parameters"]}
    assert parameters["webhook-signature"] and parameters["ce-type"] and not parameters["ce-subject"]
    assert "failed" in json.dumps(document["webhooks"]["several"]["post"]["responses"]["2XX"])

    document = described(world, "asyncapi")
    AsyncAPI3.model_validate(document)
    assert set(document["channels"]) == {"plain", "raw", "binary", "several", "summary"}
    assert document["operations"]["deliver-plain"]["action"] == "send"


def test_one_subscription_can_be_asked_for(world, orders):
    assert set(described(world, "openapi", "--subscription", "raw")["webhooks"]) == {"raw"}
    assert "there are: binary, plain" in world.fanfare("schema", "asyncapi", "--subscription", "rwa", expect=1).errors
    assert "--subscription is for" in world.fanfare("schema", "config", "--subscription", "raw", expect=64).errors


def test_what_arrives_is_as_described(world, orders):
    document = described(world, "openapi")
    world.bridge().starts()
    values = [{"type": "order.created", "id": f"o-{n}", "total": n + 0.5, "customer": {"name": "ann"}} for n in range(3)]
    orders.publish_records((0, b"k", json.dumps(value), None) for value in [*values, {"type": "order.paid"}])
    for name in ("plain", "raw", "several", "summary"):
        endpoint = orders.endpoints[name]
        world.wait_until(lambda: endpoint.arrivals(), f"something for {name}", timeout=60)
        for arrival in endpoint.arrivals():
            assert [error.message for error in body(document, name).iter_errors(arrival.json)] == []

    # It says something: what is not so does not conform.
    (first, *_) = orders.endpoints["plain"].arrivals()
    for wrong in ({"total": 0}, {"total": "much"}, {"customer": {}}, {"id": None}):
        event = {**first.json, "type": "order.created", "data": {**values[0], **wrong}}
        assert not body(document, "plain").is_valid(event), wrong
    assert not body(document, "plain").is_valid({**first.json, "type": "order.lost"})
