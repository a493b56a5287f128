#!/usr/bin/env python3
"""Draws the curves of a run of the suite: plots.py curves.json FOLDER. It needs matplotlib, which is in .venv-bench."""

import json
import pathlib
import re
import sys

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

# What the name of a case says: the picture's name, the axes, the figure.
CURVES = {
    "subscriptions": ("subscriptions on one topic", "deliveries/s", "per_second"),
    "filters": ("filters of one subscription, the last of which matches", "events/s", "per_second"),
    "partitions": ("partitions", "events/s", "per_second"),
    "shards": ("shards", "events/s", "per_second"),
    "others": ("subscriptions beside it that do not match", "CPU us per event", "cpu_us"),
    "backlog": ("events that wait, nobody answers", "peak resident MiB", "peak_rss_mib"),
}


def points(rows, what):
    """(number, row) of each case of a curve."""
    found = ((re.fullmatch(rf"curve: {what} (\d+)", row["case"]), row) for row in rows)
    return sorted((int(match[1]), row) for match, row in found if match)


def draw(what, rows, run, folder):
    label, unit, figure = CURVES[what]
    pairs = [(number, row[figure]) for number, row in points(rows, what) if row.get(figure) is not None]
    if not pairs:
        return
    picture, axes = pyplot.subplots(figsize=(6, 3.5), layout="constrained")
    axes.plot(*zip(*pairs), marker="o")
    axes.set(xlabel=label, ylabel=unit, ylim=(0, None))
    axes.set_xscale("log")
    axes.set_xticks([number for number, _ in pairs], [f"{number:,}" for number, _ in pairs])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.set_title(f"{run['commit']}, {run['machine']['cores']} cores, medians of {run['options']['rounds']} rounds", fontsize=8)
    path = folder / f"curve-{what}.png"
    picture.savefig(path, dpi=120)
    pyplot.close(picture)
    print(path)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    run = json.loads(pathlib.Path(sys.argv[1]).read_text())
    folder = pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    if "curves" not in run["sections"]:
        sys.exit("this run has no curves; `make bench-plots` makes one")
    for what in CURVES:
        draw(what, run["sections"]["curves"]["rows"], run, folder)


if __name__ == "__main__":
    main()
