import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# The harness of the end-to-end tests: processes, ports, waiting.
sys.path[:0] = [str(HERE), str(ROOT / "Tests" / "EndToEnd")]

from harness.fixtures import program  # noqa: E402, F401
from harness.process import stop_all  # noqa: E402


@pytest.fixture(scope="session")
def commands(program):
    """The names of the program's commands."""
    text = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    listed = text.partition("SUBCOMMANDS:")[2].splitlines()
    # Names stand two columns in, descriptions much further; the last line points to `fanfare help`.
    return {line.split()[0] for line in listed if line.startswith("  ") and line[2].islower()}


@pytest.fixture
def processes():
    """Started processes; ended when the test ends, one after the other, the last one first: a bridge needs its broker."""
    started = []
    yield started
    stop_all(reversed(started))
