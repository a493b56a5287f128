"""values.yaml, its schema, the README's table and the default rendering say the same."""

import json
import os
import pathlib
import re
import subprocess
import sys

import pytest
import yaml

from chart import CHART, REQUIRED, ROOT, Helm

VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
# Helm's own, Kubernetes' own, and the keys of fanfare.yaml, which docs/MANIFESTS.md has.
ELSEWHERE = {"global", "resources", "config"}
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


@pytest.fixture(params=["helm3", "helm4"])
def helm(request, tmp_path):
    return Helm(request.param, tmp_path)


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
