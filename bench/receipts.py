#!/usr/bin/env python3
"""How quickly the index of receipts is made, and how quickly it answers beside a scan of the topic.

Receipts are written into the topic of an embedded broker as a bridge would have written them. `fanfare deliveries --index` makes the
index; then the same questions go to the index and to the topic, in one run.
"""

import argparse
import datetime
import json
import os
import pathlib
import subprocess
import tempfile
import time

import report
from stage import Producer, Process, accepts, environment, free_port, wait_until

TOPIC = "bench.receipts"
# Many, as the embedded broker keeps 5 MiB of each, compressed.
PARTITIONS = 32
HOURS = 6


def receipt(n, total, start):
    """One in fifty failed; a thousand subscriptions."""
    at = (start + datetime.timedelta(hours=HOURS * n / total)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    subscription, event, failed = f"customer-{n * 7919 % 1000:04}", f"order-{n}", n // 1000 % 50 == 0
    answer = {"status": 503, "message": "the endpoint answered 503"} if failed else {"status": 200}
    step = {"step": "retry", "due": at} if failed else {"step": "delivered"}
    value = {
        "subscription": subscription, "topic": "shop.orders", "webhookId": event, "attempt": 1, "result": "retry" if failed else "success", **answer,
        "durationSeconds": 0.012, "endpoint": "hooks.example.com", "time": at, "count": 1,
        "events": [{"id": event, "type": "order.created", "partition": n % 12, "offset": n // 12, "attempt": 1, "next": step}]}
    envelope = {
        "specversion": "1.0", "type": "fanfare.receipt", "datacontenttype": "application/json", "source": "fanfare:bench", "id": f"a-0-{n}", "time": at,
        "data": value}
    return f"{subscription}/{event}", json.dumps(envelope, separators=(",", ":"))


def fill(servers, total, start):
    producer = Producer({
        "bootstrap.servers": servers, "linger.ms": 100, "batch.num.messages": 10_000, "queue.buffering.max.messages": 200_000, "compression.type": "zstd"})
    for n in range(total):
        key, value = receipt(n, total, start)
        timestamp = int((start + datetime.timedelta(hours=HOURS * n / total)).timestamp() * 1000)
        while True:
            try:
                producer.produce(TOPIC, value, key, partition=n % PARTITIONS, timestamp=timestamp)
                break
            except BufferError:
                producer.poll(0.1)
    assert producer.flush(600) == 0


def asks(options, servers, *words):
    """Seconds, and what was found."""
    command = [options.program, "deliveries", "--group", "bench", "--bootstrap-servers", servers, "--output", "json", *words]
    started = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, env=environment(), check=True)
    return time.monotonic() - started, json.loads(done.stdout)


def measure(options, folder):
    port = free_port()
    broker = Process("the broker", [options.program, "broker", "--port", port, "--topic", f"{TOPIC}:{PARTITIONS}"], folder / "broker.log")
    try:
        wait_until(lambda: accepts(port), "the broker to listen", details=broker.tail)
        servers, total = f"127.0.0.1:{port}", options.receipts
        start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=HOURS + 1)
        fill(servers, total, start)
        index = ("--set", "receipts.index.maxBytes=64GiB", "--index", folder / "receipts.sqlite")
        made, _ = asks(options, servers, *index, "--event", "none")
        size = os.path.getsize(folder / "receipts.sqlite")
        since = (start + datetime.timedelta(hours=HOURS / 2)).isoformat(timespec="seconds").replace("+00:00", "Z")
        rows = []
        for name, words in [
            ("what happened to an event", ("--event", f"order-{total // 2}")),
            ("what failed for a subscription in the last half", ("--subscription", "customer-0007", "--failed", "--since", since)),
            ("the newest 100 of a subscription", ("--subscription", "customer-0007", "--limit", "100")),
        ]:
            quick, found = asks(options, servers, *index, *words)
            slow, scanned = asks(options, servers, *words)
            key = lambda receipt: (receipt["time"], receipt["webhookId"])
            assert sorted(found, key=key) == sorted(scanned, key=key) and found, f"{name}: {len(found)} and {len(scanned)} found"
            rows.append({"question": name, "found": len(found), "index": quick, "scan": slow})
        return {"receipts": total, "seconds": made, "perSecond": total / made, "bytesPerReceipt": size / total, "rows": rows}
    finally:
        broker.stop()


def text(result):
    lines = [("question", "found", "index", "scan")] + [
        (row["question"], str(row["found"]), f"{row['index']:.2f} s", f"{row['scan']:.1f} s") for row in result["rows"]]
    return (f"an index of {result['receipts']:,} receipts: {result['seconds']:.0f} s, {result['perSecond']:,.0f} a second, "
            f"{result['bytesPerReceipt']:.0f} bytes each\n\n{report.table(lines)}\n\nThe start of the program and its questions to the cluster are in the times.")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    report.add_options(parser)
    parser.add_argument("--receipts", type=int, default=2_000_000, help="how many (default 2,000,000)")
    options = parser.parse_args()
    if options.quick:
        options.receipts = 100_000
    with tempfile.TemporaryDirectory(prefix="fanfare-bench-") as folder:
        result = measure(options, pathlib.Path(folder))
    report.emit(options, text(result), result)


if __name__ == "__main__":
    main()
