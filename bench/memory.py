#!/usr/bin/env python3
"""How much memory the bridge takes while a thousand subscriptions have a million events before them.

`limits.recordMemory` bounds the bytes of records that the bridge holds. What the process takes beside them must not
depend on the backlog, on what endpoints answer, or on how many subscriptions lag. Each case starts everything anew: the
topics are filled, the subscriptions begin at the earliest event, ten of them have an endpoint where nothing listens, and
the others have one that answers as the case says. The resident memory is looked at twenty times a second; *above* is its
peak less the bound, *beside* its peak less the records held, which is what to add to any bound. The cases without a backlog tell what a subscription and a partition cost by themselves.

A thousand subscriptions and a million events would be a thousand million deliveries. Nobody waits for them: memory grows
in the first seconds, or never.
"""

import argparse
import collections
import os
import re
import threading
import time

import report
from confluent_kafka import Producer
from stage import Endpoints, Target, free_port, keeps_all, silent, staged

MIB = 1 << 20
# Of 5 MiB that the embedded broker keeps per partition.
KEPT = 4_800_000


class Case:
    """`path` is what endpoints.py answers by. With `types`, all subscriptions share one topic and each takes one type."""

    def __init__(self, name, path="take", topics=10, partitions=4, subscriptions=1000, dead=10, events=1_000_000, size=500,
                 types=None, bound=None, **policies):
        self.name = name
        self.path = path
        self.topics = topics
        self.partitions = partitions
        self.subscriptions = subscriptions
        self.dead = dead
        self.events = events
        self.size = size
        self.types = types
        self.bound = bound
        self.policies = policies


def cases():
    idle = {"events": 0, "dead": 0}
    large = {"events": 16_000, "size": 64 << 10}
    return [
        Case("idle, 1 subscription", topics=1, subscriptions=1, **idle),
        Case("idle, 1000 subscriptions", topics=1, **idle),
        Case("idle, 100 partitions", topics=1, partitions=100, subscriptions=1, **idle),
        Case("1 hanging, 100 partitions", "hang", topics=1, partitions=100, subscriptions=1, dead=0),
        Case("answering"),
        Case("slow, 200 ms", "slow/200"),
        Case("hanging", "hang"),
        Case("failing 100%", "fail/1"),
        Case("failing 10%", "fail/0.1"),
        Case("endless answers", "endless"),
        Case("not reading", "unread"),
        Case("one topic, filters", "slow/200", topics=1, partitions=40, types=100),
        Case("batches of 100", "slow/200", batch={"maxEvents": 100, "maxWait": "100ms"}),
        Case("64 KiB, answering", **large),
        Case("64 KiB, hanging", "hang", **large),
        Case("64 KiB, failing 100%", "fail/1", **large),
        Case("64 KiB, not reading", "unread", **large),
    ]


def run(options, case, bound):
    properties = (assignment.split("=") for assignment in options.property)
    with staged(options, 100, properties, limits={"recordMemory": f"{bound}B"}) as world:
        return measure(options, world, case, bound)


def measure(options, world, case, bound):
    topics = [world.topic(f"bench.orders-{i}", partitions=case.partitions, event={"type": {"pointer": "/type"}}) for i in range(case.topics)]
    endpoints = Endpoints(world, "endpoints")
    for i in range(case.subscriptions):
        target = Target(world, f"hook-{i}", free_port_of_nobody() if i < case.dead else endpoints.port, case.path)
        filters = {"filters": [{"exact": {"type": f"t{i % case.types}"}}]} if case.types else {}
        topics[i % len(topics)].subscribe(target.name, target, start="earliest", **filters, **case.policies)
    world.starts_broker()
    fill(world, topics, case)
    bridge = world.bridge().starts(ready=False)
    bridge.is_ready(timeout=90)
    samples, most = [], {}
    figures = threading.Thread(target=follow, args=(bridge, most), daemon=True)
    figures.start()
    started = time.monotonic()
    while not samples or samples[-1][0] < options.seconds:
        world.check_processes()
        samples.append((round(time.monotonic() - started, 2), resident(bridge.process.pid)))
        time.sleep(0.05)
    peak = bridge.process.peak_memory()
    half = len(samples) // 2
    row = {
        "case": case.name, "bound_mib": bound // MIB, "subscriptions": case.subscriptions, "partitions": case.topics * case.partitions,
        "events": case.events, "size": case.size, "peak_mib": round(peak / MIB, 1), "above_mib": round((peak - bound) / MIB, 1),
        # Growth in the last half would say that there is no bound at all.
        "first_half_mib": round(max(r for _, r in samples[:half]) / MIB, 1),
        "last_half_mib": round(max(r for _, r in samples[half:]) / MIB, 1),
        "records_mib": round(most.get("record_bytes", 0) / MIB, 1),
        "beside_mib": round((peak - most.get("record_bytes", 0)) / MIB, 1), "in_flight": most.get("in_flight", 0),
        "requests": endpoints.count().get(case.path.split("/")[0], 0), "mappings_mib": mappings(bridge.process.pid),
        "series": [(at, round(r / MIB, 1)) for at, r in samples[::10]],
    }
    # Draining a thousand subscriptions is not what is measured.
    bridge.is_killed()
    figures.join()
    return row


def follow(bridge, most):
    """Keeps the largest of the bridge's own figures while it runs. With a thousand subscriptions a question takes a while."""
    while bridge.process.popen.poll() is None:
        _, text = bridge.get("/metrics")
        sums = collections.Counter()
        for name, value in re.findall(r"^fanfare_(record_bytes|in_flight)(?:{.*})? (\S+)$", text, re.MULTILINE):
            sums[name] += int(float(value))
        for name, value in sums.items():
            most[name] = max(most.get(name, 0), value)
        time.sleep(1)


_nobody = None


def free_port_of_nobody():
    """One port for all the dead: there are not a thousand to spare."""
    global _nobody
    _nobody = _nobody or free_port()
    return _nobody


def fill(world, topics, case):
    """A backlog whose text compresses about as well as JSON does; less would not fit into the embedded broker."""
    if not case.events:
        return
    producer = Producer({
        **world.kafka.properties, "linger.ms": 100, "compression.type": "lz4", "batch.size": 500_000, "acks": "all",
        "queue.buffering.max.messages": 200_000, "queue.buffering.max.kbytes": 2_000_000}, logger=silent)
    parts = [(topic.name, p) for topic in topics for p in range(topic.partitions)]
    # A fifth of an event is random, which compresses to itself; less where the broker would not keep all.
    noise = min(case.size // 5, KEPT * len(parts) // case.events - 60)
    padding = "x" * (case.size - noise - 40)
    run_length = max(1, 250_000 // case.size)
    for n in range(case.events):
        # In runs: full batches.
        name, partition = parts[n // run_length % len(parts)]
        value = f'{{"type":"t{n % (case.types or 1)}","noise":"{os.urandom(noise // 2).hex()}","padding":"{padding}"}}'
        while True:
            try:
                producer.produce(name, value, partition=partition)
                break
            except BufferError:
                producer.poll(0.1)
        if n % 1000 == 0:
            producer.poll(0)
    left = producer.flush(120)
    world.check_processes()
    assert not left, f"{left} events were not acknowledged"
    keeps_all(world, topics, case.events)


def resident(pid):
    with open(f"/proc/{pid}/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def mappings(pid):
    """Resident memory by what it is: the program and its libraries, the first heap, further heaps and large blocks."""
    kinds = {"files": 0, "heap": 0, "anonymous": 0}
    kind = None
    with open(f"/proc/{pid}/smaps") as smaps:
        for line in smaps:
            if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                fields = line.split(maxsplit=5)
                name = fields[5].strip() if len(fields) > 5 else ""
                kind = "heap" if name == "[heap]" else "files" if name.startswith("/") else "anonymous"
            elif line.startswith("Rss:"):
                kinds[kind] += int(line.split()[1])
    return {kind: round(kib / 1024, 1) for kind, kib in kinds.items()}


def derived(rows):
    """What one subscription and one partition cost, from the cases without a backlog."""
    peak = {row["case"]: row["peak_mib"] for row in rows}
    found = {}
    if {"idle, 1 subscription", "idle, 1000 subscriptions"} <= peak.keys():
        found["kib_per_subscription"] = round((peak["idle, 1000 subscriptions"] - peak["idle, 1 subscription"]) * 1024 / 999, 1)
    if {"idle, 1 subscription", "idle, 100 partitions"} <= peak.keys():
        found["kib_per_partition"] = round((peak["idle, 100 partitions"] - peak["idle, 1 subscription"]) * 1024 / 96, 1)
    for size in sorted({row["size"] for row in rows if row["events"]}):
        beside = [row["beside_mib"] for row in rows if row["events"] and row["size"] == size]
        found[f"constant_mib_{size}"] = round(max(beside))
    return found


def text(options, rows, found):
    lines = [("endpoints", "bound", "subscr.", "partitions", "events", "peak MiB", "above", "beside", "1st half", "2nd half", "records", "in flight", "requests")]
    for row in rows:
        lines.append((
            row["case"], f"{row['bound_mib']} MiB", f"{row['subscriptions']:,}", str(row["partitions"]), f"{row['events']:,}",
            f"{row['peak_mib']:.0f}", f"{row['above_mib']:.0f}", f"{row['beside_mib']:.0f}", f"{row['first_half_mib']:.0f}", f"{row['last_half_mib']:.0f}",
            f"{row['records_mib']:.0f}", f"{row['in_flight']:,}", f"{row['requests']:,}"))
    sentences = {
        "kib_per_subscription": "an idle subscription costs {} KiB", "kib_per_partition": "an idle partition costs {} KiB"}
    said = [sentences[name].format(value) for name, value in found.items() if name in sentences]
    said += [f"with events of {name.rpartition('_')[2]} bytes, resident memory stays within limits.recordMemory and {value} MiB"
             for name, value in found.items() if name not in sentences]
    return f"\n{options.seconds:g} s a case\n\n{report.table(lines)}\n\n" + "\n".join(said)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    report.add_options(parser)
    parser.add_argument("--only", nargs="+", metavar="CASE", help="only these cases, by name")
    parser.add_argument("--bounds", type=int, nargs="+", default=[64, 256], help="limits.recordMemory in MiB (default 64 256)")
    parser.add_argument("--seconds", type=float, default=30, help="of each case, from when the bridge is ready (default 30)")
    parser.add_argument("--property", nargs="+", default=[], metavar="NAME=VALUE", help="properties of librdkafka for the bridge")
    options = parser.parse_args()
    chosen = cases()
    if options.only:
        unknown = set(options.only) - {case.name for case in chosen}
        if unknown:
            parser.error(f"no such case: {', '.join(sorted(unknown))}; there are: {', '.join(case.name for case in chosen)}")
        chosen = [case for case in chosen if case.name in options.only]
    if options.quick:
        options.seconds, options.bounds = 5, options.bounds[:1]
        for case in chosen:
            case.events //= 10
            case.subscriptions = min(case.subscriptions, 100)
    # Without a backlog the bound does not matter.
    plan = [(case, bound) for case in chosen for bound in (options.bounds if case.events else options.bounds[:1])]
    progress = report.Progress(len(plan))
    rows = []
    for case, bound in plan:
        progress.begin(f"{case.name}, {bound} MiB")
        row = run(options, case, bound * MIB)
        rows.append(row)
        progress.end(f"{case.name}, {bound} MiB: peak {row['peak_mib']:.0f} MiB")
    progress.close()
    found = derived(rows)
    report.emit(options, text(options, rows, found), {**found, "rows": rows})


if __name__ == "__main__":
    main()
