#!/usr/bin/env python3
"""Changes the engine in hundreds of small ways, and lists the changes that neither the simulator nor a unit test notices.

Each survivor is one of three things: a hole in the checkers or in the mix of scenarios, code that nobody needs, or a
change that does no harm. The last are kept, with the reason, in accepted.toml, and not shown again.

All mutations are built into one copy of the engine, and chosen at run time: see schemata.py.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import sys
import tomllib

import generated
import workshop
from progress import Progress

ACCEPTED = workshop.HERE / "accepted.toml"


@dataclasses.dataclass(frozen=True)
class Survivor:
    mutation: generated.Mutation
    seeds: int
    """Run, all of which come by the place."""
    changed: int
    """Seeds among them whose trace the mutation changes."""

    def shown(self) -> dict:
        return {
            "file": self.mutation.file, "line": self.mutation.line, "code": self.mutation.code, "change": self.mutation.change,
            "seeds": self.seeds, "changedTraces": self.changed,
        }

    def __str__(self) -> str:
        if not self.seeds:
            note = "no seed comes by"
        elif not self.changed:
            note = f"same traces of {self.seeds} seeds"
        else:
            note = f"other traces of {self.changed} of {self.seeds} seeds"
        return f"{self.mutation.place}  {self.mutation.change}  ({note})"


class Hunt:
    def __init__(self, shop: workshop.Workshop, seeds: int, each: int):
        self.shop, self.each = shop, each
        reference = shop.run(0, list(range(1, seeds + 1)))
        if reference.broken:
            raise SystemExit(f"without a mutation seed {reference.broken[0].seed} breaks {reference.broken[0].clause}")
        if not shop.unit_tests_pass(0):
            raise SystemExit("without a mutation a unit test fails")
        self.digests = reference.digests
        self.seeds_by: dict[int, list[int]] = {}
        for seed, reached in shop.reached(list(range(1, seeds + 1))).items():
            for number in reached:
                self.seeds_by.setdefault(number, []).append(seed)

    def survivor(self, mutation: generated.Mutation) -> Survivor | None:
        """None when something notices the mutation."""
        seeds = self.seeds_by.get(mutation.number, [])[: self.each]
        run = self.shop.run(mutation.number, seeds)
        if run.broken or not self.shop.unit_tests_pass(mutation.number):
            return None
        return Survivor(mutation, len(seeds), sum(self.digests[seed] != digest for seed, digest in run.digests.items()))


class Accepted:
    """The table of survivors that do no harm."""

    def __init__(self, table: pathlib.Path):
        self.entries = tomllib.loads(table.read_text())["accepted"]

    @staticmethod
    def _excuses(entry: dict, change: str, mutation: generated.Mutation) -> bool:
        return entry["file"] == mutation.file and entry.get("code", mutation.code) == mutation.code and change == mutation.change

    def __contains__(self, mutation: generated.Mutation) -> bool:
        return any(self._excuses(entry, change, mutation) for entry in self.entries for change in entry["changes"])

    def stale(self, mutations: list[generated.Mutation]) -> list[str]:
        """What is excused in files of these mutations and is none of them: the code has changed since."""
        files = {mutation.file for mutation in mutations}
        return [
            f"{entry['file']}: {change}"
            for entry in self.entries
            if entry["file"] in files
            for change in entry["changes"]
            if not any(self._excuses(entry, change, mutation) for mutation in mutations)
        ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", metavar="FILE", help="of Sources/DeliveryCore, such as Cursor (all of them)")
    parser.add_argument("--seeds", type=int, default=400, help="seeds to look for those that come by a mutation's place (%(default)s)")
    parser.add_argument("--each", type=int, default=60, help="most seeds to run of those for each mutation (%(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes at once (%(default)s)")
    parser.add_argument("--all", action="store_true", help="list survivors of accepted.toml, too")
    parser.add_argument("--output", choices=["text", "json"], default="text")
    parser.add_argument("--folder", type=pathlib.Path, default=workshop.ROOT / ".build-mutants", help="where to build")
    options = parser.parse_args()

    shop = workshop.Workshop(options.folder)
    accepted = Accepted(ACCEPTED)
    mutations = generated.generate(set(options.files))
    if stale := accepted.stale(mutations):
        raise SystemExit("\n".join([f"{ACCEPTED.name} excuses what is no mutation any more:", *stale]))
    mutations = generated.build(shop, mutations, say=lambda text: print(text, file=sys.stderr, flush=True))
    hunt = Hunt(shop, options.seeds, options.each)
    wanted = [mutation for mutation in mutations if options.all or mutation not in accepted]
    survivors: list[Survivor] = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool, Progress("mutations", len(wanted)) as progress:
        for survivor in pool.map(hunt.survivor, wanted):
            progress.advance()
            if survivor:
                survivors.append(survivor)
                if options.output == "text":
                    progress.clear()
                    print(survivor, flush=True)
    if options.output == "json":
        print(json.dumps({"mutations": len(mutations), "accepted": len(mutations) - len(wanted), "survivors": [s.shown() for s in survivors]}, indent=2))
    else:
        print(f"{len(survivors)} of {len(mutations)} mutations survive; {len(mutations) - len(wanted)} more are in {ACCEPTED.name}")
    return 1 if survivors else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except workshop.BuildFailed as error:
        sys.exit(f"{error}")
