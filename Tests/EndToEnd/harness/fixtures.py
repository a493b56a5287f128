"""Fixtures for tests that run the real program in a world of their own; a conftest.py imports what it wants."""

import os
import pathlib

import pytest

from .protected import ProtectedServer
from .world import World

ROOT = pathlib.Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def program():
    path = (ROOT / os.environ.get("FANFARE_PROGRAM", ".build/release/fanfare")).resolve()
    assert os.access(path, os.X_OK), f"there is no program at {path}; `make build` builds it, or set FANFARE_PROGRAM"
    return path


@pytest.fixture
def world(program, tmp_path):
    world = World(program, tmp_path)
    yield world
    world.end()


@pytest.fixture
def protected():
    started = []

    def start(**how):
        started.append(ProtectedServer(**how))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows the last words of every process that took part."""
    report = yield
    world = getattr(item, "funcargs", {}).get("world")
    if report.failed and world is not None:
        # One that was started several times writes into one log: its last start stands for all.
        for process in {process.log: process for process in world.processes}.values():
            status = process.popen.poll()
            state = "running" if status is None else f"ended with status {status}"
            report.sections.append((f"{process.name} ({state}), {process.log}", process.tail()))
    return report
