"""The events of a round and the subscriptions that they go to: each kind of outcome is there, and each way to it."""

import hashlib
import json

PARTITIONS = 6
KEPT_TYPE, OTHER_TYPE = "order.paid", "order.seen"


class Traffic:
    def __init__(self, world, rng):
        self.world = world
        self.rng = rng
        self.topic = world.topic("shop.orders", partitions=PARTITIONS, event={"type": {"pointer": "/type"}})
        self.types = {}    # by id
        self.digests = {}  # of the values, by id
        self._subscribe("healthy", payload={"format": "raw"})
        # A fifth of the attempts fails: into the retry topic, out of it, and now and then to the end of the schedule.
        self._subscribe("flaky", behaviour={"fail": 0.2}, retry={"schedule": rng.choice((["2500ms", "300ms"], ["300ms", "2500ms"])), "jitter": 0})
        self._subscribe("strict", behaviour={"refuse_share": 0.03})
        self._subscribe("slow", behaviour={"delay": 0.05}, delivery={"maxInFlight": 32})
        self._subscribe("picky", filters=[{"exact": {"type": KEPT_TYPE}}])
        self._subscribe("batched", behaviour={"refuse_share": 0.005}, batch={"maxEvents": 20, "maxWait": "50ms"})

    def _subscribe(self, name, behaviour=None, **policies):
        # Which process made an attempt: the manifests take it from the environment of each.
        self.topic.subscribe(name, self.world.endpoint(name, **behaviour or {}), headers={"X-Process": "${PROCESS}"}, **policies)

    @property
    def subscriptions(self):
        return self.topic.endpoints

    def publish(self, count):
        """Each event has a value of its own, so that what arrives says which event it is, whatever its id says."""
        expected, records = [], []
        for n in range(len(self.types), len(self.types) + count):
            # Alone in its topic, the producer knows each offset beforehand.
            event = f"{self.topic.name}-{n % PARTITIONS}-{n // PARTITIONS}"
            kind = self.rng.choice((KEPT_TYPE, OTHER_TYPE))
            value = json.dumps({"n": n, "type": kind, "padding": "x" * self.rng.randrange(400)})
            self.types[event] = kind
            self.digests[event] = hashlib.sha256(value.encode()).hexdigest()
            expected.append(event)
            records.append((n % PARTITIONS, None, value, None))
        acknowledged = self.topic.publish_records(records)
        assert sorted(acknowledged) == sorted(expected), "Kafka numbered the events in another way than it was asked to"

    def wanted(self, subscription):
        """The ids of the events that a subscription is to get."""
        return {event for event, kind in self.types.items() if subscription != "picky" or kind == KEPT_TYPE}
