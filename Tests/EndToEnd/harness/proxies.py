"""Proxies: every name that they are asked for is this machine, to them."""

import base64
import re
import socket
import threading

from .listener import Listener


class Proxy(Listener):
    """HTTP or SOCKS 5, with a name and a password. Remembers whom it was asked for, and what it was told besides."""

    def __init__(self, kind, user="us:er", password="pa@ss"):
        self.kind = kind
        self.credentials = (user, password)
        self.asked = []
        self.heads = []
        super().__init__()

    @property
    def url(self):
        scheme = {"http": "http", "socks": "socks5h"}[self.kind]
        return f"{scheme}://us%3Aer:pa%40ss@127.0.0.1:{self.port}"

    def _talk(self, client):
        with client:
            target = self._http(client) if self.kind == "http" else self._socks(client)
            if not target:
                return
            host, port, first = target
            self.asked.append(f"{host}:{port}")
            with socket.create_connection(("127.0.0.1", port)) as server:
                server.sendall(first)
                back = threading.Thread(target=pump, args=(server, client), daemon=True)
                back.start()
                pump(client, server)
                back.join()

    def _http(self, client):
        head = b""
        while b"\r\n\r\n" not in head:
            more = client.recv(1)
            if not more:
                return None
            head += more
        self.heads.append(head.decode())
        user, password = self.credentials
        expected = base64.b64encode(f"{user}:{password}".encode()).decode()
        if f"Proxy-Authorization: Basic {expected}\r\n" not in self.heads[-1]:
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return None
        if tunnel := re.match(rb"CONNECT ([^ :]+):(\d+) ", head):
            client.sendall(b"HTTP/1.1 200 Connection established\r\nX-Of-The-Proxy: yes\r\n\r\n")
            return tunnel[1].decode(), int(tunnel[2]), b""
        plain = re.match(rb"POST http://([^/:]+):(\d+)", head)
        # What follows on the same connection is for the same host.
        return plain[1].decode(), int(plain[2]), head.replace(plain[0], b"POST ", 1)

    def _socks(self, client):
        """RFC 1928 and 1929."""
        count = client.recv(2)[1]
        assert 2 in client.recv(count)
        client.sendall(b"\x05\x02")
        user = client.recv(client.recv(2)[1]).decode()
        password = client.recv(client.recv(1)[0]).decode()
        if (user, password) != self.credentials:
            client.sendall(b"\x01\x01")
            return None
        client.sendall(b"\x01\x00")
        kind = client.recv(4)[3]
        assert kind == 3, "a name was expected, not an address"
        host = client.recv(client.recv(1)[0]).decode()
        port = int.from_bytes(client.recv(2))
        client.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        return host, port, b""


def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass
