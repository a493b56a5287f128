"""The codes of docs/ERRORS.md are those of the program, and the program says them."""

import json
import re
import subprocess

import pytest

from pages import BY_NAME, ROOT

# Where the codes are, and the heading of their table.
LISTS = {
    "Configuration and manifests": "Sources/Manifests/Problem.swift",
    "What fanfare doctor finds": "Sources/fanfare/Doctor/Finding.swift",
    "Failures of deliveries": "Sources/EventModel/Failure.swift",
}


def codes(path):
    """Of the first enumeration called Code or FailureKind."""
    body = re.search(r"enum (?:Code|FailureKind): String.*?\n( *)\}", (ROOT / path).read_text(), re.S)[0]
    cases = re.findall(r"^ *case (\w+)(?: = \"([a-z-]+)\")?$", body, re.M)
    assert len(cases) > 5
    return [value or name for name, value in cases]


@pytest.mark.parametrize("heading", LISTS)
def test_every_code_is_explained_and_no_other(heading):
    section = BY_NAME["ERRORS.md"].text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+) \| (.+) \|$", section, re.M)
    assert sorted(name for name, *_ in rows) == sorted(codes(LISTS[heading]))


def test_check_says_its_codes(program, tmp_path):
    (tmp_path / "topics").mkdir()
    (tmp_path / "fanfare.yaml").write_text("kafka: { bootstrapServers: localhost:9092 }\n")
    (tmp_path / "topics" / "orders.yaml").write_text("topic: orders\nsubscriptions:\n  billing:\n    endpont: https://example.com\n")
    expected = {"unknown-key", "missing-key", "unsigned"}

    text = subprocess.run([program, "check"], cwd=tmp_path, capture_output=True, text=True).stdout
    assert set(re.findall(r": (?:error|warning): .* \[([a-z-]+)\]$", text, re.M)) == expected, text
    found = subprocess.run([program, "check", "--output", "json"], cwd=tmp_path, capture_output=True, text=True).stdout
    assert {problem["code"] for problem in json.loads(found)["problems"]} == expected
    doctor = subprocess.run([program, "doctor"], cwd=tmp_path, capture_output=True, text=True)
    assert doctor.returncode == 78 and "[unknown-key]" in doctor.stderr
