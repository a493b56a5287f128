"""What the benches share: a table, a progress bar, the machine they ran on, and figures as JSON."""

import datetime
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def add_options(parser):
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / ".build/release/fanfare")
    parser.add_argument("--output", choices=["text", "json"], default="text", help="what goes to standard output (default text)")
    parser.add_argument("--save", type=pathlib.Path, metavar="FILE", help="also writes the JSON there; docs/figures/ has the published ones")
    parser.add_argument("--conditions", default="", help="what to say of the machine beside the figures")
    parser.add_argument("--quick", action="store_true", help="a short run that shows whether everything works; its figures mean little")


def table(lines):
    """Lines of cells: the first column to the left, the others to the right."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join("  ".join(c.ljust(w) if not i else c.rjust(w) for i, (c, w) in enumerate(zip(line, widths))).rstrip() for line in lines)


def emit(options, text, result):
    result = {
        "at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip(),
        "machine": {"cores": os.cpu_count(), "kernel": platform.release(), "arch": platform.machine()},
        "conditions": options.conditions,
        "options": {name: str(value) if isinstance(value, pathlib.Path) else value for name, value in vars(options).items()},
        **result,
    }
    print(json.dumps(result, indent=2) if options.output == "json" else text)
    if options.save:
        options.save.parent.mkdir(parents=True, exist_ok=True)
        options.save.write_text(json.dumps(result, indent=2) + "\n")


class Progress:
    """A bar on a terminal, a line per step elsewhere; on standard error, so that standard output can be piped."""

    def __init__(self, steps):
        self.steps = steps
        self.done = 0
        self.started = time.monotonic()
        self.live = sys.stderr.isatty()

    def begin(self, what):
        if self.live:
            self._draw(what)

    def end(self, what):
        self.done += 1
        if self.live:
            self._draw(what)
        else:
            print(f"bench: {self.done} of {self.steps}: {what}", file=sys.stderr, flush=True)

    def close(self):
        if self.live:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def _draw(self, what):
        width = 24
        full = width * self.done // self.steps
        left = (time.monotonic() - self.started) / self.done * (self.steps - self.done) if self.done else None
        line = f"[{'#' * full}{'.' * (width - full)}] {self.done}/{self.steps}"
        line += f", {left / 60:.0f} min left" if left is not None and left >= 60 else f", {left:.0f} s left" if left is not None else ""
        print(f"\r\x1b[K{line}  {what}"[:shutil.get_terminal_size().columns + 4], end="", file=sys.stderr, flush=True)


class ProcessorUse:
    """Processor time of named processes, and of the whole machine, between two moments; in cores."""

    def __init__(self, **processes):
        self.processes = processes
        self.at = time.monotonic()
        self.before = self._now()

    def cores(self):
        seconds = time.monotonic() - self.at
        return {name: round((now - self.before[name]) / seconds, 3) for name, now in self._now().items()}

    def _now(self):
        with open("/proc/stat") as stat:
            fields = [int(field) for field in stat.readline().split()[1:9]]
        ticks = os.sysconf("SC_CLK_TCK")
        own = os.times()
        return {
            **{name: process.processor_seconds() for name, process in self.processes.items()},
            "bench": own.user + own.system,
            # user nice system idle iowait irq softirq steal
            "machine": (sum(fields) - fields[3] - fields[4]) / ticks,
        }


class Wakeups:
    """How late this machine wakes somebody who sleeps, beside what is measured: no figure of a latency can be better."""

    EVERY = 0.005

    def __enter__(self):
        self.late = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._follow)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def _follow(self):
        while not self.ended.is_set():
            due = time.time_ns() + int(self.EVERY * 1e9)
            time.sleep(self.EVERY)
            self.late.append((due, time.time_ns() - due))

    def figures(self, start=0, end=float("inf")):
        return spread(late for due, late in self.late if start <= due < end)


def percentile(values, share):
    """Of sorted nanoseconds, in milliseconds; None without values."""
    if not values:
        return None
    return round(values[min(len(values) - 1, int(share * len(values)))] / 1e6, 3)


def spread(nanoseconds):
    values = sorted(nanoseconds)
    return {"p50": percentile(values, 0.5), "p99": percentile(values, 0.99), "max": percentile(values, 1)}


def shown(number):
    return "-" if number is None else f"{number:.1f}"
