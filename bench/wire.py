"""HTTP/1.1 as an endpoint needs it, on raw asyncio: some 20 us a request, so that the endpoints are not what is measured."""

import asyncio


class Requests(asyncio.Protocol):
    """Takes requests off one connection, one after the other."""

    def received(self, method, path, head, body):
        raise NotImplementedError

    def wants(self, path):
        """False leaves the request, and all that follow, unread."""
        return True

    def connection_made(self, transport):
        self.transport = transport
        self.buffer = b""

    def data_received(self, data):
        self.buffer = self.buffer + data if self.buffer else data
        while self.buffer and self.take_request():
            pass

    def take_request(self):
        """False when the rest of the request is still to come, or nothing more is to be read."""
        end_of_head = self.buffer.find(b"\r\n\r\n")
        if end_of_head < 0:
            return False
        head = self.buffer[:end_of_head]
        method, path, _ = head[:(head + b"\r\n").index(b"\r\n")].split(b" ")
        path = path.decode()
        if not self.wants(path):
            return False
        end = end_of_head + 4 + int(header(head, b"content-length") or 0)
        if len(self.buffer) < end:
            return False
        body = self.buffer[end_of_head + 4:end]
        self.buffer = self.buffer[end:]
        self.received(method, path, head, body)
        return True

    def write(self, answer):
        if not self.transport.is_closing():
            self.transport.write(answer)

    def tell(self, body):
        self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)


def header(head, name):
    """The value of a header, by its name in lower case; None where there is none."""
    at = head.lower().find(b"\r\n%s:" % name)
    if at < 0:
        return None
    at += len(name) + 3
    end = head.find(b"\r\n", at)
    return (head[at:end] if end >= 0 else head[at:]).strip()


STAMP = b'"at":'
DIGITS = 19


def produced_at(body):
    """The moment of an event's production, in nanoseconds, which the producer wrote into it; None without one."""
    at = body.find(STAMP) + len(STAMP)
    return int(body[at:at + DIGITS]) if at >= len(STAMP) else None
