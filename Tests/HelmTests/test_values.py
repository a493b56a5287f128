"""values.yaml, its schema, the README's table and the default rendering say the same."""

import copy
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest
import yaml

from chart import CHART, REQUIRED, ROOT, program, with_required

VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
# Helm's own, Kubernetes' own, and the keys of fanfare.yaml, which docs/MANIFESTS.md has.
ELSEWHERE = {"global", "resources", "config"}
# Of fanfare.yaml, but the chart's: where the pod has its files, and where it listens.
THE_CHARTS_OWN = {"topics", "ops.listen"}
SNAPSHOT = pathlib.Path(__file__).parent / "default.yaml"


def test_the_readme_has_the_table_that_values_yaml_makes():
    done = subprocess.run([sys.executable, ROOT / "scripts/helm-readme", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_readme_has_every_value_that_the_schema_knows():
    """A value that only the schema knows is one that nobody finds."""
    table = (CHART / "README.md").read_text()

    def walk(schema, values, path):
        schema = SCHEMA["definitions"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        for name, inner in schema.get("properties", {}).items():
            key = f"{path}.{name}" if path else name
            if key in ELSEWHERE:
                continue
            assert name in values, f"values.yaml does not have {key}"
            if isinstance(values[name], dict) and values[name] and f"| `{key}` | `{{" not in table:
                walk(inner, values[name], key)
            else:
                assert f"| `{key}` |" in table, key

    walk(SCHEMA, VALUES, "")


def test_what_the_defaults_render_changes_only_on_purpose(helm):
    """FANFARE_RECORD=1 writes it down anew: look at the difference before you commit it."""
    objects = sorted(helm.renders(REQUIRED).objects, key=lambda one: (one["kind"], one["metadata"]["name"]))
    text = "".join("---\n" + yaml.safe_dump(one, sort_keys=True, width=140) for one in objects)
    if os.environ.get("FANFARE_RECORD"):
        SNAPSHOT.write_text(text)
    assert text == SNAPSHOT.read_text()


def blocks_of_values():
    for page in sorted((ROOT / "docs").glob("*.md")):
        for text in re.findall(r"<!-- test: values -->\n```yaml\n(.*?)```", page.read_text(), re.DOTALL):
            yield pytest.param(text, id=f"{page.name}: {text.splitlines()[0]}")


@pytest.mark.parametrize("text", list(blocks_of_values()))
def test_the_chart_takes_what_the_documentation_shows(helm, text):
    values = yaml.safe_load(text)
    assert helm.renders(values if "config" in values else {**REQUIRED, **values}).objects


# What the program knows, Helm knows

def resolved(schema, definitions):
    while "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    for one in schema.get("anyOf", []):
        if "properties" in one and {"type": "null"} in schema["anyOf"]:
            return one
    return schema


def keys(schema, definitions, path=""):
    """Paths of all keys that can be told without choosing among alternatives."""
    schema = resolved(schema, definitions)
    named = schema["additionalProperties"] if isinstance(schema.get("additionalProperties"), dict) else None
    for name, inner in [*schema.get("properties", {}).items(), *([("*", named)] if named else [])]:
        key = f"{path}.{name}" if path else name
        yield key
        yield from keys(inner, definitions, key)


def test_the_schema_has_what_the_program_knows():
    done = subprocess.run([sys.executable, ROOT / "scripts/helm-schema", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("document, place", [("config", "config"), ("manifest", "topics")])
def test_every_key_of_the_program_can_be_said_in_the_values_and_no_other(document, place):
    """Read from both sides, without the script that makes one of the other."""
    known = json.loads(subprocess.run([program(), "schema", document], capture_output=True, check=True).stdout)
    theirs = set(keys(known, known["definitions"]))
    ours = SCHEMA["properties"][place]
    ours = set(keys(ours["additionalProperties"]["else"] if place == "topics" else ours, SCHEMA["definitions"]))
    assert len(theirs) > 60
    assert theirs - ours == (THE_CHARTS_OWN if place == "config" else set()) and not ours - theirs


def sections():
    """Every section of the configuration with keys of its own, by its path."""
    paths = [key.rpartition(".") for key in keys(SCHEMA["properties"]["config"], SCHEMA["definitions"])]
    return sorted({parent for parent, _, key in paths if key != "*"})


def test_a_misspelt_key_in_any_section_is_refused_by_its_place(helm):
    values = copy.deepcopy(REQUIRED)
    for path in sections():
        section = values["config"]
        for name in filter(None, path.split(".")):
            section = section.setdefault(name, {})
        section["mispelt"] = 1
    assert len(sections()) > 25
    refusal = helm.refuses(values)
    for path in ("config." + path if path else "config" for path in sections()):
        place = f"{path}: Additional property mispelt" if helm.binary.name == "helm3" else f"'/{path.replace('.', '/')}': additional properties 'mispelt'"
        assert place in refusal, f"{path} is not named:\n{refusal}"


WRONG = {
    "a size without its unit": ("limits.recordMemory", "64M"),
    "a duration without its unit": ("commitInterval", "100"),
    "a duration in a unit of its own": ("retryTopic.lanes", ["1s", "5 minutes"]),
    "a number that is a duration": ("shutdown.grace", 25),
    "a text that is a number": ("limits.maxInFlight", "many"),
    "a number out of its range": ("retryTopic.partitionsPerLane", 0),
    "a text that is a boolean": ("egress.allowHTTP", "yes"),
    "a word of an enumeration": ("logging.level", "loud"),
    "a list that is a text": ("egress.deny", "10.0.0.0/8"),
    "a default of subscriptions": ("defaults.delivery.ordering", "strict"),
    "a filter of no known kind": ("defaults.filters", [{"equals": {"type": "a"}}]),
    "a port that the chart has to know": ("ops.publicKeys.listen", "${KEYS}"),
}


def test_a_wrong_type_or_unit_is_refused_by_its_place(helm):
    values = copy.deepcopy(REQUIRED)
    for path, value in WRONG.values():
        *parents, last = path.split(".")
        section = values["config"]
        for name in parents:
            section = section.setdefault(name, {})
        section[last] = value
    refusal = helm.refuses(values)
    for what, (path, _) in WRONG.items():
        assert f"config.{path}" in refusal or f"/config/{path.replace('.', '/')}" in refusal, f"{what}: {path} is not named:\n{refusal}"


def test_a_mistake_in_a_manifest_is_refused_if_it_is_no_text(helm):
    """Text goes through untouched: the bridge says what is wrong with it."""
    manifest = {"topic": "shop.orders", "subscriptions": {"billing": {"endpont": "https://billing.example.com"}}}
    assert "endpont" in helm.refuses(with_required(topics={"orders": manifest}))
    assert helm.renders(with_required(topics={"orders": yaml.safe_dump(manifest)})).manifests


def test_variables_can_stand_for_what_is_no_text(helm):
    config = {"limits": {"maxInFlight": "${IN_FLIGHT}", "recordMemory": "${MEMORY}"}, "egress": {"allowHTTP": "${PLAIN}"}, "group": "${GROUP}"}
    assert helm.renders(with_required(config=config)).configuration["limits"] == config["limits"]
