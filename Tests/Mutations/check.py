#!/usr/bin/env python3
"""Whether the simulator finds each of the deliberate bugs of bugs.toml, with the checker and within the seeds stated there.

All bugs are built into one copy of the engine, and chosen at run time: see schemata.py.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import sys
import time

import curated
import workshop
from progress import Progress


@dataclasses.dataclass(frozen=True)
class Verdict:
    bug: curated.Bug
    seeds: int | None
    """Until the stated checker noticed; None: it did not."""
    others: dict[str, int]
    """The first seeds at which other checkers noticed."""

    @property
    def is_found(self) -> bool:
        return self.seeds is not None and self.seeds <= self.bug.within

    def shown(self) -> dict:
        return {
            "bug": self.bug.name, "breaks": self.bug.breaks, "checker": self.bug.caught_by, "within": self.bug.within,
            "seeds": self.seeds, "found": self.is_found, "others": self.others,
        }


def judge(shop: workshop.Workshop, bug: curated.Bug, seeds: int | None) -> Verdict:
    run = shop.run(bug.number, list(range(1, (seeds or bug.within) + 1)), bug.caught_by, bug.world)
    first = {}
    for broken in run.broken:
        first.setdefault(broken.clause, broken.seed)
    return Verdict(bug, first.pop(bug.caught_by, None), first)


def table(verdicts: list[Verdict]) -> str:
    rows = [("bug", "checker", "seeds", "within", "")]
    for verdict in verdicts:
        others = ", ".join(f"{clause} at {seed}" for clause, seed in verdict.others.items())
        note = "" if verdict.is_found else "NOT FOUND" + (f" ({others})" if others else "")
        rows.append((verdict.bug.name, verdict.bug.caught_by, str(verdict.seeds or "-"), str(verdict.bug.within), note))
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    return "\n".join(
        f"{row[0]:{widths[0]}}  {row[1]:{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]:>{widths[3]}}  {row[4]}".rstrip() for row in rows
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bugs", nargs="*", metavar="NAME", help="only these (all of them)")
    parser.add_argument("--table", type=pathlib.Path, default=curated.TABLE, help="of bugs (%(default)s)")
    parser.add_argument("--seeds", type=int, help="run that many seeds for each, not only as many as stated")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes at once (%(default)s)")
    parser.add_argument("--output", choices=["text", "json"], default="text")
    parser.add_argument("--folder", type=pathlib.Path, default=workshop.ROOT / ".build-mutations", help="where to build")
    options = parser.parse_args()

    bugs = curated.load(options.table)
    if unknown := set(options.bugs) - {bug.name for bug in bugs}:
        parser.error(f"no bug is called {', '.join(sorted(unknown))}")
    chosen = [bug for bug in bugs if not options.bugs or bug.name in options.bugs]
    started = time.monotonic()
    shop = workshop.Workshop(options.folder)
    shop.prepare(curated.rewritten(bugs))
    with Progress("build", None):
        shop.build()

    longest = {bug.world: 0 for bug in chosen}
    for bug in chosen:
        longest[bug.world] = max(longest[bug.world], options.seeds or bug.within)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool, Progress("bugs", len(chosen) + len(longest)) as progress:
        clean = [pool.submit(shop.run, 0, list(range(1, seeds + 1)), None, world) for world, seeds in longest.items()]
        futures = [pool.submit(judge, shop, bug, options.seeds) for bug in chosen]
        for future in concurrent.futures.as_completed([*clean, *futures]):
            progress.advance()
            future.result()
    verdicts = [future.result() for future in futures]
    false_alarms = [alarm for future in clean for alarm in future.result().broken]
    without_bug = sum(longest.values())
    missed = [verdict for verdict in verdicts if not verdict.is_found]

    if options.output == "json":
        alarms = [dataclasses.asdict(alarm) for alarm in false_alarms]
        print(json.dumps({"bugs": [verdict.shown() for verdict in verdicts], "withoutBug": {"seeds": without_bug, "broken": alarms}}, indent=2))
    else:
        print(table(verdicts))
        print(f"{len(verdicts) - len(missed)} of {len(verdicts)} bugs found, in {time.monotonic() - started:.0f} s; ", end="")
        print(f"without a bug, {without_bug} seeds keep the contract" if not false_alarms else f"WITHOUT A BUG, seed {false_alarms[0].seed} breaks {false_alarms[0].clause}: {false_alarms[0].text}")
    return 1 if missed or false_alarms else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (curated.TableError, workshop.BuildFailed) as error:
        sys.exit(f"{error}")
