"""Renders the chart with the Helm binaries that scripts/helm-binaries fetched."""

import os
import pathlib
import subprocess

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "fanfare"
TOOLS = ROOT / ".venv-tests"
REQUIRED = {"config": {"kafka": {"bootstrapServers": "broker:9092"}}}


def program():
    path = ROOT / os.environ.get("FANFARE_PROGRAM", ".build/release/fanfare")
    assert path.exists(), f"there is no program at {path}; `make test-packaging` builds it"
    return path


class Helm:
    def __init__(self, version, folder):
        self.binary = TOOLS / version
        self.folder = folder
        assert self.binary.exists(), f"{self.binary} is missing: run scripts/helm-binaries"

    def run(self, *words, values=None, extra=()):
        command = [self.binary, *words]
        if values is not None:
            path = self.folder / "values.yaml"
            path.write_text(yaml.safe_dump(values))
            command += ["--values", path]
        # Helm keeps its state in folders of its own, away from the user's.
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.folder)}
        return subprocess.run([str(word) for word in [*command, *extra]], capture_output=True, text=True, env=environment)

    def renders(self, values, *extra):
        """The objects, by kind; those of a kind that occurs twice by kind and name."""
        done = self.run("template", "events", CHART, values=values, extra=extra)
        assert done.returncode == 0, done.stderr
        return Rendered(yaml.safe_load_all(done.stdout))

    def refuses(self, values):
        done = self.run("template", "events", CHART, values=values)
        assert done.returncode != 0, f"these values were taken:\n{yaml.safe_dump(values)}"
        return done.stderr


class Rendered:
    def __init__(self, documents):
        self.objects = [document for document in documents if document]

    def kinds(self):
        return sorted(o["kind"] for o in self.objects)

    def the(self, kind, name=None):
        found = [o for o in self.objects if o["kind"] == kind and name in (None, o["metadata"]["name"])]
        assert len(found) == 1, f"{len(found)} of {kind} {name or ''}"
        return found[0]

    @property
    def workload(self):
        (found,) = [o for o in self.objects if o["kind"] in ("Deployment", "StatefulSet")]
        return found

    @property
    def pod(self):
        return self.workload["spec"]["template"]

    @property
    def container(self):
        return self.pod["spec"]["containers"][0]

    @property
    def configuration(self):
        return yaml.safe_load(self.the("ConfigMap", "events-fanfare")["data"]["fanfare.yaml"])

    @property
    def manifests(self):
        return self.the("ConfigMap", "events-fanfare-topics")["data"]

    def made_by_hooks(self):
        """What is not part of the release: made before it, or when it is tested."""
        return [o for o in self.objects if "helm.sh/hook" in o["metadata"].get("annotations", {})]


def with_required(**values):
    merged = {**REQUIRED, **values}
    if "config" in values:
        merged["config"] = {**REQUIRED["config"], **values["config"]}
    return merged
