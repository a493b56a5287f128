"""`validate`: events are held to the schemas of their topic's catalog, and rejected ones become dead letters that say why."""

import decimal
import json
import re

import pytest
from harness import random_schemas
from jsonschema import Draft7Validator, validators

SCHEMAS = 500
VALUES = 12
decimal.getcontext().prec = 100
CREATED = {
    "type": "object", "required": ["id", "total"],
    "properties": {"id": {"type": "string"}, "total": {"$ref": "money.json#/definitions/amount"}, "note": {"maxLength": 3}},
}
MONEY = {"definitions": {"amount": {"type": "number", "minimum": 0}}}
NOT_A_NUMBER = "events.order.created.schema: /total is not of type number"


class Catalog:
    """A topic whose manifest has schemas beside it."""

    def __init__(self, world, name, validate):
        self.folder = world.manifests / name
        self.folder.mkdir()
        self.holds(CREATED)
        (self.folder / "money.json").write_text(json.dumps(MONEY))
        self.topic = world.topic(name, event={"type": {"header": "type"}}, validate=validate, events={
            "order.created": {"schema": f"{name}/created.json"}, "order.paid": {"description": "No schema"}})

    def holds(self, schema):
        (self.folder / "created.json").write_text(json.dumps(schema))

    def publish(self, value, type="order.created", headers=()):
        """A dict is JSON."""
        value = json.dumps(value) if isinstance(value, dict) else value
        return self.topic.publish_record(value, "key", [("type", type.encode()), *headers])


@pytest.fixture
def rejecting(world):
    return Catalog(world, "shop.orders", "reject")


@pytest.fixture
def reporting(world):
    return Catalog(world, "shop.returns", "report")


def reasons(world, catalog, subscription):
    """Of its dead letters, by id."""
    letters = world.dead_letters(catalog.topic, subscription)
    assert all(letter.kind == "poison" for letter in letters), letters
    return {letter.source_id: letter.text("fanfare-error-message") for letter in letters}


def test_what_does_not_conform_is_rejected_or_reported(world, rejecting, reporting):
    all_of_them, paid, dropping, together = (world.endpoint(name, keep=True) for name in ("all", "paid", "dropping", "together"))
    rejecting.topic.subscribe("all", all_of_them)
    rejecting.topic.subscribe("paid", paid, filters=[{"exact": {"type": "order.paid"}}])
    rejecting.topic.subscribe("dropping", dropping, deadLetter={"drop": True})
    rejecting.topic.subscribe("together", together, batch={"maxEvents": 10, "maxWait": "100ms"})
    told = world.endpoint("told", keep=True)
    reporting.topic.subscribe("told", told)
    bridge = world.bridge().starts()

    good = [
        rejecting.publish({"id": "a", "total": 1}), rejecting.publish({"id": "a", "total": 1e2, "more": []}),
        rejecting.publish(None), rejecting.publish(b"anything", type="order.paid"), rejecting.publish({"total": "x"}, type="order.unheard-of"),
    ]
    bad = {
        rejecting.publish({"id": "a", "total": "1"}): NOT_A_NUMBER,
        rejecting.publish({"id": "a", "total": -1}): "events.order.created.schema: /total is less than the minimum 0",
        rejecting.publish({"total": 1}): 'events.order.created.schema: the data has no member "id", which is required',
        rejecting.publish({"id": "a", "total": 1, "note": "confidential"}): "events.order.created.schema: /note is longer than the maxLength 3",
        rejecting.publish(b'{"id": "a",'): "events.order.created.schema: the data is not JSON",
        rejecting.publish(b"\x00\xff", headers=[("content-type", b"image/png")]): "events.order.created.schema: the data is not JSON",
    }
    no_event = rejecting.publish(b'{"specversion": "1.0"}', headers=[("content-type", b"application/cloudevents+json")])
    last = rejecting.publish({"id": "z", "total": 0})
    odd = [reporting.publish({"id": "a", "total": "1"}), reporting.publish({}, type="order.unheard-of"), reporting.publish({"id": "a", "total": 1})]

    for name in ("all", "paid", "dropping", "together", "told"):
        world.is_settled(name)
    for endpoint in (all_of_them, dropping, together):
        assert set(endpoint.delivered()) == {*good, last}
    assert set(paid.delivered()) == {good[3]}
    assert set(told.delivered()) == set(odd)
    no_event_reason = {no_event: "required attribute id is missing"}
    assert reasons(world, rejecting, "all") == reasons(world, rejecting, "together") == {**bad, **no_event_reason}
    assert reasons(world, rejecting, "paid") == no_event_reason, "what is rejected concerns those it matches; what is no event concerns all"
    assert not world.dead_letters(reporting.topic)
    bridge.shows("fanfare_drops_total", len(bad) + 1, subscription="dropping")
    for result, count in {"valid": 5, "rejected": len(bad), "unlisted": 1, "reported": 0}.items():
        bridge.shows("fanfare_validations_total", count, topic="shop.orders", result=result)
    for result, count in {"valid": 1, "rejected": 0, "unlisted": 1, "reported": 1}.items():
        bridge.shows("fanfare_validations_total", count, topic="shop.returns", result=result)
    assert bridge.process.says("conform to its schema, and is rejected") and bridge.process.says("and is delivered all the same")
    bridge.logs("an event's type is not in the topic's catalog")
    assert not bridge.process.says("confidential")


def test_an_edited_schema_holds_from_then_on_and_what_it_rejected_can_be_redriven(world, rejecting):
    taker = world.endpoint("taker", keep=True, fail_first=1)
    rejecting.topic.subscribe("taker", taker, retry={"schedule": ["3s"]})
    bridge = world.bridge().starts()
    accepted = rejecting.publish({"id": "a", "total": 1})
    mended, broken = rejecting.publish({"id": "a", "total": "1"}), rejecting.publish({"id": 1})
    world.wait_until(lambda: len(reasons(world, rejecting, "taker")) == 2, "two dead letters")
    world.wait_until(lambda: len(world.retries("taker")) == 1, "a retry")

    # The event that waits for its retry would not conform any more.
    rejecting.holds({"properties": {"total": {"type": "string"}, "id": {"type": "string"}}})
    bridge.logs("topic manifests reloaded")
    narrow = rejecting.publish({"id": "b", "total": 2})
    wide = rejecting.publish({"id": "b", "total": "2"})
    taker.has_taken(2)
    assert set(taker.delivered()) == {accepted, wide}
    world.is_settled("taker")
    assert reasons(world, rejecting, "taker")[narrow] == "events.order.created.schema: /total is not of type string"

    world.fanfare("dlq", "redrive", "--topic", "shop.orders", "--kind", "poison")
    taker.has_taken(3)
    assert set(taker.delivered()) == {accepted, wide, mended}
    world.wait_until(lambda: len(world.dead_letters(rejecting.topic)) == 5, "those that do not conform to be dead letters again")
    again = {letter.source_id: letter for letter in world.dead_letters(rejecting.topic)[3:]}
    assert {id: letter.text("fanfare-error-message") for id, letter in again.items()} == {
        broken: "events.order.created.schema: /id is not of type string", narrow: "events.order.created.schema: /total is not of type string"}
    assert {letter.text("fanfare-redrives") for letter in again.values()} == {"1"}


def test_explain_says_which_check_failed(world, rejecting):
    hook = world.endpoint_where_nothing_listens("hook")
    rejecting.topic.subscribe("hook", hook)
    rejecting.topic.subscribe("paid", hook, filters=[{"exact": {"type": "order.paid"}}])

    def explain(value, *words, **options):
        return world.fanfare("explain", "--topic", "shop.orders", "--header", "type=order.created", "-", *words, stdin=json.dumps(value).encode(), **options)

    text = explain({"id": "a", "total": "1"}, expect=1).output
    assert NOT_A_NUMBER in text and "validate: reject" in text and "POST" not in text
    shown = explain({"id": "a", "total": "1"}, "--output", "json", expect=1).json
    assert shown["validation"] == {"result": "invalid", "reason": NOT_A_NUMBER}
    assert [(s["matches"], s["request"]) for s in shown["subscriptions"]] == [(True, None), (False, None)]
    shown = explain({"id": "a", "total": 1}, "--output", "json").json
    assert shown["validation"] == {"result": "valid"} and shown["subscriptions"][0]["request"]

    events = world.folder / "events.jsonl"
    events.write_text("\n".join(map(json.dumps, [{"id": "a", "total": 1}, {"id": "a", "total": "1"}])) + "\n")
    many = world.fanfare("explain", "--topic", "shop.orders", "--header", "type=order.created", "--file", events, "--output", "json", expect=1).json
    assert [p["reason"] for p in many["subscriptions"][0]["poison"]] == [NOT_A_NUMBER]


def test_windows_count_what_is_not_rejected(world, rejecting):
    counted = world.endpoint("counted", keep=True)
    rejecting.topic.subscribe("counted", counted, window={
        "type": "tumbling", "size": "1h", "idle": "1s", "time": "arrival", "groupBy": [], "aggregates": {"revenue": {"sum": "/data/total"}}})
    events = world.folder / "events.jsonl"
    events.write_text("\n".join(map(json.dumps, [{"id": "a", "total": 1}, {"id": 7, "total": 100}, {"id": "b", "total": 2}])) + "\n")
    run = world.fanfare(
        "explain", "--topic", "shop.orders", "--header", "type=order.created", "--file", events, "--output", "json", expect=1).json["subscriptions"][0]
    assert [(window["count"], window["aggregates"]["revenue"]) for window in run["windows"]] == [(2, 3)]
    assert [p["reason"] for p in run["poison"]] == ["events.order.created.schema: /id is not of type string"]


KEYWORD = re.compile(
    r"\b(additionalProperties|minItems|maxItems|uniqueItems|contains|minProperties|maxProperties|required|dependencies|exclusiveMinimum|"
    r"exclusiveMaximum|minimum|maximum|multipleOf|minLength|maxLength|pattern|enum|const|anyOf|oneOf|type)\b|(?<=what )(not)(?= forbids)")
EXACT = validators.extend(Draft7Validator, type_checker=Draft7Validator.TYPE_CHECKER.redefine(
    "integer", lambda _, value: not isinstance(value, bool) and (isinstance(value, int) or isinstance(value, decimal.Decimal) and value % 1 == 0)))


def pointer(path):
    """As the program writes it: what is neither a letter nor printable stands as question marks."""
    def shown(name):
        return "".join(c if c.isalpha() or "!" <= c <= "~" else "?" for c in name).replace("~", "~0").replace("/", "~1")
    return "".join("/" + shown(str(part)) for part in path)


def found_by_others(value, schema):
    """(pointer, keyword) of everything that is wrong."""
    return {(pointer(error.absolute_path), error.validator) for error in EXACT(schema).iter_errors(value)}


def is_among(reason, errors):
    at, words = re.fullmatch(r"events\.\S+\.schema: (the data|\S*) (.*)", reason, re.DOTALL).groups()
    at = "" if at == "the data" else at
    # Others tell of what a value stands in where the program tells of the value. A schema that is false has no keyword, or the one that it stands under.
    keywords = {None, "additionalItems", "additionalProperties"} if words == "is not allowed here" else {KEYWORD.search(words)[0]}
    return any((place, keyword) in errors for place in (at, at.rpartition("/")[0]) for keyword in keywords)


@pytest.mark.parametrize("seed", [1, 2])
def test_random_values_of_random_schemas_are_judged_as_another_implementation_judges_them(world, seed):
    events, expected, entries = [], [], {}
    (world.manifests / "schemas").mkdir()
    for n in range(SCHEMAS):
        maker = random_schemas.Maker(seed * 100_000 + n)
        text = maker.schema()
        schema = json.loads(text, parse_float=decimal.Decimal)
        (world.manifests / "schemas" / f"{n}.json").write_text(text)
        entries[f"t{n}"] = {"schema": f"schemas/{n}.json"}
        for _ in range(VALUES):
            value = maker.value_for(schema)
            events.append(f'{{"specversion": "1.0", "id": "{len(events)}", "source": "/", "type": "t{n}", "data": {value}}}')
            expected.append((text, value, found_by_others(json.loads(value, parse_float=decimal.Decimal), schema)))
    topic = world.topic("shop.orders", events=entries, validate="reject")
    topic.subscribe("hook", world.endpoint_where_nothing_listens("hook"), batch={"maxEvents": 100, "maxWait": "1s"})
    file = world.folder / "events.jsonl"
    file.write_text("\n".join(events) + "\n")
    explained = world.fanfare("explain", "--topic", "shop.orders", "--file", file, "--output", "json", expect=1, timeout=300).json
    poison = {entry["event"]["line"] - 1: entry["reason"] for entry in explained["subscriptions"][0]["poison"]}
    wrong = [(text, value, poison.get(n), errors) for n, (text, value, errors) in enumerate(expected)
             if (n in poison) != bool(errors) or n in poison and not is_among(poison[n], errors)]
    assert not wrong, f"{len(wrong)} of {len(expected)} differ, such as\n" + "\n".join(map(str, wrong[:3]))
    assert len(expected) / 4 < len(poison) < len(expected) * 3 / 4, "both happen often"
