"""The program is killed at random moments, and each time the books are closed from outside: see ledger.py."""

import random
import time

from harness.world import RETRY_TOPIC
from kills import WAYS
from ledger import RETRY_GROUP, Ledger
from replica import Replica
from report import RoundResult
from traffic import Traffic

WAVE = 1500  # events before each kill


def test_after_kill_the_books_balance(world, seed, reported):
    round = Round(world, seed)
    result = RoundResult(seed, [named(way) for way in round.ways], round.system_calls, round.broker_delay)
    began = time.monotonic()
    try:
        for way in round.ways:
            round.goes_through(way)
        accounts = round.closes_the_books()
        # What was repeated because of that cannot be told from what is not allowed. Everything else must hold all the same.
        result.judged = not round.stood_still
        faults = [fault for account in accounts.values() for fault in account.faults(duplicates=result.judged)]
        result.events = len(round.traffic.types)
        result.pairs = result.events * len(accounts)
        for account in accounts.values():
            result.deliveries += account.deliveries
            result.dead_letters += account.dead.total()
            result.filtered += result.events - len(account.wanted)
            result.lost += len(account.lost)
            if result.judged:
                result.duplicates += sum(account.repeated.values())
                result.allowances += account.allowances
        result.passed = not faults
    finally:
        result.seconds = time.monotonic() - began
        reported(result)
    assert not faults, "\n".join([*faults, f"logs: {world.folder}", f"again: make faults ROUNDS=1 SEED={seed}"])


def named(way):
    return way.__name__.replace("_", " ")


class Round:
    """A world of its own, one to three kills, and the books."""

    def __init__(self, world, seed):
        self.world = world
        self.rng = random.Random(seed)
        # Consecutive seeds begin with each way in turn, so that a few rounds have them all.
        self.ways = [WAYS[seed % len(WAYS)], *self.rng.choices(WAYS, k=self.rng.choice((0, 0, 1, 2)))]
        self.system_calls = []
        # A small ring makes the slower subscriptions lag, and be read back for.
        world.configure(limits={"ring": self.rng.choice(("64KiB", "4MiB"))})
        self.traffic = Traffic(world, self.rng)
        self.first = Replica(world, "first")
        self.second = Replica(world, "second")
        # Acknowledgements of a distant broker: more commits and records are under way when the kill comes.
        self.broker_delay = self.rng.choice((0, 0, 5, 20))
        world.broker.command(f"rtt {self.broker_delay}")
        self.ledger = Ledger(world, self.traffic)

    def goes_through(self, way):
        deaths = way(self)
        self.ledger.enters(named(way), deaths)
        # Some events come while nobody is there.
        self.publishes(WAVE // 5)

    # What the ways to kill are made of

    def publishes(self, count=WAVE):
        self.traffic.publish(count)

    def flows(self):
        """Publishes, and is back at a random point of the delivery of what was published."""
        endpoint = self.traffic.subscriptions[self.rng.choice(("healthy", "flaky", "strict", "slow"))]
        goal = endpoint.summary()["attempts"] + self.rng.randrange(1, WAVE * 4 // 5)
        self.publishes()
        endpoint.has_seen(goal)
        time.sleep(self.rng.uniform(0, 0.05))

    def sees_another_attempt(self):
        endpoint = self.traffic.subscriptions["healthy"]
        endpoint.has_seen(endpoint.summary()["attempts"] + 1)

    def one_of_both(self):
        return self.rng.choice((self.first, self.second))

    # The end

    @property
    def stood_still(self):
        """The machine did not let a process run until the group had taken its partitions: a fault that was not planned."""
        return any(replica.bridge.process.says("went on without this member") for replica in (self.first, self.second) if replica.generation)

    def closes_the_books(self):
        self.first.is_up()
        for name in self.traffic.subscriptions:
            self.world.is_settled(name, timeout=90)
        self.world.wait_until(self._retries_are_settled, "the retry topic to be settled", timeout=90, every=0.2)
        for replica in (self.first, self.second):
            if replica.runs:
                replica.stops()
        return self.ledger.closes()

    def _retries_are_settled(self):
        # In this order: a retry record is settled after what follows from it was written.
        cursors = self.world.kafka.cursors(RETRY_GROUP, RETRY_TOPIC)
        ends = self.world.kafka.ends(RETRY_TOPIC)
        return all(cursors[partition].base == end for partition, end in ends.items())
