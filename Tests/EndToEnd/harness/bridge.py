"""`fanfare serve` as a process."""

import re
import urllib.error
import urllib.request

from .process import Process


class Bridge:
    def __init__(self, world, name, config, ops_port):
        self.world = world
        self.name = name
        self.config = config
        self.ops = f"http://127.0.0.1:{ops_port}"
        self.process = None

    def starts(self, ready=True, under=(), words=(), **variables):
        """`under` is a command that runs the program (a tracer), `words` are more of its arguments, the variables those of its environment."""
        self.process = self.world.started(Process(
            self.name, [*under, self.world.program, "serve", "--config", self.config, *words], self.world.folder / f"{self.name}.log",
            variables=variables))
        self.world.bridges.append(self.process)
        if ready:
            self.is_ready()
        return self

    def is_ready(self, timeout=40):
        self.world.wait_until(lambda: self.get("/readyz")[0] == 200, f"{self.name} to be ready", timeout, every=0.05,
                              details=lambda: f"/readyz says {self.get('/readyz')}")

    def is_not_ready(self, timeout=40):
        self.world.wait_until(lambda: self.get("/readyz")[0] == 503, f"{self.name} to say that it is not ready", timeout, every=0.05,
                              details=lambda: f"/readyz says {self.get('/readyz')}")

    def stops(self):
        """SIGTERM, awaited; it must end well, and alarm nobody."""
        said = self.process.log.stat().st_size
        status = self.process.stop()
        assert status == 0, f"{self.name} ended with status {status} after SIGTERM:\n{self.process.tail()}"
        assert b"critical" not in self.process.log.read_bytes()[said:], f"{self.name} was asked to end, and says:\n{self.process.tail()}"

    def is_killed(self):
        self.process.kill()

    def restarts(self):
        self.stops()
        self.starts()

    def logs(self, text, timeout=30):
        self.world.wait_until(lambda: self.process.says(text), f"{self.name} to log '{text}'", timeout)

    def get(self, path):
        """Status and text; (0, reason) without an answer."""
        try:
            with urllib.request.urlopen(self.ops + path, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")
        except OSError as error:
            return 0, str(error)

    def metric(self, name, **labels):
        """The sum of a metric over the series that have these labels; None where there is no such series."""
        status, text = self.get("/metrics")
        found = None
        if status == 200:
            for line in text.splitlines():
                match = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)(?: \S+)?", line)
                if match and match[1] == name:
                    has = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match[2] or ""))
                    if all(has.get(label) == value for label, value in labels.items()):
                        found = (found or 0) + float(match[3])
        return found

    def shows(self, name, value, **labels):
        """Waits until a metric has this value; the figures are taken from the engine only once in a while."""
        self.world.wait_until(lambda: self.metric(name, **labels) == value, f"{self.name} to show {name} {labels} = {value}", every=0.1,
                              details=lambda: f"it shows {self.metric(name, **labels)}")

    def takes_for_down(self, subscription):
        """Its circuit is not closed: open, or, for a passing moment, probing."""
        self.world.wait_until(
            lambda: self.metric("fanfare_circuit_state", subscription=subscription), f"{self.name} to take {subscription} for down")
