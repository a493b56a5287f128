"""The official test suite of JSON Schema's draft-07: every schema of it is judged, or refused with the reason by `check`."""

import collections
import json
import pathlib
import re

SUITE = pathlib.Path(__file__).parents[2] / ".venv-tests/json-schema-suite"     # scripts/json-schema-suite
# Of the optional tests, those of what is supported. The others are about `format` and `contentEncoding`, which are not checked.
OPTIONAL = ["bignum", "cross-draft", "ecmascript-regex", "float-overflow", "id", "non-bmp-regex", "unknownKeyword"]

FOREIGN = "nothing is fetched: write a relative path"
INNER_ID = "$id inside a schema is not supported"
MISSING = "$ref: cannot read"       # what the suite has on a server is looked for in a file beside the schema
NAMED_CLASS = "supported are general categories such as"
REFUSED = {
    "cross-draft: refs to future drafts are processed as future drafts": FOREIGN,
    "definitions: validate definition against metaschema": FOREIGN,
    "ecmascript-regex: pattern with non-ASCII digits": NAMED_CLASS,
    "ecmascript-regex: patternProperties with non-ASCII digits": NAMED_CLASS,
    "ecmascript-regex: patterns always use unicode semantics with pattern": NAMED_CLASS,
    "ecmascript-regex: patterns always use unicode semantics with patternProperties": NAMED_CLASS,
    "id: id inside an enum is not a real identifier": INNER_ID,
    "ref: $id must be resolved against nearest parent, not just immediate parent": INNER_ID,
    "ref: $ref prevents a sibling $id from changing the base uri": INNER_ID,
    "ref: Location-independent identifier with base URI change in subschema": FOREIGN,
    "ref: Recursive references between schemas": MISSING,
    "ref: ref to else": FOREIGN,
    "ref: ref to if": FOREIGN,
    "ref: ref to then": FOREIGN,
    "ref: ref with absolute-path-reference": INNER_ID,
    "ref: refs with relative uris and defs": INNER_ID,
    "ref: relative refs with absolute uris and defs": INNER_ID,
    "ref: remote ref, containing refs itself": FOREIGN,
    "refRemote: $ref to $ref finds location-independent $id": FOREIGN,
    "refRemote: Location-independent identifier in remote ref": FOREIGN,
    "refRemote: base URI change": INNER_ID,
    "refRemote: base URI change - change folder": INNER_ID,
    "refRemote: base URI change - change folder in subschema": INNER_ID,
    "refRemote: fragment within remote ref": FOREIGN,
    "refRemote: ref within remote ref": FOREIGN,
    "refRemote: remote ref": FOREIGN,
    "refRemote: remote ref with ref to definitions": MISSING,
    "refRemote: retrieved nested refs resolve relative to their URI not $id": MISSING,
    "refRemote: root ref in remote ref": MISSING,
    "unknownKeyword: $id inside an unknown keyword is not a real identifier": INNER_ID,
}


def groups():
    """(name, schema, its tests)."""
    assert SUITE.exists(), f"there is no {SUITE}; `scripts/install test` fetches it"
    for file in [*sorted(SUITE.glob("*.json")), *(SUITE / "optional" / f"{name}.json" for name in OPTIONAL)]:
        for group in json.loads(file.read_text()):
            yield f"{file.stem}: {group['description']}", group["schema"], group["tests"]


def test_each_case_is_judged_as_the_suite_says(world):
    (world.manifests / "schemas").mkdir()
    names, events, expected = [], [], []
    for number, (name, schema, tests) in enumerate(groups()):
        names.append(name)
        (world.manifests / f"schemas/{number}.json").write_text(json.dumps(schema))
        if name in REFUSED:
            continue
        for test in tests:
            attributes = {"specversion": "1.0", "id": str(len(events)), "source": "/", "type": f"t{number}"}
            events.append(json.dumps({**attributes, "data": test["data"]}))
            expected.append((f"{name}: {test['description']}", test["valid"]))
    assert len(names) > 250 and len(expected) > 900 and set(REFUSED) <= set(names)

    entries = {f"t{number}": {"schema": f"schemas/{number}.json"} for number in range(len(names))}
    topic = world.topic("shop.orders", events=entries, validate="reject")
    topic.subscribe("hook", world.endpoint_where_nothing_listens("hook"), batch={"maxEvents": 100, "maxWait": "1s"})
    complaints = collections.defaultdict(list)
    checked = world.fanfare("check", expect=78).text
    for place, number, what in re.findall(r"schemas/(\d+)\.json:\d+:\d+: error: events\.t(\d+)\.schema: (.*)", checked):
        assert place == number
        complaints[names[int(number)]].append(what)
    assert set(complaints) == set(REFUSED)
    assert not {name: said for name, said in complaints.items() if not any(REFUSED[name] in what for what in said)}

    for number, name in enumerate(names):
        if name in REFUSED:
            del entries[f"t{number}"]
    file = world.folder / "events.jsonl"
    file.write_text("\n".join(events) + "\n")
    explained = world.fanfare("explain", "--topic", "shop.orders", "--file", file, "--output", "json", expect=1, timeout=300).json
    poison = {entry["event"]["line"] - 1: entry["reason"] for entry in explained["subscriptions"][0]["poison"]}
    wrong = [(*case, poison.get(n)) for n, case in enumerate(expected) if (n not in poison) != case[1]]
    assert not wrong, f"{len(wrong)} of {len(expected)} differ, such as\n" + "\n".join(map(str, wrong[:5]))
