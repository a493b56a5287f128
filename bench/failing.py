"""An endpoint that fails as it is told, and keeps a journal of every attempt.

Started as `failing.py PORT CONTROL`. Requests to PORT are deliveries; the path is the subscription's name. Orders go to CONTROL:

    GET /be/BEHAVIOUR    how all answer from now on; see BEHAVIOURS
    GET /down            nothing listens on PORT any more, and its connections are closed
    GET /up              it does again
    GET /journal/NAME    what a subscription sent since the last question: see journal.py
"""

import asyncio
import collections
import gc
import sys
import time

from journal import Attempt, Journal
from wire import Requests, header, produced_at

PAUSE = 5
ANSWERS = {
    204: b"HTTP/1.1 204 No Content\r\n\r\n",
    429: b"HTTP/1.1 429 Too Many Requests\r\nretry-after: %d\r\ncontent-length: 0\r\n\r\n" % PAUSE,
    500: b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n",
    503: b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n",
}


class Pace:
    """Takes some, then asks for a pause, and takes none until its end."""

    TAKES = 1000

    def __init__(self):
        self.taken = 0
        self.until = 0

    def __call__(self, number, body):
        now = time.monotonic()
        if self.taken == self.TAKES:
            self.taken, self.until = 0, now + PAUSE
        if now < self.until:
            return 429
        self.taken += 1
        return 204


# From the number of the attempt and its body to a status; 0 is no answer.
BEHAVIOURS = {
    "well": lambda number, body: 204,
    "busy": lambda number, body: 503,
    "hanging": lambda number, body: 0,
    "busy-at-first": lambda number, body: 503 if number == 1 else 204,
    "allergic": lambda number, body: 500 if b'"poison"' in body else 204,
    "pacing": Pace(),
}

behaviour = BEHAVIOURS["well"]
journals = collections.defaultdict(Journal)


class Deliveries(Requests):
    open = set()

    def connection_made(self, transport):
        super().connection_made(transport)
        self.open.add(self)

    def connection_lost(self, _):
        self.open.discard(self)

    def received(self, method, path, head, body):
        arrived = time.time_ns()
        _, partition, offset = header(head, b"webhook-id").decode().rsplit("-", 2)
        number = int(header(head, b"fanfare-attempt"))
        status = behaviour(number, body)
        answered = time.time_ns() if status else 0
        journals[path.strip("/")].note(Attempt(int(partition), int(offset), number, produced_at(body), arrived, answered, status))
        if status:
            self.write(ANSWERS[status])


class Control(Requests):
    def received(self, method, path, head, body):
        loop.create_task(self.obey(*path.strip("/").split("/")))

    async def obey(self, order, about=None):
        global behaviour
        if order == "be":
            behaviour = BEHAVIOURS[about]
        elif order == "down":
            deliveries.close()
            for connection in list(Deliveries.open):
                connection.transport.close()
        elif order == "up":
            await listen()
        self.tell(journals[about].take() if order == "journal" else b"")


async def listen():
    global deliveries
    deliveries = await loop.create_server(Deliveries, "127.0.0.1", int(sys.argv[1]), backlog=4096, reuse_address=True)


async def main():
    await listen()
    control = await loop.create_server(Control, "127.0.0.1", int(sys.argv[2]), reuse_address=True)
    await control.serve_forever()


# Nothing here makes cycles worth a pause that looks like the bridge's.
gc.disable()
loop = asyncio.new_event_loop()
loop.run_until_complete(main())
