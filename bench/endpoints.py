"""Endpoints for the benches: one process, raw asyncio, some 20 us a request, so that the endpoints are not what is measured.

Started as `endpoints.py PORT`. The path says how a request is answered; what follows the behaviour is a name for the logs:

    /take/NAME          204, and the time that the event took to get here is kept
    /slow/MS/NAME       204 after so many milliseconds
    /fail/SHARE/NAME    500 for that share of the attempts, 204 for the others
    /hang/NAME          no answer
    /endless/NAME       200 and a body that does not end
    /unread/NAME        a receiver that does not read: what was sent stays in the sockets' buffers

An event carries the moment of its production, `"at":NANOSECONDS`, by the clock of this machine.

    GET /latencies      what /take kept since the last question: pairs of signed 64-bit integers, moment of production and
                        nanoseconds until here
    GET /count          attempts by behaviour since the start, as JSON
"""

import array
import asyncio
import collections
import gc
import json
import random
import sys
import time

TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"
FAILED = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"
ENDLESS = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
CHUNK = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
STAMP = b'"at":'
DIGITS = 19

latencies = array.array("q")
count = collections.Counter()


class Connection(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        self.buffer = b""
        self.writable = True

    def data_received(self, data):
        self.buffer = self.buffer + data if self.buffer else data
        while self.buffer and self.take_request():
            pass

    def take_request(self):
        """False when the rest of the request is still to come, or nothing more is to be read."""
        head = self.buffer.find(b"\r\n\r\n")
        if head < 0:
            return False
        method, path, _ = self.buffer[:self.buffer.index(b"\r\n")].split(b" ")
        behaviour, *details = path.decode().strip("/").split("/")
        if behaviour == "unread":
            self.transport.pause_reading()
            count[behaviour] += 1
            return False
        end = head + 4 + body_length(self.buffer[:head])
        if len(self.buffer) < end:
            return False
        body = self.buffer[head + 4:end]
        self.buffer = self.buffer[end:]
        if method == b"GET":
            self.tell(behaviour)
        else:
            count[behaviour] += 1
            self.answer(behaviour, details, body)
        return True

    def answer(self, behaviour, details, body):
        if behaviour == "take":
            at = body.find(STAMP) + len(STAMP)
            if at >= len(STAMP):
                produced = int(body[at:at + DIGITS])
                latencies.append(produced)
                latencies.append(time.time_ns() - produced)
            self.transport.write(TAKEN)
        elif behaviour == "slow":
            loop.call_later(int(details[0]) / 1000, self.write, TAKEN)
        elif behaviour == "fail":
            self.transport.write(FAILED if random.random() < float(details[0]) else TAKEN)
        elif behaviour == "endless":
            self.transport.write(ENDLESS)
            self.pour()

    def pour(self):
        for _ in range(64):
            if not self.writable or self.transport.is_closing():
                return
            self.transport.write(CHUNK)
        loop.call_soon(self.pour)

    def pause_writing(self):
        self.writable = False

    def resume_writing(self):
        self.writable = True
        self.pour()

    def connection_lost(self, _):
        self.writable = False

    def write(self, answer):
        if not self.transport.is_closing():
            self.transport.write(answer)

    def tell(self, question):
        body = latencies.tobytes() if question == "latencies" else json.dumps(count).encode()
        if question == "latencies":
            del latencies[:]
        self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)


def body_length(head):
    at = head.lower().find(b"\r\ncontent-length:")
    if at < 0:
        return 0
    at += len(b"\r\ncontent-length:")
    end = head.find(b"\r\n", at)
    return int(head[at:end] if end >= 0 else head[at:])


async def main():
    server = await loop.create_server(Connection, "127.0.0.1", int(sys.argv[1]), backlog=4096, reuse_address=True)
    await server.serve_forever()


# Nothing here makes cycles, and a collection would be a pause that looks like the bridge's.
gc.disable()
loop = asyncio.new_event_loop()
loop.run_until_complete(main())
