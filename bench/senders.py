"""Who brings events from Kafka to an endpoint in the benches, and how a round of each is measured.

A round: the topic is full, a sender starts, and the clock runs from the first delivery that the endpoint counts to the last, or until the
round's time is over. All senders read the same events of the same broker and send to the same endpoint.
"""

import json
import os
import pathlib
import re
import subprocess
import time

from programs import OTHERS, compiled
from harness.endpoints import Endpoint, new_secret
from harness.process import Process
from harness.waiting import free_port
from harness.world import Topic

HERE = pathlib.Path(__file__).resolve().parent
STALLED_SECONDS, START_SECONDS = 30, 90
IN_FLIGHT = 256


class Failed(Exception):
    """A case that cannot be measured; the others go on."""


class FastTopic(Topic):
    """Its manifest is written as JSON, which is YAML: ten thousand subscriptions take PyYAML longer than what is measured."""

    def write(self):
        self.file.write_text(json.dumps({"topic": self.name, **self.manifest, "subscriptions": self.subscriptions}))


class Target(Endpoint):
    """The endpoint of a subscription: a URL of a sink."""

    def __init__(self, url):
        self._url = url
        self.secret = new_secret()

    @property
    def url(self):
        return self._url


class Fanfare:
    """`subscribe(topic)` subscribes what the case is about. Each start is with a group of its own, so it reads everything again."""

    settings = f"fanfare: delivery.maxInFlight {IN_FLIGHT}, receipts on, librdkafka's fetch.wait.max.ms 20"

    def __init__(self, subscribe, **config):
        self.subscribe = subscribe
        self.config = config

    def starts(self, stage, topic, ready=False, **variables):
        for other in stage.world.topics.values():
            other.subscriptions = {}
        self.subscribe(topic)
        group = stage.next_group()
        stage.world.configure(
            group=group, retryTopic={"name": f"{group}.retry", "lanes": ["1s", "3s"], "replicationFactor": 1},
            control={"topic": "fanfare.control"}, shutdown={"grace": "1s"},
            **{"limits": {}, "defaults": {}, "kafka": stage.kafka(), "receipts": {"topic": "fanfare.receipts"}, **self.config})
        bridge = stage.world.bridge()
        # Only now: what this bench needs to write so many manifests is not the bridge's.
        self.started = time.monotonic()
        self.bridge = bridge.starts(ready=False, **variables)
        stage.senders.append(self.bridge.process)
        if ready:
            self.bridge.is_ready(timeout=90)
        return self.bridge.process

    def ends(self, process):
        """It finishes what is in flight."""
        process.stop(timeout=20)


class Command:
    """A program of its own."""

    def __init__(self, command, settings):
        self.command = command
        self.settings = settings

    def starts(self, stage, topic, ready=False, **variables):
        self.started = time.monotonic()
        process = Process("a sender", self.command(stage, topic), stage.world.folder / "sender.log", variables=variables)
        stage.senders.append(process)
        return stage.world.started(process)

    def ends(self, process):
        process.kill()


FLOORS = {"floor_epoll": "C, hand-written", "floor_libcurl": "C, libcurl"}


def floor(name, sink, path="/floor", protocol="1.1", batch=1, connections=64):
    connections = 4 if batch > 1 else connections

    def command(stage, topic):
        return [compiled(name), "--brokers", stage.brokers, "--topic", topic.name, "--partitions", topic.partitions,
                "--url", sink.url(path, protocol), "--batch", batch, "--connections", connections,
                *(["--http2", 1] if protocol.endswith(" 2") else []), *(["--ca", sink.ca] if protocol.startswith("TLS") else [])]
    return Command(command, f"{FLOORS[name]}{', batches' if batch > 1 else ''}: -O2, one thread, {connections} connections, no commits")


def other(script, sink, settings, *words, path="/other"):
    def command(stage, topic):
        return [OTHERS, HERE / "others" / script, stage.brokers, topic.name, stage.next_group(), sink.url(path), *words]
    return Command(command, settings)


def mq_bridge(sink, batch=1):
    size = 256 if batch == 1 else batch
    packing = f", pack of {batch}" if batch > 1 else ""
    return other("mq_bridge_route.py", sink, f"mq-bridge: batch_size {size}{packing}, concurrency 64, batch_concurrency 64", batch)


def drain(stage, sender, topic, sink, events, meanwhile=lambda done: None, seconds=None):
    """One round of a sender. The result's `events` are those in the time that was measured."""
    limit = seconds or stage.options.seconds
    before = sink.count()
    process = sender.starts(stage, topic)
    first, last, moved = None, (time.monotonic(), 0, 0), time.monotonic()
    while True:
        stage.world.check_processes()
        done = sink.count() - before
        now = (time.monotonic(), process.processor_seconds(), done)
        if done != last[2]:
            # The clock starts at the last look at which there was nothing, a hundredth of a second ago.
            first, moved = first or last, now[0]
        if done != last[2] or not done:
            last = now
        if done >= events or first and now[0] - first[0] > limit:
            break
        if now[0] - moved > (STALLED_SECONDS if done else START_SECONDS):
            raise Failed(f"nothing was delivered for {now[0] - moved:.0f} s, {done} of {events} before that; the sender's last words:\n{process.tail()}")
        meanwhile(done)
        time.sleep(0.01)
    figures = {"peak_rss_mib": process.peak_memory() / (1 << 20), "received_bytes": received_bytes(process, stage), "first_seconds": first[0] - sender.started}
    sender.ends(process)
    count, seconds = last[2] - first[2], last[0] - first[0]
    return {"events": count, "seconds": seconds, "per_second": count / seconds, "cpu_us": (last[1] - first[1]) / count * 1e6, "delivered": done, **figures}


def received_bytes(process, stage):
    """What the sender's connections to the broker have received so far."""
    listed = subprocess.run(
        ["ss", "-tinpHO", "dst", "127.0.0.1"], capture_output=True, text=True).stdout
    port = stage.brokers.rpartition(":")[2]
    lines = (line for line in listed.splitlines() if f"127.0.0.1:{port} " in line and f"pid={process.pid}," in line)
    return sum(int(found[1]) for line in lines if (found := re.search(r"bytes_received:(\d+)", line)))


def load(command, sink):
    """A load generator: it reads nothing from Kafka and sends one request again and again."""
    before, began = sink.count(), time.monotonic()
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    count = sink.count() - before
    if process.returncode or not count or "Non-2xx" in output:
        raise Failed(f"{command[0]} failed:\n{output}")
    took = time.monotonic() - began
    return {"events": count, "seconds": took, "per_second": count / took, "cpu_us": (usage.ru_utime + usage.ru_stime) / count * 1e6}


def wrk(folder, sink, request, seconds, connections=64, path="/wrk"):
    script, body = folder / "post.lua", folder / "body"
    body.write_bytes(request["body"])
    headers = "\n".join(f"wrk.headers[{json.dumps(n)}] = {json.dumps(v)}" for n, v in request["headers"])
    script.write_text(f'wrk.method = "POST"\n{headers}\nwrk.body = io.open({json.dumps(str(body))}, "rb"):read("*a")\n')
    return load(["wrk", "--threads", 1, "--connections", connections, "--duration", f"{seconds}s", "--script", script, sink.url(path)], sink)


def h2load(folder, sink, request, seconds, protocol="1.1", path="/h2load"):
    body = folder / "body"
    body.write_bytes(request["body"])
    headers = [word for name, value in request["headers"] for word in ("--header", f"{name}: {value}")]
    http2 = protocol.endswith(" 2")
    # By HTTP/2 with one connection, as measured best here; its streams are what connections are otherwise.
    shape = ["--clients", 1, "--max-concurrent-streams", 64] if http2 else ["--h1", "--clients", 64]
    return load(["h2load", "--threads", 1, *shape, "--duration", seconds, "--data", body, *headers, sink.url(path, protocol)], sink)


def unused_url(path):
    return f"http://127.0.0.1:{free_port()}{path}"
