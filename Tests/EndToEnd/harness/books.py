"""The books of one subscription: what was produced against what became of it."""


class Books:
    def __init__(self, world, subscription):
        topic, endpoint = world.subscription(subscription)
        self.name = subscription
        self.endpoint = endpoint
        # The cursors first: what they have passed by now has an outcome that is there to be seen afterwards.
        committed = world.committed(subscription, topic)
        ends = world.kafka.ends(topic.name)
        self.waiting = {
            f"{topic.name}-{partition}-{offset}"
            for partition, end in ends.items() for offset in range(committed[partition] or 0, end)}
        self.arrivals = endpoint.arrivals() if endpoint.receiver else []
        self.produced = set(topic.published)
        self.accepted = endpoint.delivered() if endpoint.receiver else {}
        self.delivered = set(self.accepted)
        self.dead = [letter.source_id for letter in world.dead_letters(topic, subscription)]
        self.retried = {retry.source_id for retry in world.retries(subscription)}

    @property
    def is_complete(self):
        return not self.produced - self.delivered - set(self.dead)

    def balance(self, duplicates=0):
        """All was delivered or dead-lettered, and nothing else; at most so many deliveries were repeated."""
        missing = self.produced - self.delivered - set(self.dead)
        assert not missing, f"{self.name}: {len(missing)} of {len(self.produced)} are neither delivered nor dead-lettered: {some(missing)}"
        self._nothing_invented(duplicates)

    def balance_with_lag(self):
        """Of an endpoint that did not keep up: what is not settled yet waits behind the cursor or in the retry topic."""
        missing = self.produced - self.delivered - set(self.dead) - self.waiting - self.retried
        assert not missing, f"{self.name}: the cursor passed {len(missing)} that are not settled: {some(missing)}"
        self._nothing_invented(duplicates=0)

    def _nothing_invented(self, duplicates):
        invented = self.delivered - self.produced
        assert not invented, f"{self.name}: {len(invented)} were delivered that nobody produced: {some(invented)}"
        both = self.delivered & set(self.dead)
        assert not both, f"{self.name}: {len(both)} were delivered and dead-lettered: {some(both)}"
        assert len(set(self.dead)) == len(self.dead), f"{self.name}: dead letters were written twice"
        assert self.repeated <= duplicates, (
            f"{self.name}: {self.repeated} deliveries were repeated, allowed {duplicates}: "
            f"{some(i for i, times in self.accepted.items() if times > 1)}")
        self.signatures_verify()

    @property
    def repeated(self):
        """How many deliveries came after the first of the same event."""
        return sum(self.accepted.values()) - len(self.accepted)

    def signatures_verify(self):
        bad = [a for a in self.arrivals if a.verified is not True]
        assert not bad, f"{self.name}: {len(bad)} of {len(self.arrivals)} signatures do not verify: {bad[:3]}"

    def attempts_count_up(self):
        """Each attempt of an event says its number: 1, 2, 3, ..."""
        seen = {}
        for arrival in self.arrivals:
            expected = seen.get(arrival.id, 0) + 1
            assert arrival.attempt == expected, f"{self.name}: attempt {expected} of {arrival.id} says fanfare-attempt: {arrival.attempt}"
            seen[arrival.id] = expected


def some(things, count=5):
    return ", ".join(sorted(things)[:count])
