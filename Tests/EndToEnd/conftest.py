import os

import pytest

from harness import library
from harness.fixtures import protected, program, pytest_runtest_makereport, world  # noqa: F401


def pytest_configure(config):
    config.addinivalue_line("markers", "both_libraries: run with the system's librdkafka and with the newer one")


def pytest_sessionfinish(session):
    """Writes down what failed, for scripts/end-to-end: a line each, as pytest's arguments."""
    file = os.environ.get("FANFARE_FAILED")
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if file and reporter:
        failed = [report.nodeid for kind in ("failed", "error") for report in reporter.stats.get(kind, [])]
        with open(file, "w") as lines:
            lines.writelines(f"{session.config.rootpath / name}\n" for name in dict.fromkeys(failed))


def pytest_generate_tests(metafunc):
    if not os.environ.get("LIBRDKAFKA") and metafunc.definition.get_closest_marker("both_libraries"):
        metafunc.parametrize("librdkafka", [library.SYSTEM, library.NEW])


@pytest.fixture
def librdkafka():
    return os.environ.get("LIBRDKAFKA") or library.SYSTEM


@pytest.fixture(autouse=True)
def chosen_library(librdkafka, tmp_path_factory, monkeypatch):
    for name, value in library.environment_of(librdkafka, tmp_path_factory.getbasetemp()).items():
        monkeypatch.setenv(name, value)
