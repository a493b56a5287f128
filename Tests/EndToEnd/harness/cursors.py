"""Cursors as they stand in Kafka: a committed offset, and in its metadata what is settled beyond it.

docs/ARCHITECTURE.md has the format. This is a second implementation of it, for comparison.
"""

import base64
import dataclasses


@dataclasses.dataclass(frozen=True)
class Cursor:
    base: int          # every offset below is settled
    settled: frozenset  # and so are these

    @classmethod
    def of(cls, offset, metadata):
        """A cursor that was never committed has settled nothing."""
        return cls(max(offset, 0), frozenset(settled_beyond(offset, metadata or "")))

    def covers(self, offset):
        return offset < self.base or offset in self.settled


def settled_beyond(base, metadata):
    if not metadata:
        return
    version, _, text = metadata.partition(":")
    assert version == "1", f"unknown metadata: {metadata}"
    offset = base
    numbers = list(leb128(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))
    for unsettled, settled in zip(numbers[::2], numbers[1::2], strict=True):
        offset += unsettled
        yield from range(offset, offset + settled)
        offset += settled


def leb128(data):
    value = shift = 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield value
            value = shift = 0
    assert not shift, "the last number is cut"
