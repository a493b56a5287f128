"""Cursors as they stand in Kafka: a committed offset, and in its metadata what is settled beyond it.

docs/ARCHITECTURE.md has the format. This is a second implementation of it, for comparison. The request is written here
byte by byte because the Python client reads the metadata beyond its end: librdkafka does not end it with a zero.
"""

import base64
import dataclasses
import socket
import struct

from confluent_kafka import KafkaError, KafkaException


@dataclasses.dataclass(frozen=True)
class Cursor:
    base: int          # every offset below is settled
    settled: frozenset  # and so are these

    @classmethod
    def of(cls, offset, metadata):
        """A cursor that was never committed has settled nothing."""
        return cls(max(offset, 0), frozenset(settled_beyond(offset, metadata)))

    def covers(self, offset):
        return offset < self.base or offset in self.settled


def fetch_cursors(address, group, topic, partitions):
    """OffsetFetch, version 1, which https://kafka.apache.org/protocol describes; the only broker is the coordinator."""
    offset_fetch, version, correlation = 9, 1, 1
    request = (
        struct.pack(">hhih", offset_fetch, version, correlation, -1) + string(group) + struct.pack(">i", 1) + string(topic)
        + struct.pack(f">i{len(partitions)}i", len(partitions), *partitions))
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as broker, broker.makefile("rb") as answer:
        broker.sendall(struct.pack(">i", len(request)) + request)

        def read(format):
            data = answer.read(struct.calcsize(f">{format}"))
            if len(data) < struct.calcsize(f">{format}"):
                raise ConnectionError("the broker has closed the connection")
            return struct.unpack(f">{format}", data)

        def read_text():
            (length,) = read("h")
            return "" if length < 0 else answer.read(length).decode()

        cursors = {}
        _, _, topics = read("iii")
        assert topics == 1 and read_text() == topic
        (count,) = read("i")
        for _ in range(count):
            partition, offset = read("iq")
            metadata = read_text()
            (error,) = read("h")
            if error:
                raise KafkaException(KafkaError(error, f"the cursor of {group} in {topic}[{partition}] cannot be read"))
            cursors[partition] = Cursor.of(offset, metadata)
        return cursors


def string(value):
    return struct.pack(">h", len(value)) + value.encode()


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
