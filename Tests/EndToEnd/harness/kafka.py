"""The broker, and everything a test does with Kafka itself."""

import collections
import functools
import logging
import subprocess

from confluent_kafka import (
    OFFSET_BEGINNING, Consumer, ConsumerGroupTopicPartitions, KafkaException, Producer, TopicPartition)
from confluent_kafka.admin import AdminClient, NewTopic

from .cursors import fetch_cursors
from .process import Process
from .waiting import wait_until

# A broker that goes away is part of the tests; the client need not say so each time it tries.
silent = logging.getLogger("test-kafka-client")
silent.addHandler(logging.NullHandler())
silent.propagate = False

Record = collections.namedtuple("Record", "topic partition offset key value headers timestamp")


class Broker:
    """`fanfare broker`: the embedded cluster as a process of its own, with faults on demand."""

    def __init__(self, world, topics, brokers):
        command = [world.program, "broker", "--port", world.broker_port, "--brokers", brokers]
        for name, partitions in topics.items():
            command += ["--topic", f"{name}:{partitions}"]
        # A log of its own for each start: what an earlier one said must not count.
        log = world.folder / f"broker-{len(world.processes)}.log"
        self.process = world.started(Process("the broker", command, log, stdin=subprocess.PIPE))
        # Not when it accepts connections: before its topics exist, a question about one would create it with another count.
        # librdkafka's mock cluster sometimes looks for new work once a second only, and topics are made one after the other.
        wait_until(lambda: self.process.says("listening on"), "the broker to listen", details=self.process.tail,
                   meanwhile=self.process.check_running, timeout=30 + len(topics))

    def command(self, line):
        """One of the faults that `fanfare broker --help` lists."""
        answered = len(self._answers())
        self.process.popen.stdin.write(f"{line}\n".encode())
        self.process.popen.stdin.flush()
        wait_until(lambda: len(self._answers()) > answered, f"the broker to answer '{line}'",
                   details=self.process.tail, meanwhile=self.process.check_running)
        assert self._answers()[-1] == "ok", f"the broker answers '{line}' with: {self._answers()[-1]}"

    def _answers(self):
        return [said for said in self.process.log.read_text().splitlines() if said == "ok" or said.startswith("error:")]

    def goes_down(self):
        self.command("down")

    def comes_back(self):
        self.command("up")


class Kafka:
    """A client of the cluster, from another code base than the bridge's."""

    def __init__(self, address):
        self.properties = {"bootstrap.servers": address}

    @functools.cached_property
    def producer(self):
        return Producer({
            **self.properties, "linger.ms": 5, "partitioner": "murmur2_random", "enable.idempotence": True,
            "message.max.bytes": 1_000_000}, logger=silent)

    @functools.cached_property
    def admin(self):
        return AdminClient(self.properties, logger=silent)

    @functools.cached_property
    def reader(self):
        return Consumer({
            **self.properties, "group.id": "test-reader", "enable.auto.commit": False, "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 10}, logger=silent)

    def publish(self, topic, records, flush_timeout=60):
        """Produces (partition or None, key, value, headers) and returns where each landed, in their order, as (partition,
        offset). A fifth element is the record's timestamp, instead of now."""
        landed = {}
        failures = []

        def acknowledged(n, error, message):
            if error:
                failures.append(error)
            else:
                landed[n] = (message.partition(), message.offset())

        for n, (partition, key, value, headers, *timestamp) in enumerate(records):
            options = {} if partition is None else {"partition": partition}
            if timestamp:
                (options["timestamp"],) = timestamp
            while True:
                try:
                    self.producer.produce(topic, value=value, key=key, headers=headers, on_delivery=functools.partial(acknowledged, n), **options)
                    break
                except BufferError:
                    self.producer.poll(0.05)
            self.producer.poll(0)
        left = self.producer.flush(flush_timeout)
        assert not left and not failures, f"{left} records were not acknowledged, {len(failures)} failed: {failures[:3]}"
        return [place for _, place in sorted(landed.items())]

    def creates(self, topic, partitions):
        (future,) = self.admin.create_topics([NewTopic(topic, partitions, 1)]).values()
        future.result(timeout=10)

    def partitions(self, topic):
        metadata = self.admin.list_topics(topic, timeout=10)
        return sorted(metadata.topics[topic].partitions)

    def consume_all(self, topic):
        """Every record that the topic holds now."""
        missing = {}
        for partition in self.partitions(topic):
            low, high = self.reader.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
            if high > low:
                missing[partition] = high
        self.reader.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in missing])
        records = []

        def take():
            for message in self.reader.consume(500, timeout=0.1) if missing else []:
                if message.error():
                    raise KafkaException(message.error())
                records.append(Record(
                    topic, message.partition(), message.offset(), message.key(), message.value(),
                    message.headers() or [], message.timestamp()[1]))
                if message.offset() + 1 >= missing.get(message.partition(), 0):
                    missing.pop(message.partition(), None)
            return not missing

        try:
            wait_until(take, f"all of topic {topic} to be read", every=0, details=lambda: f"still missing: {missing}")
        finally:
            self.reader.unassign()
        return records

    def ends(self, topic):
        """The end offset of each partition."""
        return {p: self.reader.get_watermark_offsets(TopicPartition(topic, p), timeout=10)[1] for p in self.partitions(topic)}

    def committed(self, group, topic):
        """The committed offset of each partition, as any Kafka tool would ask for it; None where there is none."""
        wanted = [TopicPartition(topic, p) for p in self.partitions(topic)]
        answers = self.admin.list_consumer_group_offsets(
            [ConsumerGroupTopicPartitions(group, wanted)], request_timeout=10)
        (answer,) = [future.result(timeout=15) for future in answers.values()]
        return {p.partition: (p.offset if p.offset >= 0 else None) for p in answer.topic_partitions}

    def commits(self, group, topic, offsets, metadata=""):
        """What a tool that resets offsets does."""
        wanted = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, p, offset, metadata) for p, offset in offsets.items()])
        (future,) = self.admin.alter_consumer_group_offsets([wanted]).values()
        future.result(timeout=10)

    def cursors(self, group, topic):
        """The cursor of each partition: its committed offset, and what its metadata says is settled beyond it."""
        return fetch_cursors(self.properties["bootstrap.servers"], group, topic, self.partitions(topic))

    def lag(self, group, topic):
        ends = self.ends(topic)
        return sum(ends[p] - (offset or 0) for p, offset in self.committed(group, topic).items())

    def close(self):
        if "reader" in self.__dict__:
            self.reader.close()
