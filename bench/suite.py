#!/usr/bin/env python3
"""How fast Fanfare is, beside what the machine can do and what else there is: one command, a table, JSON.

Everything that is compared ran in this one run: same broker, same events, same endpoint, in turns. Absolute figures drift by tens of
percent between runs on a shared machine; ratios, and processor time per event, are what to compare. docs/PERFORMANCE.md explains
columns, settings and aims.
"""

import argparse
import contextlib
import dataclasses
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import columns
import report
from report import ROOT
from stage import Endpoints
from cases import SECTIONS
from programs import compiled, missing
from senders import Failed, FastTopic
from sinks import Counting, Nginx
from harness.world import World


class Stage:
    """What the cases of a section have in common: a broker with the section's topics, filled, and endpoints."""

    def __init__(self, world, options, section):
        self.world = world
        self.options = options
        self.notes = {}
        self.senders = []  # processes that a case started
        self.groups = 0
        self.topics, self.empty = {}, []
        self._sinks = {}
        self.planned = section.topics(options)
        for plan in self.planned:
            topic = FastTopic(world, plan["name"], plan["partitions"], {"event": {"type": {"pointer": "/type"}}})
            topic.events = plan["events"]
            world.topics[topic.name] = self.topics[topic.name] = topic
            if plan["name"].startswith("bench.empty"):
                self.empty.append(topic)
        # Each start of a bridge has a group, and so a retry topic, of its own.
        world.extra_topics = {f"run{n}.retry": 2 for n in range(24)}
        world.starts_broker()
        for plan in self.planned:
            if plan["events"]:
                self.produce(self.topics[plan["name"]], plan["events"], plan["size"], 0, plan["run"], plan["types"], plan["codec"])

    @property
    def brokers(self):
        return self.world.kafka.properties["bootstrap.servers"]

    @property
    def load_seconds(self):
        """Of the load generators, which take whole ones."""
        return max(1, round(self.options.seconds))

    def kafka(self, **properties):
        return {"bootstrapServers": self.brokers,
                "properties": {"session.timeout.ms": 4500, "heartbeat.interval.ms": 500, "fetch.wait.max.ms": 20, **properties}}

    def next_group(self):
        self.groups += 1
        return f"run{self.groups - 1}"

    def next_empty_topic(self):
        return self.empty.pop(0)

    def events(self, topic):
        return self.topics[topic].events

    def produce(self, topic, *words, **more):
        """Waits until everything is acknowledged; returns by how many microseconds the latest event was late."""
        process = self.starts_producing(topic, *words, **more)
        output, errors = process.communicate()
        if process.returncode:
            sys.exit(f"the producer failed: {errors}")
        return int(output)

    def starts_producing(self, topic, count, size, rate, run=100, types=1, codec="none"):
        words = [compiled("produce"), self.brokers, topic.name, topic.partitions, count, size, rate, run, types, codec]
        return subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    # Endpoints, each made when it is first asked for

    def nginx(self, secure=False):
        return self._sink("nginx", lambda: Nginx(self.world, secure=secure))

    def endpoint(self):
        return self._sink("endpoint", lambda: Counting(self.world))

    def slow_endpoint(self):
        return self._sink("slow", lambda: Endpoints(self.world, "slow"))

    def _sink(self, name, make):
        if name not in self._sinks:
            self._sinks[name] = make()
        return self._sinks[name]

    def request(self, size):
        """What load generators send: a delivery in binary mode, with headers as Fanfare and the floors send them."""
        value = b'{"type":"t0","at":%d,"padding":"%s"}' % (time.time_ns(), b"x" * (size - 52))
        return {"body": value, "headers": [
            ("user-agent", "fanfare/0"), ("content-type", "application/json"), ("ce-specversion", "1.0"), ("ce-type", "t0"),
            ("ce-source", "kafka:bench.orders"), ("ce-id", "bench.orders-0-123456"), ("ce-time", "2026-01-01T00:00:00.000Z"),
            ("webhook-id", "bench.orders-0-123456"), ("webhook-timestamp", "1767225600"), ("fanfare-subscription", "hook"), ("fanfare-attempt", "1"),
            ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")]}


@contextlib.contextmanager
def staged(options, section):
    with tempfile.TemporaryDirectory(prefix="fanfare-bench-") as folder:
        world = World(options.program.resolve(), pathlib.Path(folder))
        try:
            yield Stage(world, options, section)
        finally:
            world.end()


def run(options, section, progress):
    """All rounds of a section: figures of each case by round, and what was left out."""
    rounds, left_out, settings = [], {}, {}
    stages = options.rounds if section.anew else 1
    for _ in range(stages):
        with staged(options, section) as stage:
            cases = chosen(options, section.build(stage), left_out)
            settings |= {case.name: case.settings for case in cases}
            for _ in range(options.rounds // stages):
                rounds.append(one_round(section, stage, cases, left_out, progress))
                progress.end(f"{section.name}, round {len(rounds)} of {options.rounds}")
    return rounds, [f"{name}: {reason}" for name, reason in left_out.items()], settings


def chosen(options, cases, left_out):
    """Those that were asked for, can be measured here, and did not fail in a round before."""
    wanted = [case for case in cases if not options.cases or any(word in case.name for word in options.cases)]
    left_out |= {case.name: reason for case in wanted if case.needs and (reason := missing(case.needs))}
    return [case for case in wanted if case.name not in left_out]


def one_round(section, stage, cases, left_out, progress):
    figures = {}
    for case in cases:
        if case.name in left_out:
            continue
        progress.begin(f"{section.name}: {case.name}")
        try:
            figures[case.name] = case.round(stage)
        except (Failed, AssertionError) as failure:
            left_out[case.name] = str(failure).splitlines()[0]
            print(f"bench: {case.name}: {failure}", file=sys.stderr)
            for sender in stage.senders:
                sender.kill()
    return figures


def summary(rounds):
    """Medians by case, and how far apart the rounds' speeds are."""
    rows = []
    for name in dict.fromkeys(name for figures in rounds for name in figures):
        measured = [figures[name] for figures in rounds if name in figures]
        row = {"case": name}
        for figure in measured[0]:
            values = [m[figure] for m in measured if m[figure] is not None]
            row[figure] = statistics.median(values) if values else None
        speeds = [m["per_second"] for m in measured if m.get("per_second")]
        if len(speeds) > 1:
            row["spread"] = (max(speeds) - min(speeds)) / statistics.median(speeds)
        rows.append(row)
    return rows


def judged(section, rounds):
    """Each aim of the section with what was measured: the median of the rounds' own ratios, and the lowest and highest of them."""
    results = []
    for aim in section.aims:
        values = sorted(v for v in (aim.value(figures) for figures in rounds) if v is not None)
        middle = statistics.median(values) if values else None
        results.append({
            **dataclasses.asdict(aim), "value": middle, "lowest": values[0] if values else None, "highest": values[-1] if values else None,
            "reached": aim.reached(middle) if values else None})
    return results


def versions():
    """Of what others made."""
    return [line for line in (ROOT / "scripts/bench-requirements.txt").read_text().splitlines() if "==" in line]


def words(text):
    return [word.strip() for word in text.split(",") if word.strip()]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    report.add_options(parser)
    names = [section.name for section in SECTIONS]
    parser.add_argument("--only", type=words, metavar="SECTION,...", help=f"of {', '.join(names)}; without it all but curves")
    parser.add_argument("--cases", nargs="+", metavar="TEXT", help="only cases whose name contains one of these")
    parser.add_argument("--rounds", type=int, default=2, help="of each section; its cases take turns in each (default 2)")
    parser.add_argument("--seconds", type=float, default=2.5, help="at most, of each round of a case, from the first delivery (default 2.5)")
    parser.add_argument("--events", type=int, default=80_000, help="on a topic (default 80,000)")
    parser.add_argument("--list", action="store_true", help="sections and aims, without running anything")
    options = parser.parse_args()
    if options.only and (unknown := set(options.only) - set(names)):
        parser.error(f"no such section: {', '.join(sorted(unknown))}; there are: {', '.join(names)}")
    if options.quick:
        options.rounds, options.seconds, options.events = 1, 1, 5000
    return options


def main():
    options = arguments()
    sections = [s for s in SECTIONS if (s.name in options.only if options.only else not s.scaling)]
    if options.list:
        for section in sections:
            print(f"{section.name}: {section.title}")
            for aim in section.aims:
                print(f"  {aim.what}")
        return
    began = time.monotonic()
    progress = report.Progress(options.rounds * len(sections))
    results, texts = {}, []
    for section in sections:
        rounds, left_out, settings = run(options, section, progress)
        rows, aims = summary(rounds), judged(section, rounds)
        results[section.name] = {"title": section.title, "rows": rows, "aims": aims, "rounds": rounds, "left_out": left_out, "settings": settings}
        notes = "\n".join(f"left out: {what}" for what in left_out)
        tables = [report.table(lines) for lines in (columns.figures(rows), columns.aims(aims)) if len(lines) > 1]
        texts.append("\n\n".join(part for part in (f"## {section.title}", *tables, notes) if part))
    progress.close()
    how = sorted({what for result in results.values() for what in result["settings"].values() if what})
    texts.append("\n  ".join(["Settings", *how, f"others: {', '.join(versions())}"]))
    missed = [aim["what"] for result in results.values() for aim in result["aims"] if aim["reached"] is False]
    count = sum(aim["reached"] is not None for result in results.values() for aim in result["aims"])
    texts.append(f"{count - len(missed)} of {count} aims reached, in {time.monotonic() - began:.0f} s; medians of {options.rounds} rounds")
    report.emit(options, "\n" + "\n\n".join(texts), {"sections": results, "versions": versions(), "took_seconds": round(time.monotonic() - began)})


if __name__ == "__main__":
    main()
