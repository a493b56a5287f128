"""What the benches play on: the real program, an embedded cluster, endpoints in processes of their own, events at a steady rate."""

import array
import contextlib
import json
import os
import pathlib
import sys
import tempfile
import threading
import time
import urllib.request

import journal
from report import ROOT

sys.path.insert(0, str(ROOT / "Tests" / "EndToEnd"))

from confluent_kafka import Producer, TopicPartition  # noqa: E402
from harness.endpoints import Endpoint, new_secret  # noqa: E402
from harness.kafka import silent  # noqa: E402
from harness.process import Process, environment  # noqa: E402
from harness.waiting import accepts, free_port, wait_until  # noqa: E402
from harness.world import World  # noqa: E402


def add_options(parser):
    parser.add_argument("--fetch-wait", type=int, default=5, help="fetch.wait.max.ms of the bridge (default 5)")
    parser.add_argument("--realtime", action="store_true", help="runs before everything else on this machine: where others work on it (needs root)")


GAUGE, SUBJECT = 2, 1


def priority(options, level):
    """Of this process and what it starts from now on, with --realtime: who measures above who is measured."""
    if options.realtime:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(level))


@contextlib.contextmanager
def staged(options, fetch_wait, properties=(), **config):
    """A world of its own; `properties` are librdkafka's, `config` are keys of fanfare.yaml."""
    with tempfile.TemporaryDirectory(prefix="fanfare-bench-") as folder:
        world = World(options.program.resolve(), pathlib.Path(folder))
        kafka = {"session.timeout.ms": 4500, "heartbeat.interval.ms": 500, "fetch.wait.max.ms": fetch_wait, **dict(properties)}
        world.configure(
            kafka={"bootstrapServers": world.kafka.properties["bootstrap.servers"], "properties": kafka}, shutdown={"grace": "1s"}, **config)
        try:
            yield world
        finally:
            world.end()


class Target(Endpoint):
    """The endpoint of one subscription; endpoints.py answers by the path."""

    def __init__(self, world, name, port, path=None):
        super().__init__(world, name, port, new_secret())
        self.path = f"/{path}/{name}" if path else f"/{name}"


class Endpoints:
    """A process of endpoints.py."""

    def __init__(self, world, name):
        self.port = free_port()
        self.process = started(world, name, "endpoints.py", self.port)

    def latencies(self):
        """(moment of production, nanoseconds to the arrival) of each delivery since the last question."""
        pairs = array.array("q", ask(self.port, "latencies"))
        return list(zip(pairs[::2], pairs[1::2]))

    def count(self):
        return json.loads(ask(self.port, "count"))


class FailingEndpoint:
    """A process of failing.py."""

    def __init__(self, world, name):
        self.port, self.control = free_port(), free_port()
        self.process = started(world, name, "failing.py", self.port, self.control)

    def does(self, order):
        ask(self.control, order)

    def journal(self, subscription):
        return journal.attempts(ask(self.control, f"journal/{subscription}"))


def started(world, name, script, *ports):
    path = pathlib.Path(__file__).with_name(script)
    process = world.started(Process(name, [sys.executable, path, *ports], world.folder / f"{name}.log"))
    wait_until(lambda: all(accepts(port) for port in ports), f"{name} to listen", details=process.tail, meanwhile=process.check_running)
    return process


def ask(port, question):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{question}", timeout=60) as answer:
        return answer.read()


class SteadyProducer:
    """Events at a steady rate, each with the moment of its production, one partition after the other."""

    def __init__(self, world, topic, size, types=lambda n: ("order",), linger=0, run=1):
        """`types` are those of the events that are produced at each turn, by its number; `run`, how many turns a partition has in a row."""
        self.topic = topic
        self.types = types
        self.turns_in_a_row = run
        self.count = 0
        self.late_us = 0
        self.padding = b"x" * max(0, size - 60)
        self.producer = Producer({**world.kafka.properties, "linger.ms": linger, "acks": "all", "compression.type": "lz4"}, logger=silent)

    def run(self, rate, seconds):
        """Returns how many. A producer that falls behind shows in `late_us`: the machine was busy."""
        total = int(rate * seconds)
        begin = time.perf_counter()
        for n in range(total):
            due = begin + n / rate
            while (ahead := due - time.perf_counter()) > 0:
                time.sleep(ahead)
            self.late_us = max(self.late_us, int(-ahead * 1e6))
            for type in self.types(self.count):
                self.produce(type)
            self.count += 1
            if n % 16 == 0:
                self.producer.poll(0)
        return total

    @contextlib.contextmanager
    def running(self, rate):
        """Produces beside what the block does, and has everything acknowledged at its end."""
        ended = threading.Event()

        def follow():
            while not ended.is_set():
                self.run(rate, 0.5)

        thread = threading.Thread(target=follow)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
        self.flush()

    def produce(self, type):
        value = b'{"type":"%s","at":%d,"padding":"%s"}' % (type.encode(), time.time_ns(), self.padding)
        self.producer.produce(self.topic.name, value, partition=self.count // self.turns_in_a_row % self.topic.partitions)

    def flush(self):
        left = self.producer.flush(30)
        assert not left, f"{left} events were not acknowledged"


def fill(world, topic, count, value):
    """A backlog of one event many times, in batches that compress well, or the embedded broker would not keep them all."""
    producer = Producer({
        **world.kafka.properties, "linger.ms": 100, "compression.type": "lz4", "batch.size": 500_000, "acks": "all",
        "queue.buffering.max.messages": 2_000_000, "queue.buffering.max.kbytes": 2_000_000}, logger=silent)
    for n in range(count):
        # In runs: full batches.
        partition = n // 500 % topic.partitions
        while True:
            try:
                producer.produce(topic.name, value, partition=partition)
                break
            except BufferError:
                producer.poll(0.1)
        if n % 1000 == 0:
            producer.poll(0)
    left = producer.flush(120)
    assert not left, f"{left} events of the backlog were not acknowledged"
    keeps_all(world, [topic], count)


def keeps_all(world, topics, count):
    parts = [TopicPartition(topic.name, p) for topic in topics for p in range(topic.partitions)]
    bounds = [world.kafka.reader.get_watermark_offsets(part, timeout=10) for part in parts]
    kept = sum(high - low for low, high in bounds)
    assert kept == count, f"the broker keeps {kept} of {count} events; use more partitions"

