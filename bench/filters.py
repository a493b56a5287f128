#!/usr/bin/env python3
"""How many events a second the filters of a topic take on one core, by how many subscriptions there are and what they ask.

One matcher has all subscriptions of a topic. Events of 1 KiB go through it on one thread, and each matches about one
subscription of a kind: what is measured is the cost of those that do not match. *one by one* runs every filter for every
event, on values that are read once, as the matcher does without its index. *with decoding* begins with the record: it is
checked and read as a CloudEvent first. The last columns are what a change costs: from nothing to all subscriptions, one
of them added or removed (the middle and the worst of 500 of each), and a whole list of which one differs, as after a
reload.

Times are the thread's own processor time, rates those of the best of five parts of a measurement. On a machine that does other
things they are too low all the same; ratios within one run say more. Counts of filters that are thought of and run for an event do not depend on the machine.
"""

import argparse
import json
import subprocess

import report

KINDS = {
    "exact": "a type of five, and a customer's id",
    "prefix": "the beginning of the subject",
    "numeric": "a range of an amount",
    "wildcard": "a part of a path",
    "mixed": "a tenth each: those four, three common conditions, not and anything-but, sql, any, any case, suffix",
}
COUNTS = [1, 100, 10_000, 100_000]


def run(options, kind, count):
    words = [options.bench, "filters", "--kind", kind, "--count", str(count), "--seconds", str(options.seconds), "--size", str(options.size)]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, words))} ended with status {done.returncode}:\n{done.stderr}")
    found = json.loads(done.stdout)
    return {
        "kind": kind,
        "filters": count,
        "events_per_s": round(found["eventsPerSecond"]),
        "events_per_s_decoded": round(found["eventsPerSecondDecoded"]),
        "events_per_s_one_by_one": round(found["eventsPerSecondOneByOne"]),
        "times_one_by_one": round(found["eventsPerSecond"] / found["eventsPerSecondOneByOne"], 1),
        "found": round(found["foundPerEvent"], 2),
        "run": round(found["runPerEvent"], 2),
        "matched": round(found["matchesPerEvent"], 2),
        "build_ms": round(found["buildMilliseconds"], 1),
        **{f"{change}_ms": round(found[f"{change}Milliseconds"][share], 3)
           for change, share in (("add", "median"), ("remove", "median"), ("reload", "median"))},
        **{f"{change}_most_ms": round(found[f"{change}Milliseconds"]["most"], 3) for change in ("add", "remove")},
    }


def text(options, rows):
    lines = [("filters", "", "events/s", "decoded", "one by one", "times", "found", "run", "build ms", "add", "worst", "remove", "worst", "reload")]
    for row in rows:
        lines.append((
            row["kind"], f"{row['filters']:,}", f"{row['events_per_s']:,}", f"{row['events_per_s_decoded']:,}", f"{row['events_per_s_one_by_one']:,}",
            f"{row['times_one_by_one']:,.1f}", f"{row['found']:.1f}", f"{row['run']:.1f}", f"{row['build_ms']:,.0f}",
            *(f"{row[name]:.3f}" for name in ("add_ms", "add_most_ms", "remove_ms", "remove_most_ms", "reload_ms"))))
    said = [f"{kind}: {words}" for kind, words in KINDS.items()]
    return f"\nevents of {options.size} bytes, one core, {options.seconds:g} s a measurement\n\n{report.table(lines)}\n\n" + "\n".join(said)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    report.add_options(parser)
    parser.add_argument("--bench", default=report.ROOT / ".build/release/fanfare-measure", help="the program that measures")
    parser.add_argument("--only", nargs="+", metavar="KIND", choices=KINDS, default=list(KINDS), help=f"only these kinds, of {', '.join(KINDS)}")
    parser.add_argument("--counts", type=int, nargs="+", metavar="N", default=COUNTS, help="subscriptions (default 1 100 10000 100000)")
    parser.add_argument("--seconds", type=float, default=2, help="of each measurement (default 2)")
    parser.add_argument("--size", type=int, default=1024, help="bytes of an event (default 1024)")
    options = parser.parse_args()
    if options.quick:
        options.seconds, options.counts = 0.1, [count for count in options.counts if count <= 10_000]
    plan = [(kind, count) for kind in options.only for count in options.counts]
    progress = report.Progress(len(plan))
    rows = []
    for kind, count in plan:
        progress.begin(f"{kind}, {count:,} filters")
        rows.append(run(options, kind, count))
        progress.end(f"{kind}, {count:,} filters: {rows[-1]['events_per_s']:,} events/s")
    progress.close()
    report.emit(options, text(options, rows), {"rows": rows})


if __name__ == "__main__":
    main()
