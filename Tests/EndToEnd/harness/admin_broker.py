"""A broker that creates, extends and configures topics on request, which the embedded cluster does not."""

import importlib.util
import pathlib

from confluent_kafka.admin import ConfigResource, NewTopic

from .process import Process
from .waiting import accepts, wait_until


class AdminBroker:
    def __init__(self, world):
        self.kafka = world.kafka
        # The binary itself: the script that pip installs would leave it behind when it is stopped.
        package = pathlib.Path(importlib.util.find_spec("noida_db").origin).parent
        self.process = world.started(Process(
            "noida-db", [package / "noida-db", "start", "--only", "kafka", "--kafka-port", world.broker_port,
                         "--data-dir", world.folder / "noida-db"], world.folder / "noida-db.log"))
        wait_until(lambda: accepts(world.broker_port), "noida-db to listen", details=self.process.tail,
                   meanwhile=self.process.check_running)

    def creates(self, topic, partitions, **config):
        (future,) = self.kafka.admin.create_topics([NewTopic(topic, partitions, 1, config=_dotted(config))]).values()
        future.result(timeout=10)

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
