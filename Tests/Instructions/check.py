#!/usr/bin/env python3
"""Holds what an event costs on its way to what it cost before: instructions and allocations of single stages, counted by callgrind.

    Tests/Instructions/check.py                 # fails where an event became more than 5% dearer
    Tests/Instructions/check.py engine match    # these stages only
    Tests/Instructions/check.py --write         # after a change that is worth its price, or made something cheaper

Each stage runs twice, with N events and with twice as many: the difference is what N events cost, and nothing else is in it. Hashing is the
same in every run, and the libraries take the code that every processor of the architecture can run, so that two machines with one
compiler count the same. Costs are in costs.json, with the compiler that they were counted with.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parents[2]
COSTS = pathlib.Path(__file__).with_name("costs.json")
STAGES = ["engine", "engine-batches", "engine-ordered", "engine-fanout", "match", "structured", "binary", "signed", "mapped", "batches", "http"]
EVENTS = 2000
# Above it a change counts as dearer; the same below is told, so that costs.json comes down with what was won.
TOLERANCE = 0.05
# A stage that allocates nothing may do so now and then: memory that grows.
STRAY_ALLOCATIONS = 0.02
ALLOCATING = {"malloc", "calloc", "realloc", "posix_memalign", "aligned_alloc", "memalign"}
ENVIRONMENT = {
    **os.environ,
    "SWIFT_DETERMINISTIC_HASHING": "1",
    # Nothing beyond what x86-64 always had; other processors ignore it.
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX,-ERMS,-FSRM,-BMI1,-BMI2,-LZCNT,-MOVBE,-POPCNT,-SSE4_1,-SSE4_2,-SSSE3",
    "OPENSSL_ia32cap": "0:0",
}


def count(program, stage, events, folder):
    """Instructions and allocations of one run."""
    out = pathlib.Path(folder) / f"{stage}-{events}"
    words = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", program, "stage", stage, str(events)]
    done = subprocess.run(words, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))} ended with status {done.returncode}:\n{done.stdout[-3000:]}")
    text = out.read_text(errors="replace")
    return int(re.search(r"^(?:summary|totals): (\d+)", text, re.M)[1]), allocations(text)


def allocations(profile):
    """Calls of the functions that allocate: the format's names are written once, then numbers stand for them (Callgrind Format Specification)."""
    names, calls, callee = {}, 0, None
    for line in profile.splitlines():
        if line.startswith(("fn=", "cfn=")):
            number, name = re.match(r"c?fn=\((\d+)\)(?: (.*))?", line).groups()
            if name:
                names[number] = re.sub(r"(@.*|'\d+)$", "", name)
            if line.startswith("c"):
                callee = names[number]
        elif line.startswith("calls=") and callee in ALLOCATING:
            calls += int(line[6:].split()[0])
    return calls


def measure(program, stages):
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        # Valgrind 3.19 does not read the compiler's debugging information, and ends over it. Symbols stay.
        stripped = pathlib.Path(folder) / "program"
        subprocess.run(["strip", "--strip-debug", "-o", stripped, program], check=True)
        runs = {(s, n): pool.submit(count, stripped, s, n, folder) for s in stages for n in (EVENTS, 2 * EVENTS)}
        found = {}
        for stage in stages:
            (few, some), (more, many) = runs[stage, EVENTS].result(), runs[stage, 2 * EVENTS].result()
            found[stage] = {"instructions": round((more - few) / EVENTS, 1), "allocations": round((many - some) / EVENTS, 3)}
        return found


def compiler():
    first = subprocess.run(["swift", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    return re.search(r"Swift version (\S+)", first)[1]


def verdict(now, before):
    """`cheaper`, `DEARER` or None."""
    if now["allocations"] > before["allocations"] * (1 + TOLERANCE) + STRAY_ALLOCATIONS or now["instructions"] > before["instructions"] * (1 + TOLERANCE):
        return "DEARER"
    return "cheaper" if now["instructions"] < before["instructions"] * (1 - TOLERANCE) else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stages", nargs="*", metavar="STAGE", default=STAGES, help=", ".join(STAGES))
    parser.add_argument("--program", default=ROOT / ".build/release/fanfare-measure")
    parser.add_argument("--write", action="store_true", help="what they cost now is right")
    options = parser.parse_args()
    if unknown := set(options.stages) - set(STAGES):
        parser.error(f"there is no stage {', '.join(sorted(unknown))}; there are {', '.join(STAGES)}")
    known = json.loads(COSTS.read_text()) if COSTS.exists() else {"stages": {}}
    found = measure(options.program, options.stages)
    print(f"{'per event':<16}{'instructions':>14}{'before':>12}{'':>9}{'allocations':>13}{'before':>9}")
    verdicts = {}
    for stage, now in found.items():
        before = known["stages"].get(stage)
        if before is None:
            verdicts[stage], change = None if options.write else "DEARER", "new"
            before = {"instructions": 0, "allocations": 0}
        else:
            verdicts[stage] = verdict(now, before)
            change = f"{now['instructions'] / before['instructions'] - 1:+.1%}"
        print(f"{stage:<16}{now['instructions']:>14,.0f}{before['instructions']:>12,.0f}{change:>9}{now['allocations']:>13.2f}{before['allocations']:>9.2f}"
              f"  {verdicts[stage] or ''}".rstrip())
    if options.write:
        COSTS.write_text(json.dumps({"compiler": compiler(), "stages": {**known["stages"], **found}}, indent=2) + "\n")
        return
    if known.get("compiler") != compiler():
        print(f"\ncosts.json was counted with Swift {known.get('compiler')}, this is {compiler()}: if nothing else has changed, write it anew")
    if dearer := [stage for stage, word in verdicts.items() if word == "DEARER"]:
        sys.exit(f"\n{', '.join(dearer)}: an event has become more than {TOLERANCE:.0%} dearer. `callgrind_annotate` shows where; if it is worth that, say so in "
                 "the commit and write costs.json anew: `make instructions ARGS=--write`")


if __name__ == "__main__":
    main()
