import os
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
# The harness of the end-to-end tests: processes, broker, endpoints, waiting.
sys.path[:0] = [str(HERE), str(HERE.parent / "EndToEnd")]

from harness.fixtures import program, pytest_runtest_makereport, world  # noqa: E402, F401
from report import Report  # noqa: E402

REPORT = pytest.StashKey()


def pytest_configure(config):
    config.stash[REPORT] = Report()


def pytest_generate_tests(metafunc):
    """One test for each round: $FANFARE_ROUNDS of them, with the seeds from $FANFARE_SEED on."""
    if "seed" in metafunc.fixturenames:
        rounds, first = (int(os.environ.get(name) or default) for name, default in (("FANFARE_ROUNDS", 8), ("FANFARE_SEED", 1)))
        metafunc.parametrize("seed", range(first, first + rounds))


@pytest.fixture
def reported(request):
    """Takes a round's result, and shows it at once."""
    report = request.config.stash[REPORT]
    plugins = request.config.pluginmanager

    def take(result):
        report.add(result)
        # At once, so that a run that is interrupted leaves it too.
        if path := os.environ.get("FANFARE_REPORT"):
            report.write(path)
        with plugins.get_plugin("capturemanager").global_and_fixture_disabled():
            request.config.get_terminal_writer().line(f"\n{len(report.rounds):>4}  {result.line}")

    return take


def pytest_terminal_summary(terminalreporter, config):
    report = config.stash[REPORT]
    if not report.rounds:
        return
    terminalreporter.section("kill -9")
    for line in report.table():
        terminalreporter.write_line(line)
    if path := os.environ.get("FANFARE_REPORT"):
        terminalreporter.write_line(f"written to {path}")
