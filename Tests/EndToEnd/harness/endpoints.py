"""The test's side of the endpoints: define one, change it, ask what arrived."""

import base64
import collections
import json
import os
import sys
import pathlib
import urllib.request

from .process import Process
from .waiting import accepts, free_port, wait_until


def new_secret():
    return "whsec_" + base64.b64encode(os.urandom(32)).decode()


class Receiver:
    """The process in which endpoints live."""

    def __init__(self, world, port=None):
        self.port = port or free_port()
        script = pathlib.Path(__file__).with_name("receiver_server.py")
        log = world.folder / f"receiver-{len(world.processes)}.log"
        self.process = world.started(Process("the receiver", [sys.executable, script, self.port], log))
        wait_until(lambda: accepts(self.port), "the receiver to listen", details=self.process.tail, meanwhile=self.process.check_running)

    def ask(self, what, **question):
        url = f"http://127.0.0.1:{self.port}/_/{what}"
        if "path" in question and len(question) == 1:
            url += f"?path={question['path']}"
            body = None
        else:
            body = json.dumps(question).encode()
        with urllib.request.urlopen(urllib.request.Request(url, data=body), timeout=30) as answer:
            return json.load(answer)


class Endpoint:
    """Where one subscription delivers to. Without a receiver, nothing listens there."""

    def __init__(self, world, name, port, secret):
        self.world = world
        self.name = name
        self.path = f"/{name}"
        self.port = port
        self.secret = secret
        self.receiver = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}{self.path}"

    def behaves(self, **behaviour):
        """What it does from now on; receiver_server.Endpoint names the behaviours."""
        self.receiver.ask("endpoint", path=self.path, **behaviour)
        return self

    def comes_up(self, **behaviour):
        """Starts to listen where nothing did."""
        self.receiver = self.world.new_receiver(self.port)
        return self.behaves(secrets=[self.secret], **behaviour)

    def summary(self):
        return self.receiver.ask("summary", path=self.path)

    def arrivals(self):
        return [Arrival(**a) for a in self.receiver.ask("arrivals", path=self.path)]

    def delivered(self):
        """How often each event was accepted, by id."""
        return collections.Counter(self.receiver.ask("delivered", path=self.path))

    def has_taken(self, count, timeout=60):
        """Waits until so many different events were accepted."""
        self._wait("delivered", count, "accept", timeout)

    def has_seen(self, count, timeout=60):
        """Waits until so many attempts were made."""
        self._wait("attempts", count, "see", timeout)

    def _wait(self, what, count, verb, timeout):
        self.world.wait_until(
            lambda: self.summary()[what] >= count, f"{self.name} to {verb} {count} ({what})", timeout, every=0.05,
            details=lambda: f"it stands at {self.summary()}")


class Arrival:
    def __init__(self, **fields):
        self.headers = {}
        self.body = None
        self.answered = None  # not yet, or its sender had gone
        self.__dict__.update(fields)
        self.attempt = int(self.attempt) if self.attempt else None
        self.accepted = 200 <= self.status < 300
        self.headers = {name.lower(): value for name, value in self.headers} if self.headers else {}
        if self.body is not None:
            self.body = self.body.encode("latin-1")

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.subscription} {self.id} attempt {self.attempt}: {self.status}>"
