"""`fanfare serve`, killed and started again: each start is a process with a name of its own, which its requests carry."""

import dataclasses
import time

from harness.waiting import wait_until


@dataclasses.dataclass(frozen=True)
class Death:
    process: str   # as its requests name it
    since: float   # when it was started
    at: float      # when it was dead
    clean: bool    # it had stopped in good order before it could be killed


class Replica:
    def __init__(self, world, name):
        self.name = name
        self.bridge = world.bridge(name)
        self.generation = 0

    @property
    def runs(self):
        return self.generation > 0 and self.bridge.process.popen.poll() is None

    @property
    def pid(self):
        return self.bridge.process.pid

    @property
    def process(self):
        return f"{self.name}.{self.generation}"

    def starts(self, ready=True, under=()):
        self.generation += 1
        self.since = time.time()
        self.bridge.starts(ready, under, PROCESS=self.process)

    def is_up(self):
        if not self.runs:
            self.starts()

    def is_asked_to_stop(self):
        self.bridge.process.ask_to_stop()

    def stops(self):
        self.bridge.stops()
        return self._death()

    def is_killed(self):
        self.bridge.is_killed()
        return self._death()

    def dies(self, timeout):
        """Of a kill that somebody else has prepared; None when it does not come."""
        self.bridge.process.expected_to_run = False
        try:
            wait_until(lambda: not self.runs, f"{self.process} to be killed", timeout, every=0.005)
        except AssertionError:
            return None
        return self._death()

    def _death(self):
        status = self.bridge.process.popen.returncode
        assert status in (0, -9), f"{self.process} ended with status {status}:\n{self.bridge.process.tail()}"
        return Death(self.process, self.since, time.time(), clean=status == 0)
