"""What an endpoint notes of each attempt, and how that travels: signed 64-bit numbers."""

import array
import collections

# Moments are nanoseconds of this machine's clock; `answered` is the moment before the answer was written, and 0, like `status`,
# where there was none.
Attempt = collections.namedtuple("Attempt", "partition offset number produced arrived answered status")


class Journal:
    def __init__(self):
        self.numbers = array.array("q")

    def note(self, attempt):
        self.numbers.extend(attempt)

    def take(self):
        """All since the last time, as bytes."""
        taken, self.numbers = self.numbers.tobytes(), array.array("q")
        return taken


def attempts(taken):
    numbers = iter(array.array("q", taken))
    return [Attempt(*fields) for fields in zip(*[numbers] * len(Attempt._fields))]
