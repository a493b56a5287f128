#!/usr/bin/env python3
"""How fast, and at what cost, events come out of Kafka and into an endpoint.

The yardstick is wrk sending the very same request, byte for byte as captured from the bridge, to the same nginx in the
same run: what one thread that does nothing else can do here. Absolute figures drift by tens of percent between runs on
a shared machine; the ratios and the processor time per event are what to compare. wrk runs before and after every
round of the bridge, so its own spread shows how far the machine can be trusted.

The same events go out in batches in rounds of their own: what a request costs is shared by many then.

The embedded Kafka keeps 5 MiB per partition, so each round fills the topic first, while no bridge runs, and then
starts one. The clock runs from the first delivery that nginx (of batches: the bridge) counts to the last.
"""

import argparse
import datetime
import http.server
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import report
from report import ROOT

sys.path.insert(0, str(ROOT / "Tests" / "EndToEnd"))

from harness.endpoints import Endpoint, new_secret  # noqa: E402
from harness.waiting import free_port  # noqa: E402
from harness.world import World  # noqa: E402
from senders import wrk  # noqa: E402
from sinks import Nginx  # noqa: E402

PARTITIONS = 24
# Of 5 MiB per partition, with room for what a record and a batch cost beside the value.
ROUND_BYTES = PARTITIONS * 4_700_000

BATCHES = "batches"

# The kinds of rounds.
WRK = "wrk, 1 thread"
DEFAULT = "fanfare"
LIBCURL = "fanfare, by libcurl"
BARE = "fanfare, no receipts"
INDEX = "receipts and their index"
TENTH = "receipts, traces of a tenth"
TRACES = "receipts, traces of all"
ALL = "receipts, index, traces of a tenth, watched"
OPERATING = [DEFAULT, INDEX, TENTH, TRACES, ALL]


class Subscriber(Endpoint):
    def __init__(self, world, port, secret):
        super().__init__(world, "hook", port, secret)


def capture(world, topic, options, secret):
    """One delivery as the bridge sends it: headers and body."""
    captured = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            captured["headers"] = [(n, v) for n, v in self.headers.items() if n.lower() not in ("host", "content-length")]
            captured["body"] = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        subscribe(topic, "capture", Subscriber(world, server.server_port, secret), options)
        bridge = world.bridge("capture").starts()
        topic.publish_record(value(options.size))
        world.wait_until(lambda: "body" in captured, "one delivery to capture")
        world.is_settled("capture")
        bridge.stops()
        server.shutdown()
    topic.unsubscribe("capture")
    return captured


def subscribe(topic, name, endpoint, options, **policies):
    topic.subscribe(name, endpoint, payload={"format": options.format}, delivery={"maxInFlight": options.in_flight},
                    signing={"secrets": [endpoint.secret]} if not options.unsigned else "none", **policies)


def value(size):
    return json.dumps({"order": 1, "text": ""})[:-2].encode() + b"x" * (size - 24) + b'"}'


def deliveries(bridge):
    """Events that were delivered, by the bridge's own count; none while it does not answer yet."""
    return bridge.metric("fanfare_deliveries_total", subscription=BATCHES) or 0


def run_bridge(world, topic, nginx, events, options, is_watched=False):
    """One round: fill the topic, start a bridge, measure from the first delivery to the last."""
    topic.publish_records((n % PARTITIONS, None, value(options.size), None) for n in range(events))
    in_batches = BATCHES in topic.subscriptions
    before = nginx.count()
    bridge = world.bridge().starts(ready=False)
    watchers = Watchers(bridge) if is_watched else None
    first = last = None
    moved = time.monotonic()
    while True:
        world.check_processes()
        done = deliveries(bridge) if in_batches else nginx.count() - before
        now = (time.monotonic(), bridge.process.processor_seconds(), done)
        if done and first is None:
            first = now
        if last is None or done != last[2]:
            moved, last = now[0], now
        if done >= events:
            break
        if now[0] - moved > 60:
            sys.exit(f"nothing was delivered for a minute, {done} of {events} before that; the bridge's log:\n{bridge.process.tail()}")
        time.sleep(0.05 if in_batches else 0.01)
    if watchers:
        watchers.end()
    peak = bridge.process.peak_memory()
    bridge.stops()
    requests = nginx.count() - before
    if not in_batches and requests != events:
        sys.exit(f"{requests - events} deliveries more than events")
    count, seconds = last[2] - first[2], last[0] - first[0]
    return {"events": count, "seconds": seconds, "per_second": count / seconds, "requests": requests,
            "cpu_us": (last[1] - first[1]) / count * 1e6, "peak_rss_mib": peak / (1 << 20)}


def summarise(name, rounds):
    row = {"sender": name, "events": sum(r["events"] for r in rounds)}
    for figure in rounds[0]:
        if figure != "events":
            row[figure] = statistics.median(r[figure] for r in rounds)
    speeds = [r["per_second"] for r in rounds]
    row["spread"] = (max(speeds) - min(speeds)) / statistics.median(speeds)
    return row


def table(rows):
    base = rows[0]
    lines = [("", "events/s", "of wrk", "spread", "CPU us/event", "of wrk", "peak MiB")]
    for row in rows:
        peak = row.get("peak_rss_mib")
        lines.append((
            row["sender"], f"{row['per_second']:,.0f}", f"{row['per_second'] / base['per_second']:.2f}", f"{row['spread']:.0%}",
            f"{row['cpu_us']:.1f}", f"{row['cpu_us'] / base['cpu_us']:.2f}", f"{peak:.0f}" if peak else ""))
    return report.table(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / ".build/release/fanfare")
    parser.add_argument("--events", type=int, default=200_000, help="delivered per round (default 200,000)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", type=int, default=500, help="bytes of a record's value (default 500)")
    parser.add_argument("--format", choices=["structured", "binary", "raw"], default="structured")
    parser.add_argument("--batch", type=int, default=100, metavar="EVENTS", help="batch.maxEvents of the rounds with batches (default 100; 0: none)")
    parser.add_argument("--unsigned", action="store_true")
    parser.add_argument("--in-flight", type=int, default=256, help="delivery.maxInFlight (default 256)")
    parser.add_argument("--connections", type=int, default=64, help="of wrk (default 64)")
    parser.add_argument("--property", nargs="+", default=[], metavar="NAME=VALUE", help="properties of librdkafka for the bridge")
    parser.add_argument("--overhead", action="store_true", help="also rounds with more and with less of what operating it takes, for what that costs")
    parser.add_argument("--wrk-seconds", type=int, default=4)
    options = parser.parse_args()
    fits = ROUND_BYTES // (options.size + 30)
    if options.events > fits:
        print(f"bench: {fits:,} events of {options.size} bytes are what the embedded Kafka keeps; more rounds measure more")
        options.events = fits

    with tempfile.TemporaryDirectory(prefix="fanfare-bench-") as folder:
        world = World(options.program.resolve(), pathlib.Path(folder))
        world.configure(shutdown={"grace": "5s"}, kafka={
            "bootstrapServers": world.kafka.properties["bootstrap.servers"],
            "properties": {"session.timeout.ms": 4500, "heartbeat.interval.ms": 500, "fetch.wait.max.ms": 20,
                           **dict(p.split("=") for p in options.property)}})
        try:
            rounds, request = measure(world, options)
        finally:
            world.end()

    rows = [summarise(name, of_name) for name, of_name in rounds.items()]
    print(f"\n{options.events:,} events of {options.size} bytes a round, {options.format}, request body {len(request['body'])} bytes, "
          f"{PARTITIONS} partitions, {options.rounds} rounds (medians)\n")
    print(table(rows))
    by_name = {row["sender"]: row for row in rows}
    if options.overhead:
        print("\nof what it does with nothing recorded:")
        for name in OPERATING:
            # Of each round by itself: the machine changes more from one to the next than within one.
            more, bare = rounds[name], rounds[BARE]
            speed = statistics.median(m["per_second"] / b["per_second"] for m, b in zip(more, bare))
            cpu = statistics.median(m["cpu_us"] / b["cpu_us"] for m, b in zip(more, bare))
            print(f"  {name + ':':{max(map(len, OPERATING)) + 1}} {speed - 1:+.1%} events per second, {cpu - 1:+.1%} processor time of the bridge per event")
    if LIBCURL in rounds:
        own, other = by_name[DEFAULT], by_name[LIBCURL]
        print(f"\nour own sender: {own['per_second'] / other['per_second']:.2f} times as many events per second as libcurl, at "
              f"{own['cpu_us'] / other['cpu_us']:.2f} of the processor time")
    if options.batch:
        single, batched = by_name[DEFAULT], rows[-1]
        print(f"\nin batches: {batched['per_second'] / single['per_second']:.1f} times as many events per second, at "
              f"{batched['cpu_us'] / single['cpu_us']:.2f} of the processor time; "
              f"{batched['events'] / sum(r['requests'] for r in rounds[batched['sender']]):.0f} events a request")
    result = {
        "at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip(),
        "machine": {"cores": os.cpu_count(), "kernel": platform.release(), "arch": platform.machine()},
        "options": {k: str(v) if isinstance(v, pathlib.Path) else v for k, v in vars(options).items()},
        "rows": rows, "rounds": rounds,
    }
    path = ROOT / "bench" / "results" / f"delivery-{datetime.datetime.now():%Y%m%d-%H%M%S}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, indent=2) + "\n")
    print(f"\n{path.relative_to(ROOT)}")


def measure(world, options):
    topic = world.topic("bench.orders", partitions=PARTITIONS)
    batched = world.topic("bench.batches", partitions=PARTITIONS)
    nginx = Nginx(world)
    secret = new_secret()
    print("bench: capturing a request", flush=True)
    request = capture(world, topic, options, secret)
    # The captured event was settled for another subscription; this one begins behind it.
    subscribe(topic, "deliver", Subscriber(world, nginx.port, secret), options)
    topic.subscriptions["deliver"]["start"] = "latest"
    if options.batch:
        subscribe(batched, BATCHES, Subscriber(world, nginx.port, secret), options, batch={"maxEvents": options.batch, "maxWait": "100ms"})
    bridge = world.bridge("first").starts()
    world.wait_until(lambda: all(o is not None for o in world.committed("deliver", topic).values()), "the first position")
    bridge.stops()
    variants = [DEFAULT, LIBCURL]
    if options.overhead:
        # It takes whatever it gets.
        collector = Nginx(world, "collector")
        variants = [BARE, *OPERATING]
    in_batches = f"fanfare, batches of {options.batch}"
    rounds = {WRK: [wrk(world.folder, nginx, request, options.wrk_seconds, options.connections, "/hook")], **{name: [] for name in variants}, **({in_batches: []} if options.batch else {})}
    for n in range(options.rounds):
        for name in variants:
            if options.overhead:
                operate(world, name, collector)
            topic.subscriptions["deliver"]["delivery"]["http"] = "curl" if name == LIBCURL else "auto"
            rounds[name].append(run_bridge(world, topic, nginx, options.events, options, is_watched=name == ALL))
        if options.batch:
            operate(world, DEFAULT)
            rounds[in_batches].append(run_bridge(world, batched, nginx, options.events, options))
        rounds[WRK].append(wrk(world.folder, nginx, request, options.wrk_seconds, options.connections, "/hook"))
        said = ", ".join(f"{name} {of_name[-1]['per_second']:,.0f}/s" for name, of_name in rounds.items())
        print(f"bench: round {n + 1} of {options.rounds}: {said}", flush=True)
    return rounds, request


def operate(world, name, collector=None):
    """The configuration of one kind of round."""
    sample = {TRACES: 1, TENTH: 0.1, ALL: 0.1}.get(name)
    # A topic of its own for each index, which would be busy with other rounds' receipts otherwise.
    index = {INDEX: "indexed", ALL: "watched"}.get(name)
    kept = {"topic": f"{{group}}.{index}", "index": {"enabled": True, "path": str(world.folder / f"{index}.sqlite")}} if index else {}
    world.configure(
        receipts={"enabled": name != BARE, **kept},
        tracing={"otlp": f"http://127.0.0.1:{collector.port}", "sample": sample} if sample else {})


class Watchers:
    """A Prometheus that scrapes every second, and an open console."""

    def __init__(self, bridge):
        self.bridge = bridge
        self.is_over = threading.Event()
        self.seen = 0
        self.threads = [threading.Thread(target=work, daemon=True) for work in (self.scrape, self.look)]
        for thread in self.threads:
            thread.start()

    def scrape(self):
        while not self.is_over.wait(1):
            self.read("/metrics")

    def look(self):
        """As the console does."""
        while not self.is_over.is_set():
            try:
                with urllib.request.urlopen(self.bridge.ops + "/api/v1/events", timeout=5) as stream:
                    while not self.is_over.is_set() and stream.readline():
                        self.seen += 1
            except OSError:
                time.sleep(0.2)

    def read(self, path):
        try:
            with urllib.request.urlopen(self.bridge.ops + path, timeout=5) as answer:
                self.seen += len(answer.read()) > 0
        except OSError:
            pass

    def end(self):
        self.is_over.set()
        if not self.seen:
            sys.exit("nobody watched the bridge")


if __name__ == "__main__":
    main()
