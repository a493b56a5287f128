import dataclasses
import os
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
# The harness of the end-to-end tests: processes, broker, endpoints, waiting.
sys.path[:0] = [str(HERE), str(HERE.parent / "EndToEnd")]

from harness.fixtures import program, pytest_runtest_makereport, world  # noqa: E402, F401
from report import Report, RoundResult  # noqa: E402

PROPERTY = "round"


def pytest_configure(config):
    # With pytest-xdist, rounds are played by workers, which send their results along with the tests'.
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Reporter(config), "kill-report")


def pytest_generate_tests(metafunc):
    """One test for each round: $FANFARE_ROUNDS of them, with the seeds from $FANFARE_SEED on."""
    if "seed" in metafunc.fixturenames:
        rounds, first = (int(os.environ.get(name) or default) for name, default in (("FANFARE_ROUNDS", 8), ("FANFARE_SEED", 1)))
        metafunc.parametrize("seed", range(first, first + rounds))


@pytest.fixture
def reported(request):
    """Takes a round's result."""
    return lambda result: request.node.user_properties.append((PROPERTY, dataclasses.asdict(result)))


class Reporter:
    """Shows each round as it ends, and all of them at the end; $FANFARE_REPORT names the file for the figures."""

    def __init__(self, config):
        self.config = config
        self.report = Report()
        self.path = os.environ.get("FANFARE_REPORT")

    def pytest_runtest_logreport(self, report):
        result = dict(report.user_properties).get(PROPERTY)
        if report.when != "call" or result is None:
            return
        result = RoundResult.of(result)
        self.report.add(result)
        self.config.get_terminal_writer().line(f"\n{len(self.report.rounds):>4}  {result.line}")
        # Each time, so that a run that is interrupted leaves it too.
        if self.path:
            self.report.write(self.path)

    def pytest_terminal_summary(self, terminalreporter):
        if not self.report.rounds:
            return
        terminalreporter.section("kill -9")
        for line in self.report.table():
            terminalreporter.write_line(line)
        if self.path:
            terminalreporter.write_line(f"written to {self.path}")
