"""Mutations made by rules."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

import rules
import schemata
import swift_source
import workshop

# Declarations: what the engine is told, and what it shows; and its own check of its counts.
WITHOUT_DECISIONS = {"Audit.swift", "Effect.swift", "Input.swift", "Options.swift", "Snapshot.swift"}


@dataclasses.dataclass(frozen=True)
class Mutation:
    number: int
    file: str
    line: int
    code: str
    """The line where it begins."""
    change: str
    edit: schemata.Edit

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"


def generate(files: set[str]) -> list[Mutation]:
    """All mutations of these files of the engine (empty: of all), numbered from 1."""
    mutations: list[Mutation] = []
    for path in sorted(workshop.ENGINE.glob("*.swift")):
        if path.name in WITHOUT_DECISIONS or (files and path.stem not in files):
            continue
        text = path.read_text()
        lines = text.splitlines()
        for place in swift_source.places_of(text):
            line = text.count("\n", 0, place.start) + 1
            for becomes, change in rules.variants(place, text):
                number = len(mutations) + 1
                edit = schemata.Edit(number, place.start, place.end, place.form, becomes)
                mutations.append(Mutation(number, path.name, line, lines[line - 1].strip(), change, edit))
    return mutations


def build(shop: workshop.Workshop, mutations: list[Mutation], say: Callable[[str], None]) -> list[Mutation]:
    """Builds them into one engine; returns those that compile."""
    alive = {mutation.number: mutation for mutation in mutations}
    while True:
        by_file: dict[str, list[schemata.Edit]] = {}
        for mutation in alive.values():
            by_file.setdefault(mutation.file, []).append(mutation.edit)
        rewritten = {name: schemata.rewrite((workshop.ENGINE / name).read_text(), edits) for name, edits in by_file.items()}
        shop.prepare(rewritten)
        try:
            shop.build("--build-tests")
            return list(alive.values())
        except workshop.BuildFailed as failure:
            errors = set(re.findall(r"/DeliveryCore/(\w+\.swift):(\d+):\d+: error:", str(failure)))
            faulty = {
                number for name, line in errors if name in rewritten for number in schemata.mutations_at_line(rewritten[name], int(line))
            }
            if not faulty & alive.keys():
                raise
            say(f"{len(alive)} mutations; {len(faulty)} of them do not compile and are left out")
            for number in faulty:
                alive.pop(number, None)
