"""Endpoints for the benches, in one process.

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

from wire import Requests, produced_at

TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"
FAILED = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"
ENDLESS = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
CHUNK = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"

latencies = array.array("q")
count = collections.Counter()


class Connection(Requests):
    def connection_made(self, transport):
        super().connection_made(transport)
        self.writable = True

    def wants(self, path):
        if not path.startswith("/unread/"):
            return True
        self.transport.pause_reading()
        count["unread"] += 1
        return False

    def received(self, method, path, head, body):
        behaviour, *details = path.strip("/").split("/")
        if method == b"GET":
            self.tell_about(behaviour)
        else:
            count[behaviour] += 1
            self.answer(behaviour, details, body)

    def answer(self, behaviour, details, body):
        if behaviour == "take":
            produced = produced_at(body)
            if produced is not None:
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

    def tell_about(self, question):
        self.tell(latencies.tobytes() if question == "latencies" else json.dumps(count).encode())
        if question == "latencies":
            del latencies[:]


async def main():
    server = await loop.create_server(Connection, "127.0.0.1", int(sys.argv[1]), backlog=4096, reuse_address=True)
    await server.serve_forever()


# Nothing here makes cycles, and a collection would be a pause that looks like the bridge's.
gc.disable()
loop = asyncio.new_event_loop()
loop.run_until_complete(main())
