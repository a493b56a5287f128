"""The test's side of the hostile endpoints (`hostile_server.py`)."""

import json
import pathlib
import sys

from .endpoints import Endpoint, new_secret
from .process import Process
from .raw_servers import Certificates
from .waiting import wait_until

# States of a connection in /proc/net/tcp in which this side still holds a descriptor: neither closed nor about to be.
HELD = {"01", "02", "08"}       # ESTABLISHED, SYN_SENT, CLOSE_WAIT


def connections_to(ports):
    """How many connections are held open to ports of this machine."""
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table][1:]
    return sum(row[3] in HELD and int(row[2].rpartition(":")[2], 16) in ports for row in rows)


class HostileEndpoints:
    def __init__(self, world):
        self.world = world
        certificates = Certificates(world.folder / "certificates")
        certificates.server("hostile")
        self.authority = certificates.authority
        log = world.folder / "hostile.log"
        script = pathlib.Path(__file__).with_name("hostile_server.py")
        process = Process("the hostile endpoints", [
            sys.executable, script, certificates.folder / "hostile.pem", certificates.folder / "hostile.key"], log)
        world.started(process)
        wait_until(lambda: process.says("}\n"), "the hostile endpoints to listen", details=process.tail, meanwhile=process.check_running)
        self.ports = json.loads(log.read_text().splitlines()[0])
        self.names = list(self.ports)

    def endpoint(self, name):
        return HostileEndpoint(self.world, name, self.ports[name], new_secret())

    def policies(self, name):
        """What a subscription to it needs beside the usual."""
        return {"tls": {"ca": self.authority}} if HostileEndpoint.is_encrypted(name) else {}

    def connections(self):
        """How many connections to these endpoints are held open, by name."""
        counts = {name: connections_to([port]) for name, port in self.ports.items()}
        return {name: count for name, count in counts.items() if count}


class HostileEndpoint(Endpoint):
    @staticmethod
    def is_encrypted(name):
        return "tls" in name or name.startswith("h2")

    @property
    def url(self):
        scheme = "https" if self.is_encrypted(self.name) else "http"
        return f"{scheme}://127.0.0.1:{self.port}{self.path}"
