"""What a kill allows to come again, seen from outside, and the books at the end of a round.

Two kinds of Kafka records carry an event to a subscription: its source record, and its records in the retry topic. A
cursor says of each whether it is settled. An *outcome* is a 2xx answer or a dead letter.

Right after each kill, before anything is started, the cursors and the two topics are read. A carrier may repeat an
outcome only if

- the cursor that was committed does not cover it, and
- the process that died had sent its event, and
- that process had got something out of it: a request that was accepted (answered, or still to be answered), a dead letter
  or a retry record.

That is the contract's bound, as a set: what was in flight, and what was settled since the last acknowledged commit. More
outcomes of an event than one and those that were allowed to it are an error, however few they are. So is a cursor that
covers what has no outcome, even if it should come later by chance.
"""

import collections
import dataclasses
import time

from harness.waiting import wait_until
from harness.world import GROUP, RETRY_TOPIC

RETRY_GROUP = f"{GROUP}._retry"


@dataclasses.dataclass(frozen=True)
class RetryRecord:
    subscription: str
    event: str
    attempts: int
    written: float
    partition: int
    offset: int

    @classmethod
    def of(cls, diverted):
        record = diverted.record
        return cls(diverted.subscription, diverted.source_id, int(diverted.text("fanfare-attempt")), record.timestamp / 1000,
                   record.partition, record.offset)


@dataclasses.dataclass(frozen=True)
class DeadLetter:
    subscription: str
    event: str
    attempts: int
    written: float

    @classmethod
    def of(cls, diverted):
        return cls(diverted.subscription, diverted.source_id, int(diverted.text("fanfare-attempt")), diverted.record.timestamp / 1000)


@dataclasses.dataclass(frozen=True)
class Allowance:
    """An outcome that may come again."""
    event: str
    way: str                # to die
    in_flight: bool         # sent, and not answered at the kill
    age: float | None       # seconds from the answer to the kill; None for records in the two topics, and what was in flight


class Look:
    """What stands in Kafka, right after a kill or at the end."""

    def __init__(self, world, topic, way="", deaths=()):
        self.way = way
        self.deaths = deaths
        # The cursors first: what they cover has an outcome that is there to be seen afterwards.
        self.cursors = {name: world.kafka.cursors(f"{GROUP}.{name}", topic.name) for name in topic.endpoints}
        self.retry_cursors = world.kafka.cursors(RETRY_GROUP, RETRY_TOPIC)
        self.at = time.time()
        self.retries = by_pair(RetryRecord.of(r) for r in world.retries())
        self.dead = by_pair(DeadLetter.of(r) for r in world.dead_letters(topic))

    def covers(self, subscription, event):
        partition, offset = map(int, event.rsplit("-", 2)[1:])
        return self.cursors[subscription][partition].covers(offset)

    def covers_retry(self, retry):
        return self.retry_cursors[retry.partition].covers(retry.offset)


def attempts_before(carrier):
    """Those that a carrier begins with: the source record, here None, with none."""
    return carrier.attempts if carrier else 0


def by_pair(records):
    pairs = collections.defaultdict(list)
    for record in records:
        pairs[record.subscription, record.event].append(record)
    return pairs


def wait_for_last_words(broker_port):
    """What the dead had sent is still taken: until the broker has closed the connections that they left half closed."""
    close_wait = "08"

    def left():
        with open("/proc/net/tcp") as table:
            rows = [line.split() for line in table.readlines()[1:]]
        return [row for row in rows if row[1].endswith(f":{broker_port:04X}") and row[3] == close_wait]

    wait_until(lambda: not left(), "the broker to close the connections of the dead")


class Ledger:
    def __init__(self, world, traffic):
        self.world = world
        self.traffic = traffic
        self.looks = []

    def enters(self, way, deaths):
        wait_for_last_words(self.world.broker_port)
        self.looks.append(Look(self.world, self.traffic.topic, way, deaths))

    def closes(self):
        """When all is settled and every process has stopped."""
        end = Look(self.world, self.traffic.topic)
        return {name: Account(name, self.traffic, endpoint.arrivals(), self.looks, end)
                for name, endpoint in self.traffic.subscriptions.items()}


class Account:
    """One subscription's books."""

    def __init__(self, name, traffic, arrivals, looks, end):
        self.name = name
        self.traffic = traffic
        self.looks = looks
        self.end = end
        self.wanted = traffic.wanted(name)
        self.arrivals = arrivals
        self.attempts = collections.defaultdict(list)
        for arrival in arrivals:
            for event in arrival.ids:
                self.attempts[event].append(arrival)
        self.outcomes = collections.Counter({event: sum(a.accepted for a in made) for event, made in self.attempts.items()})
        self.deliveries = self.outcomes.total()
        self.dead = collections.Counter({event: len(letters) for (sub, event), letters in end.dead.items() if sub == name})
        self.outcomes.update(self.dead)
        self.lost = {event for event in self.wanted if not self.outcomes[event]}
        self.repeated = {event: count - 1 for event, count in self.outcomes.items() if count > 1}
        self.allowances = [allowance for look in looks for death in look.deaths for allowance in self._allowed(look, death)]

    # What may come again

    def _allowed(self, look, death):
        """Of a process that stopped in good order, nothing."""
        for event, made in self.attempts.items() if not death.clean else ():
            own = [a for a in made if a.process == death.process]
            if not own:
                continue
            carriers = [] if look.covers(self.name, event) else [None]
            carriers += [retry for retry in look.retries[self.name, event] if not look.covers_retry(retry)]
            for carrier in carriers:
                accepted = [a for a in own if a.accepted and a.attempt > attempts_before(carrier)]
                if accepted or self._written(look, event, carrier, since=death.since):
                    in_flight = any(a.answered is None or a.answered > death.at for a in accepted)
                    age = None if in_flight or not accepted else death.at - min(a.answered for a in accepted)
                    yield Allowance(event, look.way, in_flight, age)

    def _written(self, look, event, carrier, since=0.0):
        """Whether a dead letter or another retry record was made of a carrier."""
        return any(
            record.written >= since and record.attempts >= attempts_before(carrier) and record != carrier
            for record in (*look.dead[self.name, event], *look.retries[self.name, event]))

    # What is wrong

    def faults(self, duplicates=True):
        allowed = collections.Counter(allowance.event for allowance in self.allowances)
        yield from self._said("lost: neither delivered nor dead-lettered", self.lost)
        yield from self._said("came that nobody wanted", set(self.outcomes) - self.wanted)
        if duplicates:
            yield from self._said("were repeated outside the bound", {e for e, n in self.repeated.items() if n > allowed[e]})
        for number, look in enumerate(self.looks, 1):
            yield from self._said(f"were passed by the cursor that stood after kill {number}, without an outcome", set(self._passed(look)))
        yield from self._said("have signatures that do not verify", {a.id for a in self.arrivals if a.verified is not True})
        if self.name == "batched":
            return
        yield from self._said("came under another id than before, or with another body", self._ambiguous())

    def _said(self, what, events):
        if events:
            some = ", ".join(sorted(events)[:5])
            yield f"{self.name}: {len(events)} events {what}: {some}"

    def _passed(self, look):
        """What a cursor covered that had no outcome yet when the cursor was read."""
        carriers = [(event, None) for event in self.wanted if look.covers(self.name, event)]
        carriers += [
            (event, retry) for (name, event), retries in look.retries.items() if name == self.name
            for retry in retries if look.covers_retry(retry)]
        for event, carrier in carriers:
            accepted = any(
                a.accepted and a.attempt > attempts_before(carrier) and a.answered is not None and a.answered <= look.at
                for a in self.attempts[event])
            if not accepted and not self._written(look, event, carrier):
                yield event

    def _ambiguous(self):
        """The body tells the events apart, so each has one id if each id has one body and each body one id."""
        ids, bodies = collections.defaultdict(set), collections.defaultdict(set)
        for arrival in self.arrivals:
            (event,) = arrival.ids
            ids[arrival.digest].add(event)
            bodies[event].add(arrival.digest)
        wrong = {event for event, digests in bodies.items() if len(digests) > 1}
        wrong |= {event for several in ids.values() if len(several) > 1 for event in several}
        if self.name == "healthy":
            wrong |= {event for event, digests in bodies.items() if digests != {self.traffic.digests[event]}}
        return wrong
