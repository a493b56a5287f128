"""The world of one test: topics, endpoints, subscriptions, a broker and bridges. Reads as sentences:

    orders = world.topic("shop.orders", partitions=6)
    billing = world.endpoint("billing", fail=0.1)
    orders.subscribe("billing", billing)
    world.bridge().starts()
    orders.publish(1000)
    billing.has_taken(1000)
    world.books("billing").balance()

Everything a test starts is stopped at its end, and when it fails the last words of every process are in the report.
"""

import collections
import json
import subprocess

import yaml

from . import waiting
from .books import Books
from .bridge import Bridge
from .cursor_watch import CursorWatch
from .endpoints import Endpoint, Receiver, new_secret
from .kafka import Broker, Kafka
from .process import environment, stop_all
from .waiting import PATIENCE, free_port

GROUP = "fanfare"
RETRY_TOPIC = f"{GROUP}.retry"
CONTROL_TOPIC = f"{GROUP}.control"
RECEIPTS_TOPIC = f"{GROUP}.receipts"


class World:
    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        self.manifests = folder / "topics"
        self.manifests.mkdir()
        self.broker_port = free_port(in_a_row=3)
        self.kafka = Kafka(f"127.0.0.1:{self.broker_port}")
        self.topics = {}
        self.processes = []
        self.bridges = []
        self.receiver = None
        self.broker = None
        self.config_changes = {}
        self.retry_partitions = 2
        self.extra_topics = {}  # partitions of topics that no manifest is about

    # What exists

    def topic(self, name, partitions=1, **manifest):
        self.topics[name] = Topic(self, name, partitions, manifest)
        return self.topics[name]

    def endpoint(self, name, **behaviour):
        """An endpoint that verifies and takes everything, unless told to behave otherwise."""
        if self.receiver is None:
            self.receiver = self.new_receiver()
        endpoint = Endpoint(self, name, self.receiver.port, new_secret())
        endpoint.receiver = self.receiver
        return endpoint.behaves(secrets=[endpoint.secret], **behaviour)

    def endpoint_where_nothing_listens(self, name):
        return Endpoint(self, name, free_port(), new_secret())

    def new_receiver(self, port=None):
        return Receiver(self, port)

    def started(self, process):
        """Known before anybody waits for it, so that it is ended also if that is in vain."""
        self.processes.append(process)
        return process

    # The broker

    def starts_broker(self, brokers=1):
        """Every topic exists from the start: the embedded cluster creates a missing one with a count of its own."""
        topics = {}
        for topic in self.topics.values():
            topics[topic.name] = topic.partitions
            topics[topic.dead_letters] = 2
        topics[RETRY_TOPIC] = self.retry_partitions
        topics[CONTROL_TOPIC] = 1
        topics[RECEIPTS_TOPIC] = 2
        topics |= self.extra_topics
        self.broker = Broker(self, topics, brokers)
        return self.broker

    # The bridge

    def configure(self, **changes):
        """Deviates from the configuration that tests use; the keys are those of fanfare.yaml."""
        self.config_changes.update(changes)

    def bridge(self, name="bridge"):
        """Another replica; the first one brings the broker up."""
        if self.broker is None:
            self.starts_broker()
        return self.bridge_without_broker(name)

    def bridge_without_broker(self, name="bridge"):
        ops_port = free_port()
        return Bridge(self, name, self.write_config(name, ops_port), ops_port)

    def write_config(self, name="fanfare", ops_port=8080):
        self.write_manifests()
        config = {
            "group": GROUP,
            "kafka": {
                "bootstrapServers": self.kafka.properties["bootstrap.servers"],
                # The shortest session that the embedded cluster bears; each rebalance takes about that long there.
                "properties": {"session.timeout.ms": 4500, "heartbeat.interval.ms": 500, "fetch.wait.max.ms": 20},
            },
            "topics": str(self.manifests),
            "retryTopic": {"lanes": ["1s", "3s"], "replicationFactor": 1},
            "deadLetter": {"replicationFactor": 1},
            "egress": {"allowHTTP": True, "allowPrivate": True},
            "shutdown": {"grace": "10s"},
            **self.config_changes,
        }
        config["ops"] = {"listen": f"127.0.0.1:{ops_port}", **self.config_changes.get("ops", {})}
        path = self.folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump(config, sort_keys=False))
        return path

    def write_manifests(self):
        for topic in self.topics.values():
            topic.write()

    # Commands

    def fanfare(self, *words, stdin=b"", expect=0, config=True, timeout=60):
        """Runs a command to its end and checks its exit status."""
        command = [self.program, *words]
        if config:
            command += ["--config", self.write_config()]
        done = subprocess.run(
            [str(word) for word in command], input=stdin, capture_output=True, timeout=timeout * PATIENCE, env=environment())
        result = Result(done)
        assert done.returncode == expect, f"'fanfare {' '.join(map(str, words))}' ended with {done.returncode}, expected {expect}\n{result}"
        return result

    def fanfare_with(self, variables, *words, timeout=60):
        """The same with variables in its environment, however it ends."""
        command = [str(word) for word in (self.program, *words)]
        return Result(subprocess.run(command, capture_output=True, timeout=timeout * PATIENCE, env=environment() | variables))

    # Looking

    def wait_until(self, condition, what, timeout=30, **options):
        waiting.wait_until(condition, what, timeout, meanwhile=self.check_processes, **options)

    def check_processes(self):
        for process in self.processes:
            process.check_running()

    def books(self, subscription):
        return Books(self, subscription)

    def subscription(self, name):
        """The topic and the endpoint of a subscription."""
        for topic in self.topics.values():
            if name in topic.endpoints:
                return topic, topic.endpoints[name]
        raise KeyError(name)

    def dead_letters(self, topic, subscription=None):
        """What the dead-letter topic of a topic holds, for one subscription or for all."""
        records = [Diverted(r) for r in self.kafka.consume_all(topic.dead_letters)]
        return [r for r in records if subscription in (None, r.subscription)]

    def retries(self, subscription=None):
        records = [Diverted(r) for r in self.kafka.consume_all(RETRY_TOPIC)]
        return [r for r in records if subscription in (None, r.subscription)]

    def receipts(self, subscription=None):
        """What the receipts topic holds, in the order of its records' times."""
        records = sorted(self.kafka.consume_all(RECEIPTS_TOPIC), key=lambda record: record.timestamp)
        return [r for r in map(Receipt, records) if subscription in (None, r["subscription"])]

    def committed(self, subscription, topic):
        return self.kafka.committed(f"{GROUP}.{subscription}", topic.name)

    def cursors(self, subscription):
        topic, _ = self.subscription(subscription)
        return self.kafka.cursors(f"{GROUP}.{subscription}", topic.name)

    def watches(self, subscription):
        """Until the end of the block, the subscription's cursors may not go back."""
        return CursorWatch(lambda: self.cursors(subscription))

    def lag(self, subscription, topic):
        return self.kafka.lag(f"{GROUP}.{subscription}", topic.name)

    def is_settled(self, subscription, timeout=60):
        """Waits until the subscription's cursor stands at the end of its topic, and of the retry topic for its retries."""
        topic, _ = self.subscription(subscription)
        self.wait_until(lambda: self.lag(subscription, topic) == 0, f"{subscription} to settle all of {topic.name}", timeout, every=0.2,
                        details=lambda: f"committed {self.committed(subscription, topic)}, ends {self.kafka.ends(topic.name)}")

    def has_settled_what_was_published(self, subscription, timeout=60):
        """The same where the broker's word for the end of a log cannot be relied on."""
        topic, _ = self.subscription(subscription)
        ends = collections.Counter(int(event.rsplit("-", 2)[1]) for event in topic.published)
        self.wait_until(lambda: self.committed(subscription, topic) == ends, f"{subscription} to settle all of {topic.name}", timeout,
                        every=0.2, details=lambda: f"committed {self.committed(subscription, topic)}, published {ends}")

    def end(self):
        """Stops everything: the bridges first, then what was started last, while what they depend on is still there."""
        self.kafka.close()
        for process in self.bridges:
            process.ask_to_stop()
        stop_all([*self.bridges, *reversed(self.processes)], timeout=20)


class Topic:
    def __init__(self, world, name, partitions, manifest):
        self.world = world
        self.name = name
        self.partitions = partitions
        self.manifest = manifest
        self.subscriptions = {}
        self.endpoints = {}
        self.published = []  # the ids that the default mapping gives: <topic>-<partition>-<offset>
        self.file = world.manifests / f"{name}.yaml"

    @property
    def dead_letters(self):
        return f"{self.name}.dead-letter"

    def subscribe(self, name, endpoint, **policies):
        """Subscribes an endpoint; the policies are the manifest's keys. A running bridge hears of it by `write`."""
        self.endpoints[name] = endpoint
        self.subscriptions[name] = {
            "endpoint": endpoint.url, "start": "earliest", "signing": {"secrets": [endpoint.secret]}, **policies}

    def unsubscribe(self, name):
        del self.subscriptions[name]

    def write(self):
        text = yaml.safe_dump({"topic": self.name, **self.manifest, "subscriptions": self.subscriptions}, sort_keys=False)
        if not self.file.exists() or self.file.read_text() != text:
            self.file.write_text(text)

    def publish(self, count, size=300, keys=None):
        """Numbered JSON events spread over the partitions; waits for their acknowledgement and returns their ids."""
        padding = "x" * size
        start = len(self.published)
        return self.publish_records(
            (n % self.partitions if keys is None else None, f"key-{n % keys}" if keys else None,
             json.dumps({"n": n, "padding": padding}), None)
            for n in range(start, start + count))

    def publish_records(self, records):
        """(partition or None, key, value, headers) each."""
        ids = [f"{self.name}-{partition}-{offset}" for partition, offset in self.world.kafka.publish(self.name, records)]
        self.published += ids
        return ids

    def publish_record(self, value, key=None, headers=None, partition=0):
        (only,) = self.publish_records([(partition, key, value, headers)])
        return only


class Diverted:
    """A record of the retry topic or of a dead-letter topic."""

    def __init__(self, record):
        self.record = record
        self.key = record.key
        self.value = record.value
        self.headers = dict(record.headers)
        assert len(self.headers) == len(record.headers), f"a header stands there twice: {[n for n, _ in record.headers]}"

    def text(self, name):
        value = self.headers.get(name)
        assert value is not None, f"no header {name}, only {sorted(self.headers)}"
        return value.decode()

    def number(self, name):
        """A big-endian integer, as Spring Kafka writes it."""
        return int.from_bytes(self.headers[name], signed=True)

    @property
    def subscription(self):
        return self.text("fanfare-subscription")

    @property
    def source_id(self):
        return "-".join(self.text(f"fanfare-{part}") for part in ("topic", "partition", "offset"))

    @property
    def kind(self):
        return self.text("fanfare-error-kind")

    def __repr__(self):
        return f"<{self.source_id} for {self.subscription}: {self.headers.get('fanfare-error-kind')}, {self.headers.get('fanfare-error-message')}>"


class Receipt(dict):
    """A record of the receipts topic, a CloudEvent in structured mode: its data."""

    def __init__(self, record):
        self.event = json.loads(record.value)
        super().__init__(self.event["data"])
        self.record = record

    @property
    def steps(self):
        return [event["next"]["step"] for event in self["events"]]


class Result:
    def __init__(self, done):
        self.status = done.returncode
        self.output = done.stdout.decode(errors="replace")
        self.errors = done.stderr.decode(errors="replace")

    @property
    def text(self):
        return self.output + self.errors

    @property
    def json(self):
        return json.loads(self.output)

    def __repr__(self):
        return f"standard output:\n{self.output}\nstandard error:\n{self.errors}"
