#!/usr/bin/env python3
"""How late retries are.

An endpoint answers 503 to the first attempt of each event, and 204 to the second. Each subscription has a schedule of one
delay; up to two seconds are waited out in memory, longer ones in the lanes of the retry topic. *Late* is what lies between the
moment when the first answer was written and the arrival of the second attempt, less the delay: it includes the answer's way
back, and whatever the retry waited for. None may be early, not by a microsecond: then the exit status is 1, and also when an
event did not come, or came too often.

The rows differ by what else there is: nothing; subscriptions to another topic, which deliver as fast as they can; or a crowd in
the lane, more than is held in memory of a lane's records, that came before the others and is due after them.
"""

import argparse
import collections
import sys

import report
import stage
from report import percentile, shown
from stage import GAUGE, SUBJECT, Endpoints, FailingEndpoint, SteadyProducer, Target, fill, priority, staged

LANES = ["1s", "5s", "30s", "2m", "10m", "1h", "6h"]
DELAYS = [0.5, 1, 3, 5, 8, 20, 30]
FIGURES = "p50", "p99", "max"


class Nothing:
    """What else there is while retries are measured."""

    delays = DELAYS

    def __init__(self, options, world, endpoint):
        self.options = options
        self.world = world
        # How many retries are to be measured, by delay.
        self.expected = dict.fromkeys(self.delays, options.events)

    def is_prepared(self):
        """Its events stand in the topics before the bridge starts."""

    def begins(self, bridge):
        """Before the events that are measured."""

    def was_there(self):
        """Until the end of the measurement."""


class Others(Nothing):
    """Two subscriptions to another topic have more events before them than they can deliver meanwhile."""

    COUNT = 2

    def __init__(self, options, world, endpoint):
        super().__init__(options, world, endpoint)
        priority(options, SUBJECT)
        self.endpoints = Endpoints(world, "others")
        priority(options, GAUGE)
        self.topic = world.topic("bench.others", partitions=8)
        for i in range(self.COUNT):
            self.topic.subscribe(f"other-{i}", Target(world, f"other-{i}", self.endpoints.port, "take"), start="earliest")

    def is_prepared(self):
        fill(self.world, self.topic, self.options.backlog, b'{"padding":"%s"}' % (b"y" * (self.options.size - 20)))

    def was_there(self):
        assert self.endpoints.count()["take"] < self.COUNT * self.options.backlog, "they were done before: give them a larger --backlog"


class Crowd(Nothing):
    """More than is held in memory of a lane's records came into it before the others, and is due after them."""

    SIZE, DELAY = 800, 70
    # All in the lane of 30 s, like the crowd.
    delays = [30, 31, 33, 35]

    def __init__(self, options, world, endpoint):
        super().__init__(options, world, endpoint)
        self.expected[self.DELAY] = self.SIZE
        self.topic = world.topic("bench.crowd", partitions=8)
        subscribe(self.topic, endpoint, self.DELAY)

    def begins(self, bridge):
        producer = SteadyProducer(self.world, self.topic, self.options.size)
        producer.run(200, self.SIZE / 200)
        producer.flush()
        bridge.shows("fanfare_retries_scheduled_total", self.SIZE, subscription=named(self.DELAY))


ROWS = {"nothing": Nothing, "others at full speed": Others, "a crowd in the lane": Crowd}


def measure(options, name):
    with staged(options, options.fetch_wait, retryTopic={"lanes": LANES, "replicationFactor": 1}) as world:
        world.retry_partitions = len(LANES)
        priority(options, GAUGE)
        endpoint = FailingEndpoint(world, "endpoint")
        endpoint.does("be/busy-at-first")
        beside = ROWS[name](options, world, endpoint)
        topic = world.topic("bench.orders", partitions=8)
        for delay in beside.delays:
            subscribe(topic, endpoint, delay)
        world.starts_broker()
        beside.is_prepared()
        priority(options, SUBJECT)
        bridge = world.bridge().starts()
        priority(options, GAUGE)

        beside.begins(bridge)
        producer = SteadyProducer(world, topic, options.size)
        use = report.ProcessorUse(bridge=bridge.process, broker=world.broker.process, endpoint=endpoint.process)
        with report.Wakeups() as wakeups:
            producer.run(options.rate, options.events / options.rate)
            producer.flush()
            attempts = arrivals(world, endpoint, beside.expected)
        machine = {"cores": use.cores(), "wakeups": wakeups.figures()}
        beside.was_there()
        return [{"beside": name, "delay": delay, **figures(delay, count, attempts[delay]), **machine} for delay, count in beside.expected.items()]


def subscribe(topic, endpoint, delay):
    topic.subscribe(
        named(delay), Target(topic.world, named(delay), endpoint.port), retry={"schedule": [f"{round(delay * 1000)}ms"], "jitter": 0},
        # That all fail at first is no outage here.
        diversion={"burst": 1_000_000})


def named(delay):
    return f"after-{round(delay * 1000)}"


def arrivals(world, endpoint, expected):
    """All attempts by delay, once each event was taken; or what there is when that lasts too long."""
    attempts = collections.defaultdict(list)

    def have_come():
        for delay in expected:
            attempts[delay] += endpoint.journal(named(delay))
        return all(sum(a.status == 204 for a in attempts[delay]) >= count for delay, count in expected.items())

    try:
        world.wait_until(have_come, "all second attempts", timeout=max(expected) + 60, every=0.5)
    except AssertionError:
        world.check_processes()  # What has not come is said below.
    return attempts


def figures(delay, count, attempts):
    answered = {(a.partition, a.offset): a.answered for a in attempts if a.number == 1}
    seconds = [a for a in attempts if a.number == 2]
    late = sorted(a.arrived - answered[a.partition, a.offset] - round(delay * 1e9) for a in seconds)
    events = {(a.partition, a.offset) for a in seconds}
    return {
        **report.spread(late), "min": percentile(late, 0), "events": count,
        "early": sum(l < 0 for l in late), "missing": count - len(events), "repeated": len(attempts) - 2 * len(events)}


def text(rows):
    lines = [("beside", "delay s", "events", "p50", "p99", "max", "early", "missing", "repeated", "cores", "wakeups p99", "max")]
    for row in rows:
        lines.append((row["beside"], f"{row['delay']:g}", str(row["events"]), *(shown(row[name]) for name in FIGURES),
                      str(row["early"]), str(row["missing"]), str(row["repeated"]), f"{row['cores']['machine']:.1f}",
                      shown(row["wakeups"]["p99"]), shown(row["wakeups"]["max"])))
    return (
        "\nMilliseconds by which second attempts came after their delay; beside it, how late this machine woke a process that had slept"
        f"\n\n{report.table(lines)}")


def is_right(row):
    return not (row["early"] or row["missing"] or row["repeated"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    report.add_options(parser)
    stage.add_options(parser)
    parser.add_argument("--only", nargs="+", metavar="ROW", choices=ROWS, help="only these, by what is beside")
    parser.add_argument("--events", type=int, default=300, help="of each delay (default 300)")
    parser.add_argument("--rate", type=int, default=50, help="events per second (default 50)")
    parser.add_argument("--size", type=int, default=500, help="bytes of an event (default 500)")
    parser.add_argument("--backlog", type=int, default=1_000_000, help="events before each of the others (default 1,000,000)")
    options = parser.parse_args()
    if options.quick:
        options.events, Nothing.delays = 50, [0.5, 3]
    chosen = [name for name in ROWS if not options.only or name in options.only]
    progress = report.Progress(len(chosen))
    rows = []
    for name in chosen:
        progress.begin(name)
        measured = measure(options, name)
        rows += measured
        progress.end(f"{name}: at most {shown(max(r['max'] or 0 for r in measured))} ms late")
    progress.close()
    report.emit(options, text(rows), {"rows": rows})
    sys.exit(0 if all(map(is_right, rows)) else 1)


if __name__ == "__main__":
    main()
