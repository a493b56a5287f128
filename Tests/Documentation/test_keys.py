"""docs/MANIFESTS.md names every key of the configuration and of manifests, with its default, and no other."""

import json
import re
import subprocess

import pytest

from pages import BY_NAME

# What is said in the text below a table, because it has keys of its own.
LEAVES = {"event.id", "event.type", "event.source", "event.subject", "event.time", "kafka.properties", "kafka.config", "headers", "filters", "signing", "retry.schedule"}


@pytest.fixture(scope="module")
def schemas(program):
    def schema(name):
        done = subprocess.run([program, "schema", name], capture_output=True, text=True)
        if done.returncode == 64:
            pytest.skip(f"this program cannot print its schema yet: {done.stderr.strip().splitlines()[0]}")
        return json.loads(done.stdout)
    return {name: schema(name) for name in ("manifest", "config")}


def keys(node, prefix=""):
    """(path, default) of every key that holds a value."""
    for name, value in node.get("properties", {}).items():
        path = prefix + name
        deeper = path == "events" or "properties" in value or any("properties" in other for other in value.get("anyOf", []))
        if path in LEAVES or not deeper:
            yield path, value.get("default")
        if path in LEAVES and path != "signing":
            continue
        for inner in [value, *value.get("anyOf", [])]:
            yield from keys(inner, path + ".")
        extra = value.get("additionalProperties")
        if path == "events" and isinstance(extra, dict):
            yield from keys(extra, "events.TYPE.")


def manifest_keys(schemas):
    return [entry for entry in keys(schemas["manifest"]) if not entry[0].startswith("subscriptions")]


def all_subscription_keys(schemas):
    return list(keys(schemas["manifest"]["properties"]["subscriptions"]["additionalProperties"]))


def subscription_keys(schemas):
    return [entry for entry in all_subscription_keys(schemas) if not entry[0].startswith("window.")]


def window_keys(schemas):
    """These have a table of their own."""
    return [entry for entry in all_subscription_keys(schemas) if entry[0].startswith("window.")]


def config_keys(schemas):
    return [entry for entry in keys(schemas["config"]) if not entry[0].startswith("defaults")] + [("defaults", None)]


def shown(default):
    if isinstance(default, bool):
        return "`true`" if default else "`false`"
    if isinstance(default, list):
        return "`[" + ", ".join(str(item) for item in default) + "]`"
    if isinstance(default, float) and default == int(default):
        default = int(default)
    return f"`{default}`"


TABLES = {
    "fanfare.yaml": config_keys, "Topic manifests": manifest_keys, "Subscriptions": subscription_keys, "Windows": window_keys,
}


@pytest.mark.parametrize("heading", TABLES)
def test_the_table_names_every_key_with_its_default(schemas, heading):
    # What has no default column is another table: of functions.
    rows = {cells[0].strip("`"): (number, cells) for number, cells in BY_NAME["MANIFESTS.md"].table(heading) if len(cells) == 3}
    known = dict(TABLES[heading](schemas))
    assert set(rows) == set(known), (
        f"missing: {sorted(set(known) - set(rows))}; unknown: {sorted(set(rows) - set(known))}")
    for path, default in known.items():
        number, cells = rows[path]
        if default not in (None, "", [], {}):
            assert cells[1] == shown(default), f"docs/MANIFESTS.md:{number}: the default of {path} is {shown(default)}"


def test_every_filter_dialect_is_explained(schemas):
    page = BY_NAME["MANIFESTS.md"]
    text = "\n".join(line for _, line in page.section("Filters"))
    for name in schemas["manifest"]["definitions"]["filter"]["properties"]:
        assert f"`{name}`" in text, f"the filter {name} is not explained under Filters"


def test_every_aggregate_function_is_explained(schemas):
    page = BY_NAME["MANIFESTS.md"]
    explained = [cells[0] for _, cells in page.table("Windows") if len(cells) == 2]
    window = schemas["manifest"]["properties"]["subscriptions"]["additionalProperties"]["properties"]["window"]
    functions = set(window["anyOf"][0]["properties"]["aggregates"]["additionalProperties"]["properties"]) - {"limit"}
    assert {re.match(r"\w+", name)[0] for cell in explained for name in re.findall(r"`([^`]+)`", cell)} == functions


@pytest.mark.parametrize("heading", ["From a Kafka Connect HTTP sink", "From Knative's Kafka broker", "From a consumer of your own"])
def test_migration_leads_to_keys_that_exist(schemas, heading):
    known = {path for table in TABLES.values() for path, _ in table(schemas)}
    rows = BY_NAME["MIGRATION.md"].table(heading)
    assert len(rows) > 5
    for number, cells in rows:
        for key in re.findall(r"`([^`]+)`", cells[1]):
            assert key in known, f"docs/MIGRATION.md:{number}: there is no key {key}"
