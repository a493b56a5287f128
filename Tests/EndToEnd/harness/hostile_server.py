"""Endpoints that mean harm, or are badly broken: one process, one port for each way.

Started as `hostile_server.py CERTIFICATE KEY`; prints one line of JSON, the port of each way, and goes on until it is stopped.
The ways of `PLAIN` are plain HTTP/1.1, those of `TLS` behind TLS, those of `HTTP2` behind TLS with HTTP/2. Each gets a connection whose request was
read, unless its name begins with `early`, and does with it what it says; afterwards the connection is closed.
"""

import asyncio
import gzip
import itertools
import json
import re
import socket
import ssl
import struct
import sys

OK = b"HTTP/1.1 200 OK\r\n"
DONE = b"HTTP/1.1 204 No Content\r\n\r\n"
PAUSE = 0.05                    # between the bytes of those who are slow on purpose
BOMB = gzip.compress(bytes(64 << 20))


def answers(*pieces, hold=False):
    """Writes these and closes, or holds the connection for as long as the other side does."""
    async def talk(reader, writer):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        if hold:
            await reader.read()
    return talk


def endless(start, more, pause=0.0):
    async def talk(reader, writer):
        writer.write(start)
        while True:
            writer.write(more)
            await writer.drain()
            await asyncio.sleep(pause)
    return talk


def resets(after=b""):
    """Closing with nothing to wait for sends a reset."""
    async def talk(reader, writer):
        writer.write(after)
        await writer.drain()
        if own := writer.get_extra_info("socket"):
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    return talk


def with_body(*headers, body=b""):
    return OK + b"".join(header + b"\r\n" for header in headers) + b"\r\n" + body


PLAIN = {
    # Slow.
    "mute": answers(hold=True),
    "early-mute": answers(hold=True),
    "slow-head": endless(OK + b"X-Slow: ", b"x", PAUSE),
    "slow-headers": endless(OK, b"X: 1\r\n", PAUSE),
    "slow-body": endless(with_body(b"Content-Length: 1000000"), b"x", PAUSE),
    "slow-chunks": endless(with_body(b"Transfer-Encoding: chunked"), b"1\r\nx\r\n", PAUSE),
    "slow-interim": endless(b"", b"HTTP/1.1 102 Processing\r\n\r\n", PAUSE),
    # Without end.
    "endless-body": endless(with_body(b"Connection: close"), bytes(65536)),
    "endless-chunks": endless(with_body(b"Transfer-Encoding: chunked"), b"10000\r\n" + bytes(65536) + b"\r\n"),
    "endless-503": endless(b"HTTP/1.1 503 Busy\r\n\r\n", bytes(65536)),
    "endless-headers": endless(OK, b"X-More: 1\r\n" * 100),
    "endless-header": endless(OK + b"X-Long: ", b"x" * 65536),
    "endless-status-line": endless(b"HTTP/1.1 200 ", b"O" * 65536),
    "endless-interim": endless(b"", b"HTTP/1.1 103 Early Hints\r\nX: 1\r\n\r\n" * 100),
    "endless-trailers": endless(with_body(b"Transfer-Encoding: chunked", body=b"0\r\n"), b"X-More: 1\r\n" * 100),
    "endless-chunk-extension": endless(with_body(b"Transfer-Encoding: chunked", body=b"1;"), b"x" * 65536),
    "huge-header": answers(OK + b"X-Big: " + b"x" * 1_000_000 + b"\r\n\r\n"),
    # Much in little.
    "gzip-bomb": answers(with_body(b"Content-Encoding: gzip", b"Content-Length: %d" % len(BOMB), body=BOMB)),
    "gzip-twice-bomb": answers(with_body(b"Content-Encoding: gzip, gzip", body=gzip.compress(BOMB))),
    "transfer-bomb": answers(with_body(b"Transfer-Encoding: gzip, chunked", body=b"%x\r\n%b\r\n0\r\n\r\n" % (len(BOMB), BOMB))),
    "nested-json": answers(with_body(b"Content-Length: 60000", body=b'{"failed":' + b"[" * 59_990)),
    # Cut off.
    "truncated-head": answers(OK + b"Content-Le"),
    "truncated-body": answers(with_body(b"Content-Length: 100", body=b"short")),
    "truncated-chunk": answers(with_body(b"Transfer-Encoding: chunked", body=b"64\r\nshort")),
    "no-answer": answers(),
    # Not HTTP, or two things at once.
    "garbage": answers(b"\x00\xff\x7fthis is not HTTP\r\n\r\n"),
    "another-protocol": answers(b"220 mail.example ESMTP\r\n"),
    "status-of-letters": answers(b"HTTP/1.1 abc OK\r\n\r\n"),
    "status-of-five-digits": answers(b"HTTP/1.1 20000 OK\r\n\r\n"),
    "version-9": answers(b"HTTP/9.9 200 OK\r\n\r\n"),
    "two-lengths": answers(with_body(b"Content-Length: 5", b"Content-Length: 50", body=b"hello")),
    "length-of-letters": answers(with_body(b"Content-Length: many", body=b"hello")),
    "negative-length": answers(with_body(b"Content-Length: -5", body=b"hello")),
    "length-beyond-numbers": answers(with_body(b"Content-Length: 99999999999999999999999", body=b"hello")),
    "length-and-chunks": answers(with_body(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n")),
    "chunk-of-letters": answers(with_body(b"Transfer-Encoding: chunked", body=b"many\r\nhello\r\n")),
    "chunk-beyond-numbers": answers(with_body(b"Transfer-Encoding: chunked", body=b"f" * 40 + b"\r\nhello\r\n")),
    "nul-in-header": answers(OK + b"X-Nul: a\x00b\r\nContent-Length: 0\r\n\r\n"),
    "header-without-colon": answers(OK + b"this is no header\r\nContent-Length: 0\r\n\r\n"),
    "folded-header": answers(OK + b"Retry-After: 1\r\n  2\r\nContent-Length: 0\r\n\r\n"),
    "another-protocol-than-asked-for": answers(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"),
    "redirect-to-itself": answers(b"HTTP/1.1 307 X\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n"),
    "redirect-to-a-file": answers(b"HTTP/1.1 302 X\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n"),
    # Connections that go away.
    "early-close": answers(),
    "early-reset": resets(),
    "reset": resets(),
    "reset-in-head": resets(OK + b"Content-Le"),
    "reset-in-body": resets(with_body(b"Content-Length: 100", body=b"short")),
    # Answers well, each time on another connection.
    "churn": answers(with_body(b"Content-Length: 0", b"Connection: close")),
    "silent-churn": answers(DONE),
}

TLS = {
    "early-tls-close": answers(),
    "tls-reset": resets(),
    "tls-truncated": answers(with_body(b"Content-Length: 100", body=b"short")),
}


# HTTP/2, by hand: a library would not do these things. RFC 9113, section 6, has the frames.

DATA, HEADERS, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 5, 6, 7, 8, 9
END_STREAM, END_HEADERS = 1, 4
STATUS_200, STATUS_204 = b"\x88", b"\x89"     # in HPACK's static table


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def answered(stream):
    return frame(HEADERS, END_STREAM | END_HEADERS, stream, STATUS_204)


def reset_with(code):
    return lambda stream: frame(RST_STREAM, 0, stream, struct.pack(">I", code))


def goaway(last, code=0):
    return frame(GOAWAY, 0, 0, struct.pack(">II", last, code))


def literal(name, value):
    """A header that goes into the dynamic table, shorter than 127 bytes each."""
    return b"\x40" + bytes([len(name)]) + name + bytes([len(value)]) + value


def header_bomb(stream):
    """One header of some size in the table, and thousands of references to it: a byte each."""
    block = STATUS_200 + literal(b"x", b"y" * 120) + b"\xbe" * 16000
    return frame(HEADERS, END_STREAM | END_HEADERS, stream, block)


def per_request(*answer, end=False):
    """What is written for each request, with its stream; or once, if the connection is to end then."""
    async def talk(streams, writer):
        async for stream in streams:
            for piece in answer:
                writer.write(piece(stream))
            await writer.drain()
            if end:
                return
    return talk


def flood(start, more, pause=0.0):
    async def talk(streams, writer):
        stream = await anext(streams)
        writer.write(start(stream))
        while True:
            writer.write(more(stream))
            await writer.drain()
            await asyncio.sleep(pause)
    return talk


def refuses_first():
    """Every second request is refused: it must be sent again, and only once is it processed."""
    turn = itertools.count()
    return per_request(lambda stream: reset_with(7)(stream) if next(turn) % 2 == 0 else answered(stream))


EMPTY = lambda stream: b""
HTTP2 = {
    "h2-well": per_request(answered),
    "h2-mute": per_request(EMPTY),
    "h2-refused-stream": per_request(reset_with(7)),
    "h2-refused-once": refuses_first(),
    "h2-internal-error": per_request(reset_with(2)),
    "h2-enhance-your-calm": per_request(reset_with(11)),
    "h2-goaway-unprocessed": per_request(lambda stream: goaway(0), end=True),
    "h2-goaway-processed": per_request(lambda stream: goaway(stream), end=True),
    "h2-goaway-after-answer": per_request(lambda stream: answered(stream) + goaway(stream), end=True),
    "h2-goaway-error": per_request(lambda stream: goaway(stream, 1), end=True),
    "h2-close": per_request(EMPTY, end=True),
    "h2-endless-body": flood(lambda stream: frame(HEADERS, END_HEADERS, stream, STATUS_200), lambda stream: frame(DATA, 0, stream, bytes(16384))),
    "h2-slow-body": flood(lambda stream: frame(HEADERS, END_HEADERS, stream, STATUS_200), lambda stream: frame(DATA, 0, stream, b"x"), PAUSE),
    "h2-header-bomb": per_request(header_bomb),
    "h2-endless-continuation": flood(lambda stream: frame(HEADERS, 0, stream, STATUS_200),
                                     lambda stream: frame(CONTINUATION, 0, stream, literal(b"x", b"y" * 100) * 100)),
    "h2-ping-flood": flood(EMPTY, lambda stream: frame(PING, 0, 0, bytes(8)) * 100, 0.01),
    "h2-settings-flood": flood(EMPTY, lambda stream: frame(SETTINGS) * 100, 0.01),
    "h2-no-window": per_request(EMPTY),          # its settings leave no room for a body
    "h2-push": per_request(lambda stream: frame(PUSH_PROMISE, END_HEADERS, stream, struct.pack(">I", 2) + STATUS_200)),
    "h2-garbage": per_request(lambda stream: b"\xff" * 100),
    "h2-not-at-all": per_request(EMPTY),         # says h2 in the handshake, and speaks HTTP/1.1
}


async def read_request(reader):
    """True when there was one, whole."""
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(int(re.search(rb"(?i)content-length: *(\d+)", head)[1]))


async def request_streams(reader, writer, name):
    """The stream of each request, once it is complete."""
    if name == "h2-not-at-all":
        writer.write(DONE)
    await reader.readexactly(len(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
    window = struct.pack(">HI", 4, 0) if name == "h2-no-window" else b""
    writer.write(frame(SETTINGS, payload=window))
    while True:
        head = await reader.readexactly(9)
        kind, flags, stream = struct.unpack(">BBI", head[3:])
        payload = await reader.readexactly(int.from_bytes(head[:3]))
        if kind == SETTINGS and not flags & 1:
            writer.write(frame(SETTINGS, 1))
        if kind == DATA and payload:
            grant = struct.pack(">I", len(payload))
            writer.write(frame(WINDOW_UPDATE, 0, 0, grant))
        if kind in (HEADERS, DATA) and flags & END_STREAM:
            yield stream


async def serve(name, reader, writer):
    try:
        if name in HTTP2:
            await HTTP2[name](request_streams(reader, writer, name), writer)
        else:
            if not name.startswith("early"):
                await read_request(reader)
            await {**PLAIN, **TLS}[name](reader, writer)
    except (OSError, asyncio.IncompleteReadError, StopAsyncIteration):
        pass        # who called has had enough
    finally:
        writer.close()


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*sys.argv[1:3])
    http2 = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    http2.load_cert_chain(*sys.argv[1:3])
    http2.set_alpn_protocols(["h2"])
    ports = {}
    for names, tls in ((PLAIN, None), (TLS, context), (HTTP2, http2)):
        for name in names:
            async def connected(reader, writer, name=name):
                await serve(name, reader, writer)

            server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls, backlog=1024)
            ports[name] = server.sockets[0].getsockname()[1]
    print(json.dumps(ports), flush=True)
    await asyncio.get_running_loop().create_future()


asyncio.run(main())
