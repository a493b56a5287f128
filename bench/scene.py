"""Two subscriptions to one topic, one of which has an endpoint that may fail, and what can be known of them from outside."""

import bisect
import time

import report
from stage import GAUGE, SUBJECT, FailingEndpoint, SteadyProducer, Target, keeps_all, priority

FAILING, HEALTHY, REFERENCE = "failing", "healthy", "reference"
TOPIC = "bench.orders"
LANES = ["1s", "5s", "30s", "2m", "10m", "1h", "6h"]
TIMEOUT = 5
# In which a speed is measured, in nanoseconds.
WINDOW = 500_000_000


class Scene:
    def __init__(self, options, world, types=lambda n: ("order",), **policies):
        self.options = options
        self.world = world
        world.retry_partitions = len(LANES)
        self.topic = world.topic(TOPIC, partitions=options.partitions, event={"type": {"pointer": "/type"}})
        priority(options, GAUGE)
        self.failing = FailingEndpoint(world, FAILING)
        self.healthy = FailingEndpoint(world, HEALTHY)
        self.topic.subscribe(FAILING, Target(world, FAILING, self.failing.port), delivery={"timeout": f"{TIMEOUT}s"}, **policies)
        self.topic.subscribe(HEALTHY, Target(world, HEALTHY, self.healthy.port))
        world.starts_broker()
        priority(options, SUBJECT)
        self.bridge = world.bridge().starts()
        priority(options, GAUGE)
        # In batches: the embedded broker gives one for each fetch, and looks for it from the beginning of the log.
        self.producer = SteadyProducer(world, self.topic, options.size, types, linger=options.linger, run=100)

    def failures(self):
        """Requests that were not successful, by the bridge's own count: where nothing listens, nobody else sees them."""
        counts = (self.bridge.metric("fanfare_attempts_total", subscription=FAILING, result=result) for result in ("retry", "refused"))
        return int(sum(count or 0 for count in counts))

    def openings(self):
        return int(self.bridge.metric("fanfare_circuit_openings_total", subscription=FAILING) or 0)

    def catches_up(self, subscription=FAILING):
        """Returns when."""
        self.world.wait_until(
            lambda: self.world.lag(subscription, self.topic) < self.options.rate, f"{subscription} to catch up", timeout=300, every=0.1)
        return time.time_ns()

    def reference_rate(self):
        """Events per second of a subscription that catches up with all events undisturbed; without its first and last tenth."""
        self.topic.subscribe(REFERENCE, Target(self.world, REFERENCE, self.failing.port))
        self.topic.write()
        self.catches_up(REFERENCE)
        old = [a.arrived for a in self.failing.journal(REFERENCE) if a.arrived - a.produced > 2_000_000_000]
        tenth = len(old) // 10
        middle = old[tenth:len(old) - tenth]
        return len(middle) / (middle[-1] - middle[0]) * 1e9

    def closes(self):
        """Once each event has its outcome, or when that lasts too long: the books."""
        count = self.producer.count
        keeps_all(self.world, [self.topic], count)
        journal, taken, letters = [], set(), set()

        def each_has_its_outcome():
            new = self.failing.journal(FAILING)
            journal.extend(new)
            taken.update(event(a) for a in new if a.status == 204)
            if len(taken | letters) < count:
                letters.update(letter.source_id for letter in self.world.dead_letters(self.topic, FAILING))
            return len(taken | letters) >= count

        try:
            self.world.wait_until(each_has_its_outcome, "each event to have its outcome", timeout=400, every=1)
        except AssertionError:
            self.world.check_processes()  # The books say what is missing.
        for name in (FAILING, HEALTHY):
            self.world.is_settled(name)
        letters = [letter.source_id for letter in self.world.dead_letters(self.topic)]
        return Books(count, journal, self.healthy.journal(HEALTHY), self.world.retries(FAILING), letters)


class Books:
    """What became of each event."""

    def __init__(self, count, journal, healthy, retries, letters):
        self.journal = journal
        self.healthy = healthy
        self.letters = letters
        self.diverted = {retry.source_id for retry in retries}
        accepted = [event(a) for a in journal if a.status == 204]
        by_the_other = {event(a) for a in healthy}
        self.figures = {
            "events": count, "lost": count - len({*accepted, *letters}), "repeated": len(accepted) - len(set(accepted)),
            "healthy_lost": count - len(by_the_other), "healthy_repeated": len(healthy) - len(by_the_other),
            "dead_letters": len(letters), "diverted_events": len(self.diverted), "retry_records": len(retries)}

    def deliveries(self, since):
        """When events were accepted, in order, without those that came out of the retry topic."""
        return [a.arrived for a in self.journal if a.status == 204 and a.arrived >= since and event(a) not in self.diverted]

    def seconds_to_first(self, since):
        accepted = [a.arrived for a in self.journal if a.status == 204 and a.arrived >= since]
        return seconds(accepted[0] - since) if accepted else None

    def seconds_to_speed(self, since, rate):
        """Until the beginning of the first half second in which so many were accepted."""
        moments = self.deliveries(since)
        wanted = rate * WINDOW / 1e9
        for i, moment in enumerate(moments):
            if bisect.bisect_left(moments, moment + WINDOW) - i >= wanted:
                return seconds(moment - since)
        return None

    def seconds_to_last_retry(self, since):
        moments = [a.arrived for a in self.journal if a.status == 204 and event(a) in self.diverted]
        return seconds(max(moments) - since) if moments else None

    def neighbour(self, before, since, until):
        """The latency of the other subscription's events before and while the endpoint failed."""
        return {"before": latencies(self.healthy, before, since), "during": latencies(self.healthy, since, until)}


def event(attempt):
    return f"{TOPIC}-{attempt.partition}-{attempt.offset}"


def seconds(nanoseconds):
    return round(nanoseconds / 1e9, 2)


def latencies(attempts, start, end):
    return report.spread(a.arrived - a.produced for a in attempts if a.number == 1 and start <= a.produced < end)
