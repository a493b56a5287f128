"""Looks at a subscription's cursors all the time, as any Kafka tool could."""

import threading

from confluent_kafka import KafkaException


class CursorWatch:
    """A cursor never goes back: what it covered once, it covers for ever. Checked with every look, and told at the end.

        with world.watches("billing") as watch:
            ...
            watch.latest    # {partition: Cursor}
    """

    def __init__(self, look, every=0.05):
        self._look = look
        self._every = every
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.latest = {}
        self.looks = 0
        self.went_back = []
        self._failure = None

    def __enter__(self):
        self.latest = self._look()
        self._thread.start()
        return self

    def __exit__(self, failure, *_):
        self._end.set()
        self._thread.join()
        if failure is None:
            if self._failure:
                raise self._failure
            assert self.looks, "nobody looked at the cursors"
            assert not self.went_back, f"cursors went back: {self.went_back[:5]}"

    def _run(self):
        try:
            self._watch()
        except Exception as failure:  # else nobody would know that nobody looked any more
            self._failure = failure

    def _watch(self):
        while not self._end.wait(self._every):
            try:
                now = self._look()
            except (KafkaException, OSError):
                continue  # a broker that is away, or refuses, shows nothing
            self.looks += 1
            for partition, cursor in now.items():
                before = self.latest.get(partition)
                if before and not (cursor.base >= before.base and all(cursor.covers(offset) for offset in before.settled)):
                    self.went_back.append((partition, before, cursor))
            self.latest = now
