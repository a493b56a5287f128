"""A broker that creates, extends and configures topics on request, which the embedded cluster does not."""

import importlib.util
import pathlib

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic

from .process import Process
from .waiting import accepts, wait_until


class AdminBroker:
    def __init__(self, world):
        self.world = world
        self.kafka = world.kafka
        self.process = None
        self.starts()

    @classmethod
    def serving(cls, world, topics, **properties):
        """Runs with these topics (partitions by name), and the bridges of this world know how to live with it."""
        world.configure(
            # Its groups are unreliable with several members, and take no shorter sessions.
            limits={"shards": 1},
            kafka={"bootstrapServers": world.kafka.properties["bootstrap.servers"],
                   "properties": {"session.timeout.ms": 6000, **_dotted(properties)}})
        broker = cls(world)
        for topic, partitions in topics.items():
            broker.creates(topic, partitions)
        return broker

    def starts(self):
        # The binary itself: the script that pip installs would leave it behind when it is stopped.
        package = pathlib.Path(importlib.util.find_spec("noida_db").origin).parent
        world = self.world
        self.process = world.started(Process(
            "noida-db", [package / "noida-db", "start", "--only", "kafka", "--kafka-port", world.broker_port,
                         "--data-dir", world.folder / "noida-db"], world.folder / "noida-db.log"))
        wait_until(lambda: accepts(world.broker_port), "noida-db to listen", details=self.process.tail,
                   meanwhile=self.process.check_running)

    def restarts(self):
        self.process.stop()
        self.starts()

    def creates(self, topic, partitions, **config):
        (future,) = self.kafka.admin.create_topics([NewTopic(topic, partitions, 1, config=_dotted(config))]).values()
        future.result(timeout=10)

    def deletes(self, topic):
        (future,) = self.kafka.admin.delete_topics([topic]).values()
        future.result(timeout=10)
        # The test's producer would go on with the sequence numbers of the topic that is gone.
        self.kafka.__dict__.pop("producer", None)

    def extends(self, topic, partitions):
        (future,) = self.kafka.admin.create_partitions([NewPartitions(topic, partitions)]).values()
        future.result(timeout=10)
        # The test's producer would learn of them within five minutes; a new one asks at once.
        self.kafka.__dict__.pop("producer", None)

    def configures(self, topic, **config):
        changes = [ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in _dotted(config).items()]
        (future,) = self.kafka.admin.incremental_alter_configs(
            [ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=changes)]).values()
        future.result(timeout=10)

    def creates_nothing_by_itself(self):
        """As clusters are set where topics are made on purpose only."""
        never = ConfigEntry("auto.create.topics.enable", "false", incremental_operation=AlterConfigOpType.SET)
        (future,) = self.kafka.admin.incremental_alter_configs(
            [ConfigResource(ConfigResource.Type.BROKER, "1", incremental_configs=[never])]).values()
        future.result(timeout=10)

    def deletes_records(self, topic, partition, before):
        """As retention does: the log begins at `before` now."""
        (future,) = self.kafka.admin.delete_records([TopicPartition(topic, partition, before)]).values()
        future.result(timeout=10)

    def resets_offsets(self, group, topic, to):
        """What kafka-consumer-groups --reset-offsets does."""
        self.kafka.commits(group, topic, dict.fromkeys(range(self.partitions(topic)), to))

    def partitions(self, topic):
        return len(self.kafka.admin.list_topics(timeout=10).topics[topic].partitions)

    def topics(self):
        return {name for name in self.kafka.admin.list_topics(timeout=10).topics if not name.startswith("__")}

    def config(self, topic):
        (future,) = self.kafka.admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, topic)]).values()
        return {name: entry.value for name, entry in future.result(timeout=10).items()}


def _dotted(config):
    """retention_ms=1 is retention.ms."""
    return {name.replace("_", "."): str(value) for name, value in config.items()}
