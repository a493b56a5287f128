"""Events at a steady rate, in the background."""

import threading
import time


class Load:
    """Publishes to a topic until the end of the block; `made` says when each event was acknowledged, by its id."""

    def __init__(self, topic, per_second):
        self._topic = topic
        self._per_second = per_second
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._failure = None
        self.made = {}

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, failure, *_):
        self._end.set()
        self._thread.join()
        if failure is None and self._failure:
            raise self._failure

    def _run(self):
        start = time.monotonic()
        count = 0
        try:
            # In steps of 20 ms; after a hold-up what is missing follows at once.
            while not self._end.wait(0.02):
                due = int((time.monotonic() - start) * self._per_second) - count
                if due > 0:
                    ids = self._topic.publish(due)
                    count += due
                    self.made.update(dict.fromkeys(ids, time.time()))
        except Exception as failure:  # told at the end of the block
            self._failure = failure
