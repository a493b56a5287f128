"""The table of deliberate bugs."""

from __future__ import annotations

import dataclasses
import pathlib
import tomllib

import schemata
import workshop

TABLE = workshop.HERE / "bugs.toml"


class TableError(Exception):
    """The table and the engine do not fit together."""


@dataclasses.dataclass(frozen=True)
class Bug:
    number: int
    name: str
    breaks: str
    caught_by: str
    within: int
    world: str
    """Whose seeds find it: events, or windows."""
    edits: dict[str, list[schemata.Edit]]
    """By file."""


def load(table: pathlib.Path) -> list[Bug]:
    bugs: list[Bug] = []
    for entry in tomllib.loads(table.read_text()).get("bug", []):
        number = len(bugs) + 1
        edits: dict[str, list[schemata.Edit]] = {}
        for described in entry["edit"]:
            edits.setdefault(described["file"], []).append(_edit(number, entry["name"], described))
        bugs.append(Bug(number, entry["name"], entry["breaks"], entry["caught-by"], entry["within"], entry.get("world", "events"), edits))
    if duplicate := next((bug.name for bug in bugs if sum(other.name == bug.name for other in bugs) > 1), None):
        raise TableError(f"two bugs are called {duplicate}")
    return bugs


def _edit(number: int, name: str, described: dict[str, str]) -> schemata.Edit:
    form = schemata.Form.EXPRESSION if "expression" in described else schemata.Form.STATEMENTS
    snippet = described[form.value]
    before, piece, _ = ("", snippet, "") if "«" not in snippet else (snippet.split("«")[0], *snippet.split("«")[1].split("»"))
    original = snippet.replace("«", "").replace("»", "")
    text = (workshop.ENGINE / described["file"]).read_text()
    if (times := text.count(original)) != 1:
        raise TableError(f"{name}: occurs {times} times in {described['file']}, not once: {original!r}")
    start = text.index(original) + len(before)
    return schemata.Edit(number, start, start + len(piece), form, described["becomes"])


def rewritten(bugs: list[Bug]) -> dict[str, str]:
    by_file: dict[str, list[schemata.Edit]] = {}
    for bug in bugs:
        for file, edits in bug.edits.items():
            by_file.setdefault(file, []).extend(edits)
    return {file: schemata.rewrite((workshop.ENGINE / file).read_text(), edits) for file, edits in by_file.items()}
