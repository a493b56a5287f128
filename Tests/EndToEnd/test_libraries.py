"""One program, two versions of librdkafka: the system's, and a newer one that the loader finds first."""

import pytest

from harness import library


@pytest.mark.both_libraries
def test_the_program_says_which_librdkafka_it_runs_with(world, librdkafka):
    said = world.fanfare("--version", config=False).output
    assert (f"(librdkafka {library.newer_version()})" in said) == (librdkafka == library.NEW), said


@pytest.mark.both_libraries
def test_bridge_and_broker_run_with_the_library_that_was_chosen(world, librdkafka):
    world.topic("shop.orders").subscribe("billing", world.endpoint("billing"))
    bridge = world.bridge().starts(ready=False)
    bridge.logs("librdkafka=")
    for process in (bridge.process, world.broker.process):
        loaded = library.loaded_by(process.pid)
        assert library.is_the_newer(loaded) == (librdkafka == library.NEW), f"{process.name} runs with {loaded}"
    assert (f"librdkafka={library.newer_version()}" in bridge.process.tail()) == (librdkafka == library.NEW)
