#!/usr/bin/env python3
"""What an endpoint that fails does to its own subscription, and to its neighbour on the same topic.

Events come at a steady rate to a topic with two subscriptions. Both endpoints are well at first; then one of them fails in the
row's way, and is well again at the end:

    refused    nothing listens, for --down seconds, as long as a real outage
    briefly    the same for --seconds, like all that follow
    busy       it answers 503 to everything
    hanging    it does not answer
    flapping   two seconds nothing listens, two seconds it is well
    pacing     it takes a thousand, then answers 429 with Retry-After: 5 for five seconds, and so on
    poison     it answers 500 to one event of a thousand, always; beside a run in which no event is poison

Then everything must get done: each event delivered once, or a dead letter where that is what should become of it. What an
outage may cost beyond waiting is bounded, and the exit status is 1 when one of these bounds is broken:

- the events that leave their topic for the retry topic: `diversion.burst` for each shard;
- requests that fail: what was in flight, those of that burst, and the probes, whose pauses grow from one second to ten;
- dead letters, lost events, repeated events: none.

*Full speed* is 90 % of the rate at which a new subscription, added to the same bridge later, catches up with the same events
from an endpoint that has never failed; *caught up* is when less than a second's events are before the cursor. Times count from
the moment when the endpoint was well again. Events in the retry topic wait for their own due times meanwhile: *last retry*.
"""

import argparse
import collections
import sys
import time

import report
import stage
from report import shown
from scene import LANES, TIMEOUT, Scene, event, latencies, seconds
from stage import staged

BURST = 50
IN_FLIGHT = 64
# Between two probes, in seconds; with jitter.
LONGEST_PAUSE = 10
LATEST_PROBE = 1.2 * LONGEST_PAUSE
POISON_EVERY = 1000
POISON_SCHEDULE = ["500ms", "3s", "3s"]
PAUSE = 5
# Requests that were on their way when the endpoint asked for a pause.
PAUSE_BEGINS = 1
FULL_SPEED = 0.9


def most_probes(lasting):
    """With pauses of 1, 2, 4, 8, 10, 10 ... s, which jitter only makes longer."""
    count, pause = 0, 1
    while lasting >= pause:
        lasting -= pause
        pause = min(2 * pause, LONGEST_PAUSE)
        count += 1
    return count


def disturbed(options, name, begins, ends, lasting, meanwhile):
    """One run: a while undisturbed, then the disturbance, then all until everything is done."""
    with a_stage(options) as world:
        scene = Scene(options, world)
        with report.Wakeups() as wakeups, scene.producer.running(options.rate):
            time.sleep(options.warm_up)
            quiet = time.time_ns()
            time.sleep(options.before)
            since = time.time_ns()
            for order in begins:
                scene.failing.does(order)
            meanwhile(scene, lasting)
            until = time.time_ns()
            for order in ends:
                scene.failing.does(order)
            caught_up = scene.catches_up()
            rate = scene.reference_rate()
        books = scene.closes()
        failures, openings = scene.failures(), scene.openings()
    row = {
        "row": name, "lasting_s": lasting, **books.figures, "diverted_bound": BURST * options.shards, "failed_requests": failures,
        "openings": openings, "first_s": books.seconds_to_first(until), "full_speed_s": books.seconds_to_speed(until, FULL_SPEED * rate),
        "caught_up_s": seconds(caught_up - until), "last_retry_s": books.seconds_to_last_retry(until), "reference_per_s": round(rate),
        "neighbour": books.neighbour(quiet, since, until),
        "wakeups": {"before": wakeups.figures(quiet, since), "during": wakeups.figures(since, until)}}
    return row, books, since, until


def a_stage(options):
    return staged(options, options.fetch_wait, retryTopic={"lanes": LANES, "replicationFactor": 1}, limits={"shards": options.shards})


def just_wait(scene, lasting):
    time.sleep(lasting)


def outage(options, name, begins, ends, lasting):
    row, books, since, until = disturbed(options, name, begins, ends, lasting, just_wait)
    probes = most_probes(lasting)
    row["requests_bound"] = options.shards * (probes + (BURST if begins != ["down"] else 0)) + IN_FLIGHT
    return row, [
        *common(row), broken(row["dead_letters"] == 0, "dead letters"),
        broken(row["diverted_events"] <= row["diverted_bound"], "more events diverted than the bound"),
        broken(row["failed_requests"] <= row["requests_bound"], "more requests failed than the bound"),
        broken(row["first_s"] is not None and row["first_s"] <= LATEST_PROBE + TIMEOUT, "no probe after the longest pause")]


def flapping(options):
    def flap(scene, lasting):
        for n in range(round(lasting / 4)):
            scene.failing.does("down")
            time.sleep(2)
            scene.failing.does("up")
            time.sleep(2)

    row, books, since, until = disturbed(options, "flapping", [], [], options.seconds, flap)
    row["share_delivered"] = share_delivered(books, since, until)
    return row, [*common(row), broken(row["dead_letters"] == 0, "dead letters")]


def pacing(options):
    row, books, since, until = disturbed(options, "pacing", ["be/pacing"], ["be/well"], options.seconds, just_wait)
    asked = sorted((a.arrived, a.status) for a in books.journal if since <= a.arrived < until)
    row.update(pauses=0, refused=0, strays=0, share_delivered=share_delivered(books, since, until))
    pause = 0
    for moment, status in asked:
        if status == 429:
            row["refused"] += 1
            if moment >= pause + PAUSE * 1_000_000_000:
                pause = moment
                row["pauses"] += 1
            elif moment > pause + PAUSE_BEGINS * 1_000_000_000:
                row["strays"] += 1
    return row, [
        *common(row), broken(row["dead_letters"] == 0, "dead letters"), broken(row["pauses"] > 0, "no pause was asked for"),
        broken(row["strays"] == 0, "requests during a pause that the endpoint asked for")]


def share_delivered(books, since, until):
    """Of the events that came while the endpoint failed, how many it accepted meanwhile."""
    produced = [a for a in books.healthy if since <= a.produced < until]
    accepted = [a for a in books.journal if a.status == 204 and since <= a.arrived < until]
    return round(len(accepted) / len(produced), 3)


def poison(options):
    without = beside_poison(options, lambda n: ("order",))
    beside = beside_poison(options, lambda n: ("poison" if n % POISON_EVERY == POISON_EVERY - 1 else "order",))
    books, openings = beside["books"], beside["openings"]
    attempts = collections.Counter(event(a) for a in books.journal if a.status == 500)
    row = {
        "row": "poison", "lasting_s": options.seconds, **books.figures, "poison_events": len(attempts), "openings": openings,
        "attempts_of_poison": sorted(set(attempts.values())), "without": without["latencies"], "with": beside["latencies"],
        "wakeups": {"before": without["wakeups"], "during": beside["wakeups"]}}
    return row, [
        *common(row), broken(openings == 0, "the circuit opened"), broken(len(attempts) > 0, "no poison event"),
        broken(sorted(books.letters) == sorted(attempts), "the dead letters are not the poison events"),
        broken(set(attempts.values()) == {1 + len(POISON_SCHEDULE)}, "poison events did not get all attempts of their schedule")]


def beside_poison(options, types):
    """One run with these types of events; what the healthy ones met."""
    with a_stage(options) as world:
        scene = Scene(options, world, types, retry={"schedule": POISON_SCHEDULE, "jitter": 0})
        scene.failing.does("be/allergic")
        with report.Wakeups() as wakeups, scene.producer.running(options.rate):
            time.sleep(options.warm_up)
            since = time.time_ns()
            time.sleep(options.seconds)
            until = time.time_ns()
        books = scene.closes()
        taken = [a for a in books.journal if a.status == 204]
        return {
            "books": books, "openings": scene.openings(), "latencies": latencies(taken, since, until), "wakeups": wakeups.figures(since, until)}


def common(row):
    return [broken(row[key] == 0, f"{key}: {row[key]}".replace("_", " ")) for key in ("lost", "repeated", "healthy_lost", "healthy_repeated")]


def broken(holds, what):
    return None if holds else what


ROWS = {
    "refused": lambda options: outage(options, "refused", ["down"], ["up"], options.down),
    "briefly": lambda options: outage(options, "briefly", ["down"], ["up"], options.seconds),
    "busy": lambda options: outage(options, "busy", ["be/busy"], ["be/well"], options.seconds),
    "hanging": lambda options: outage(options, "hanging", ["be/hanging"], ["be/well"], options.seconds),
    "flapping": flapping,
    "pacing": pacing,
    "poison": poison,
}


def text(rows):
    lines = [("", "lasting s", "events", "diverted", "bound", "records", "dead", "failed requests", "bound",
              "first s", "full speed", "caught up", "last retry", "lost", "twice", "neighbour p99 ms", "during", "wakeups p99 ms", "during")]
    for row in (row for row in rows if "neighbour" in row):
        lines.append((
            row["row"], f"{row['lasting_s']:g}", f"{row['events']:,}", str(row["diverted_events"]), str(row["diverted_bound"]),
            str(row["retry_records"]), str(row["dead_letters"]), str(row["failed_requests"]), str(row.get("requests_bound", "-")),
            *(shown(row[key]) for key in TIMES), str(row["lost"]), str(row["repeated"]),
            *(shown(row[what][when]["p99"]) for what in ("neighbour", "wakeups") for when in ("before", "during"))))
    said = [f"\n{report.table(lines)}"] if len(lines) > 1 else []
    for row in rows:
        if row["row"] == "poison":
            said.append(f"poison: {row['poison_events']} of {row['events']:,} events, {row['dead_letters']} dead letters, "
                        f"circuit opened {row['openings']} times; p99 of the others {shown(row['without']['p99'])} ms without, {shown(row['with']['p99'])} ms with them")
        elif row["row"] == "pacing":
            said.append(f"pacing: {row['pauses']} pauses, {row['refused']} answers 429, {row['strays']} requests later than {PAUSE_BEGINS} s in a pause")
        if "share_delivered" in row:
            said.append(f"{row['row']}: {row['share_delivered']:.0%} delivered meanwhile, circuit opened {row['openings']} times")
        said += [f"{row['row']}: BROKEN: {what}" for what in row["broken"]]
    return "\n".join(said)


TIMES = ["first_s", "full_speed_s", "caught_up_s", "last_retry_s"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    report.add_options(parser)
    stage.add_options(parser)
    parser.add_argument("--only", nargs="+", metavar="ROW", choices=ROWS, help="only these")
    parser.add_argument("--down", type=float, default=600, help="seconds for which nothing listens (default 600)")
    parser.add_argument("--seconds", type=float, default=60, help="of each other disturbance (default 60)")
    parser.add_argument("--before", type=float, default=20, help="seconds without it, to compare with (default 20)")
    parser.add_argument("--warm-up", type=float, default=4, help="seconds before that (default 4)")
    parser.add_argument("--rate", type=int, default=500, help="events per second (default 500)")
    parser.add_argument("--size", type=int, default=500, help="bytes of an event (default 500)")
    parser.add_argument("--partitions", type=int, default=16)
    parser.add_argument("--linger", type=int, default=10, help="linger.ms of the producer, which every latency includes (default 10)")
    parser.add_argument("--shards", type=int, default=2, help="limits.shards of the bridge (default 2)")
    options = parser.parse_args()
    if options.quick:
        options.down, options.seconds, options.before = 30, 12, 5
    chosen = [name for name in ROWS if not options.only or name in options.only]
    progress = report.Progress(len(chosen))
    rows = []
    for name in chosen:
        progress.begin(name)
        row, checks = ROWS[name](options)
        row["broken"] = [what for what in checks if what]
        rows.append(row)
        progress.end(f"{name}: {', '.join(row['broken']) or 'within all bounds'}")
    progress.close()
    report.emit(options, text(rows), {"rows": rows})
    sys.exit(1 if any(row["broken"] for row in rows) else 0)


if __name__ == "__main__":
    main()
