import os

import pytest

from harness import library
from harness.fixtures import protected, program, pytest_runtest_makereport, world  # noqa: F401


def pytest_configure(config):
    config.addinivalue_line("markers", "both_libraries: run with the system's librdkafka and with the newer one")


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
