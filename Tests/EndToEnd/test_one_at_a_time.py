"""One process at a time works on a redrive or a replay; who comes second is told, and who dies is followed."""

import collections

import pytest

from harness.letters import dead_letter, publish_many
from harness.process import Process

COUNT = 2_000
REDRIVE = ["dlq", "redrive", "--topic", "shop.orders"]
REPLAY = ["replay", "--subscription", "billing", "--from", "earliest"]


@pytest.fixture(params=[REDRIVE, REPLAY], ids=["redrive", "replay"])
def job(request, world):
    """A command that has COUNT records to send."""
    orders = world.topic("shop.orders", partitions=2)
    orders.subscribe("billing", world.endpoint("billing"))
    world.starts_broker()
    if request.param is REDRIVE:
        letters = (dead_letter("billing", offset=n, partition=n % 2) for n in range(COUNT))
        publish_many(world.kafka, orders.dead_letters, letters)
    else:
        orders.publish(COUNT, size=0)
    return Job(world, request.param)


class Job:
    def __init__(self, world, words):
        self.world = world
        self.words = words
        self.runs = 0

    def begins(self, *words):
        """In the background, `--rate` slow enough to be caught in the middle."""
        self.runs += 1
        command = [self.world.program, *self.words, *words, "--config", self.world.write_config()]
        process = Process(f"run {self.runs}", command, self.world.folder / f"run-{self.runs}.log")
        process.expected_to_run = False
        return self.world.started(process)

    def gets_on(self, process, sent=100):
        self.world.wait_until(lambda: self.sent() >= sent or process.popen.poll() is not None, f"{process.name} to get on",
                              details=process.tail, every=0.02)
        assert process.popen.poll() is None, process.tail()

    def ends(self, process):
        self.world.wait_until(lambda: process.popen.poll() is not None, f"{process.name} to end", timeout=60, details=process.tail)
        return process.popen.returncode

    def sent(self):
        return sum(self.world.kafka.ends("fanfare.retry").values())

    def sent_each(self):
        return collections.Counter(retry.source_id for retry in self.world.retries())

    def runs_now(self, expect=0):
        return self.world.fanfare(*self.words, "--output", "json", expect=expect)


def test_who_comes_second_is_refused_and_the_first_goes_on(world, job):
    first = job.begins("--rate", 300)
    job.gets_on(first)
    refused = job.runs_now(expect=1)
    assert f"process {first.pid}: wait until it ends, or interrupt it there" in refused.errors and not refused.output
    assert job.ends(first) == 0, first.tail()
    assert set(job.sent_each().values()) == {1} and job.sent() == COUNT


def test_a_dry_run_disturbs_nobody_and_is_not_disturbed(world, job):
    first = job.begins("--rate", 300)
    job.gets_on(first)
    counted = world.fanfare(*job.words, "--dry-run", "--output", "json").json
    assert 0 < counted["matching"] <= COUNT
    assert first.popen.poll() is None, first.tail()


def test_after_one_that_was_killed_the_next_goes_on_by_itself(world, job):
    first = job.begins("--rate", 300)
    job.gets_on(first)
    first.kill()
    done = job.runs_now()
    assert done.json["complete"] and f"process {first.pid}, which has not said that it ended" in done.errors
    assert set(job.sent_each().values()) == {1} and job.sent() == COUNT


def test_of_two_that_start_at_once_one_does_it(world, job):
    both = [job.begins("--rate", 1000), job.begins("--rate", 1000)]
    assert sorted(job.ends(process) for process in both) == [0, 1], "\n".join(process.tail() for process in both)
    assert set(job.sent_each().values()) == {1} and job.sent() == COUNT


def test_one_that_was_frozen_finds_that_another_has_taken_over(world, job):
    first = job.begins("--rate", 300)
    job.gets_on(first)
    first.freeze()
    assert job.runs_now().json["complete"]
    first.thaw()
    assert job.ends(first) == 1 and first.says("is being run by"), first.tail()
    each = job.sent_each()
    # What it was just handing to the network when it froze.
    assert len(each) == COUNT and sum(each.values()) - COUNT <= 10
