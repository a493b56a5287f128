"""The workflows of .github/ run what there is."""

import pathlib
import re
import subprocess
import sys

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def workflow(name):
    text = (ROOT / f".github/workflows/{name}.yml").read_text()
    # `on` is a truth value to YAML 1.1.
    return {"on" if key is True else key: value for key, value in yaml.safe_load(text).items()}


def steps(loaded):
    return [step for job in loaded["jobs"].values() for step in job["steps"]]


def lines(loaded):
    return [line for step in steps(loaded) for line in step.get("run", "").splitlines()]


@pytest.mark.parametrize("name", [path.stem for path in WORKFLOWS])
def test_a_workflow_is_whole(name):
    loaded = workflow(name)
    assert {"name", "on", "permissions", "jobs"} <= loaded.keys()
    assert loaded["permissions"] == {"contents": "read"}, "more only for the job that needs it"
    for job in loaded["jobs"].values():
        assert "runs-on" in job and job["steps"]
        assert set(job.get("needs", "").split()) <= loaded["jobs"].keys()
    for step in steps(loaded):
        assert ("run" in step) != ("uses" in step), step
        assert "uses" not in step or re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"]), step
    for line in lines(loaded):
        for target in re.findall(r"\bmake ([a-z][a-z-]*)", line):
            # `apt-get install make python3` installs it.
            assert "apt-get" in line or target in TARGETS, f"{name}: there is no make {target}"


def test_workflows_are_what_github_takes():
    """The schema comes with the package: nothing is fetched."""
    done = subprocess.run([sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS], capture_output=True, text=True)
    assert done.returncode == 0 and len(WORKFLOWS) == 2, done.stdout + done.stderr


def test_changes_are_tested_by_the_two_commands_of_the_readme():
    loaded = workflow("ci")
    assert "pull_request" in loaded["on"] and loaded["on"]["push"] == {"branches": ["main"]}
    commands = [" ".join(line.split()[:2]) for line in lines(loaded)]
    readme = re.findall(r"^(make \w+) +#", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert sorted(readme) == ["make demo", "make test"] and set(readme) <= set(commands)


def test_tags_make_the_packages():
    loaded = workflow("release")
    assert loaded["on"] == {"push": {"tags": ["v*"]}}
    assert "make dist" in lines(loaded)
    (files,) = [re.search(r"dist/fanfare_\S+deb", line)[0] for line in lines(loaded) if line.startswith("test -e")]
    assert "fanfare_${version}_$architecture.deb" in (ROOT / "scripts/dist").read_text() and files.endswith("_amd64.deb")
