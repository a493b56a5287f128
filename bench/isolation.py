#!/usr/bin/env python3
"""How much longer a healthy subscription's events take because of others on the same topic.

Events are produced at a steady rate. A healthy subscription's endpoint notes how long each took from its production to
the arrival of its request. Each run with neighbours (dead, slow, failing, paused, lagging ...) stands beside a run
without them, just before it, with everything started anew for both; the *factor* is the one's figure by the other's,
and the median of the repetitions is what is reported. Neighbours that work ("healthy") are there for comparison: what
any five subscriptions more cost on this machine. The aim: a 99th percentile within 1.2 times the one alone.

The producer, the broker, the bridge and both processes of endpoints share this machine's cores; the last column says
how much of them was used. Where that comes near all of them, the neighbours' fair share of the processor is measured
too, not only what the bridge does wrong. An absolute latency includes the embedded broker's habit to hold an empty
fetch for its whole wait (`--fetch-wait`).
"""

import argparse
import statistics
import time

import report
import stage
from report import percentile, shown
from stage import GAUGE, SUBJECT, Endpoints, SteadyProducer, Target, fill, free_port, priority, staged, wait_until

AIM = 1.2
MEASURED = "healthy"
PERCENTILES = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999, "max": 1}


class Neighbours:
    """Some subscriptions that behave alike. `path` is what endpoints.py answers by; None: nothing listens."""

    def __init__(self, name, count, path, lagging=False, **policies):
        self.name = name
        self.count = count
        self.path = path
        self.lagging = lagging
        self.policies = {"start": "earliest" if lagging else "latest", **policies}


class Scenario:
    """Neighbours, and where they need them, other events: of another size, addressed (every other event is the healthy
    subscription's, those between belong to one neighbour each), a backlog of poison, under other limits."""

    def __init__(self, neighbours, size=None, addressed=False, poison=False, limits=None):
        self.neighbours = neighbours
        self.size = size
        self.addressed = addressed
        self.poison = poison
        self.limits = limits or {}
        self.has_backlog = any(kind.lagging for kind in neighbours)

    def alone(self):
        return Scenario([], self.size, self.addressed, self.poison, self.limits)


def scenarios(count):
    healthy = Neighbours("healthy", count, "fail/0")
    dead = Neighbours("dead", count, None)
    slow = Neighbours("slow", count, "slow/2000")
    hanging = Neighbours("hanging", count, "hang")
    failing_some = Neighbours("failing 10%", count, "fail/0.1")
    failing_all = Neighbours("failing 100%", count, "fail/1")
    paused = Neighbours("paused", count, "fail/0", enabled=False)
    # At the beginning of the backlog for as long as this runs, or on its way through it.
    lagging_slow = Neighbours("lagging, slow", count, "slow/200", lagging=True, delivery={"maxInFlight": 16})
    lagging_fast = Neighbours("lagging, fast", 1, "fail/0", lagging=True)
    # More than the requests that the process may have in flight, if each takes its 64.
    crowd = Neighbours("100 hanging", 100, "hang")
    many = Neighbours("1000 paused", 1000, "fail/0", enabled=False)
    alone = [healthy, dead, slow, hanging, failing_some, failing_all, paused, lagging_slow, lagging_fast, crowd, many]
    together = [dead, slow, hanging, failing_some, failing_all, paused, lagging_slow]
    # More in the requests of the hanging than the memory for records.
    large = {"size": 32 << 10, "addressed": True, "limits": {"recordMemory": "32MiB"}}
    return {
        **{kind.name: Scenario([kind]) for kind in alone},
        "all but the fast": Scenario(together),
        # Records that are no events, all of which go to the dead-letter topic.
        "lagging, poison": Scenario([Neighbours("lagging", 1, "fail/0", lagging=True)], poison=True),
        "50 hanging, 32 KiB": Scenario([Neighbours("hanging", 50, "hang")], **large),
    }


def run(options, rate, scenario, with_backlog):
    """One run in a world of its own."""
    limits = {**scenario.limits, **({"shards": options.shards} if options.shards else {})}
    with staged(options, options.fetch_wait, limits=limits) as world:
        return measure(options, world, rate, scenario, with_backlog)


def measure(options, world, rate, scenario, with_backlog):
    topic = world.topic("bench.orders", partitions=options.partitions, event={"type": {"pointer": "/type"}})
    # Producer, broker and endpoint above the bridge and the neighbours' endpoints, so that a delay is one of theirs.
    priority(options, GAUGE)
    measured = Endpoints(world, "endpoint")
    priority(options, SUBJECT)
    others = Endpoints(world, "neighbours")
    priority(options, GAUGE)
    topic.subscribe(MEASURED, Target(world, MEASURED, measured.port, "take"), start="latest", **only(MEASURED, scenario))
    for kind in scenario.neighbours:
        for i in range(kind.count):
            name = f"{''.join(c for c in kind.name if c.isalnum())}-{i}"
            target = Target(world, name, others.port if kind.path else free_port(), kind.path or "dead")
            topic.subscribe(name, target, **kind.policies, **only(f"n{i}", scenario))
    world.starts_broker()
    if with_backlog:
        old = b'{"%s":"old","padding":"%s"}' % (b"none" if scenario.poison else b"type", b"y" * (options.size - 28))
        fill(world, topic, options.backlog, old)
    priority(options, SUBJECT)
    bridge = world.bridge().starts()
    priority(options, GAUGE)
    # Its first positions are committed: from here on every event is its.
    world.wait_until(lambda: all(o is not None for o in world.committed(MEASURED, topic).values()), "the first position")

    types = (lambda n: (MEASURED, f"n{n % 50}")) if scenario.addressed else (lambda n: (MEASURED,))
    producer = SteadyProducer(world, topic, scenario.size or options.size, types)
    producer.run(rate, options.warm_up)
    use = report.ProcessorUse(bridge=bridge.process, broker=world.broker.process, endpoint=measured.process, neighbours=others.process)
    start = time.time_ns()
    produced = producer.run(rate, options.seconds)
    end = time.time_ns()
    cores = use.cores()
    producer.flush()

    taken = []
    try:
        wait_until(lambda: taken.extend(measured.latencies()) or len(taken) >= producer.count, "all events to arrive", timeout=10, every=0.1,
                   meanwhile=world.check_processes)
    except AssertionError:
        pass  # Said below, as what is missing.
    inside = sorted(latency for at, latency in taken if start <= at < end)
    missing = producer.count - len({at for at, _ in taken})
    figures = {name: percentile(inside, share) for name, share in PERCENTILES.items()}
    return {**figures, "events": produced, "missing": missing, "repeated": len(taken) - producer.count + missing,
            "late_us": producer.late_us, "cores": cores, "neighbours": others.count()}


def only(type, scenario):
    return {"filters": [{"exact": {"type": type}}]} if scenario.addressed else {}


def compare(options, rate, name, scenario, progress):
    """Pairs of runs, alone and with neighbours, and the factors between them."""
    pairs = []
    for repetition in range(options.repetitions):
        progress.begin(f"{name}, {rate}/s: alone")
        alone = run(options, rate, scenario.alone(), scenario.has_backlog)
        progress.begin(f"{name}, {rate}/s: with neighbours")
        beside = run(options, rate, scenario, scenario.has_backlog)
        pairs.append({"alone": alone, "beside": beside})
        progress.end(f"{name}, {rate}/s: p99 {shown(alone['p99'])} alone, {shown(beside['p99'])} beside")
    factors = {p: median([factor(pair["beside"][p], pair["alone"][p]) for pair in pairs]) for p in PERCENTILES}
    alone = {p: median([pair["alone"][p] for pair in pairs]) for p in PERCENTILES}
    beside = {p: median([pair["beside"][p] for pair in pairs]) for p in PERCENTILES}
    quiet = sorted(pair["alone"]["p99"] for pair in pairs)
    return {
        "neighbours": name, "rate": rate, "subscriptions": sum(kind.count for kind in scenario.neighbours), "alone_ms": alone, "beside_ms": beside,
        "factor": factors, "within_aim": factors["p99"] is not None and factors["p99"] <= AIM,
        # How far the runs alone differ among each other: what a factor may be off by.
        "noise": round(quiet[-1] / quiet[0], 2), "cores": median([pair["beside"]["cores"]["machine"] for pair in pairs]),
        "missing": sum(pair[side]["missing"] for pair in pairs for side in pair),
        "repeated": sum(pair[side]["repeated"] for pair in pairs for side in pair), "runs": pairs,
    }


def factor(beside, alone):
    return None if beside is None or not alone else round(beside / alone, 3)


def median(values):
    """None, which is worse than any figure, counts as the largest."""
    present = sorted(v for v in values if v is not None)
    middle = len(values) // 2
    if len(present) <= middle:
        return None
    return round(statistics.median(present + [float("inf")] * (len(values) - len(present))), 3)


def text(options, rows):
    lines = [("neighbours", "events/s", "p50 alone", "beside", "p99 alone", "beside", "p50", "p99", "p99.9", "max", "noise", "cores", "lost")]
    for row in rows:
        alone, beside, factors = row["alone_ms"], row["beside_ms"], row["factor"]
        lines.append((
            f"{row['subscriptions']} {row['neighbours']}" if not row["neighbours"][0].isdigit() else row["neighbours"], f"{row['rate']:,}",
            shown(alone["p50"]), shown(beside["p50"]), shown(alone["p99"]), shown(beside["p99"]),
            *("-" if factors[p] is None else f"{factors[p]:.2f}" for p in PERCENTILES), f"{row['noise']:.2f}", f"{row['cores']:.1f}", str(row["missing"])))
    outside = [f"{row['neighbours']} at {row['rate']:,}/s" for row in rows if not row["within_aim"]]
    return (
        f"\nMilliseconds from production to the request's arrival at a healthy endpoint, {options.size} bytes, {options.partitions} partitions, "
        f"alone and beside neighbours on the same topic;\nfactors between both (medians of {options.repetitions} pairs of {options.seconds:g} s; "
        f"noise: largest p99 alone by smallest)\n\n{report.table(lines)}\n\n"
        + (f"above the aim of {AIM} at the 99th percentile: {', '.join(outside)}" if outside else f"all within the aim of {AIM} at the 99th percentile"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    report.add_options(parser)
    stage.add_options(parser)
    parser.add_argument("--rates", type=int, nargs="+", default=[500, 2000], help="events per second (default 500 2000)")
    parser.add_argument("--only", nargs="+", metavar="NEIGHBOURS", help="only these kinds, by name")
    parser.add_argument("--count", type=int, default=5, help="neighbours of one kind (default 5)")
    parser.add_argument("--partitions", type=int, default=8)
    parser.add_argument("--size", type=int, default=500, help="bytes of an event (default 500)")
    parser.add_argument("--backlog", type=int, default=1_000_000, help="events that a lagging neighbour has before it (default 1,000,000)")
    parser.add_argument("--seconds", type=float, default=10, help="of one run (default 10)")
    parser.add_argument("--warm-up", type=float, default=4, help="seconds before that (default 4)")
    parser.add_argument("--repetitions", type=int, default=5, help="pairs of runs (default 5)")
    parser.add_argument("--shards", type=int, help="limits.shards of the bridge (default: auto)")
    options = parser.parse_args()
    kinds = scenarios(options.count)
    if options.quick:
        options.rates, options.repetitions, options.seconds, options.warm_up, options.backlog = options.rates[:1], 1, 2, 1, 100_000
    unknown = set(options.only or []) - set(kinds)
    if unknown:
        parser.error(f"no such neighbours: {', '.join(sorted(unknown))}; there are: {', '.join(kinds)}")
    chosen = [name for name in kinds if not options.only or name in options.only]
    progress = report.Progress(len(options.rates) * len(chosen) * options.repetitions)
    rows = [compare(options, rate, name, kinds[name], progress) for rate in options.rates for name in chosen]
    progress.close()
    report.emit(options, text(options, rows), {"aim": AIM, "rows": rows})


if __name__ == "__main__":
    main()
