"""Endpoints below HTTP: connections that break, answers that are none, certificates that are wrong."""

import re
import socket
import ssl
import struct
import subprocess
import threading


class RawServer:
    """Reads each request whole, unless it is hasty, and does with its connection as told. Counts requests."""

    def __init__(self, answer=b"", hasty=False, resets=False, holds=False, tls=None):
        self.answer = answer
        self.hasty = hasty
        self.resets = resets
        self.holds = holds
        self.tls = tls
        self.requests = 0
        self._held = []
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in self._held:
            connection.close()

    def _serve(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            if not (connection.recv(1) if self.hasty else _read_request(connection)):
                return connection.close()
            self.requests += 1
            connection.sendall(self.answer)
            if self.holds:
                return self._held.append(connection)
            if self.resets:
                # Closing without waiting for the other side sends a reset.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        except OSError:
            # Whoever called has gone: a certificate that it does not like, an answer that it had enough of.
            connection.close()


def _read_request(connection):
    """False when the other side goes before its request is complete."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return False
        data += more
    head, body = data.split(b"\r\n\r\n", 1)
    left = int(re.search(rb"(?i)content-length: *(\d+)", head)[1]) - len(body)
    while left > 0:
        more = connection.recv(65536)
        if not more:
            return False
        left -= len(more)
    return True


class FullPort:
    """A port whose queue of connections is full: the kernel drops further handshakes, and connecting hangs."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.port = self._listener.getsockname()[1]
        self._waiting = []
        for _ in range(4):
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", self.port))
            self._waiting.append(waiting)

    def close(self):
        for each in [*self._waiting, self._listener]:
            each.close()


class Certificates:
    """An authority for one test, and certificates of its for servers."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self._openssl("req", "-x509", *self._new_key("ca"), "-out", "ca.pem", "-subj", "/CN=Test CA", "-days", "2")
        self.authority = str(folder / "ca.pem")

    def server(self, name, subject="IP:127.0.0.1", days=2):
        """What a TLS server needs; expired with negative days."""
        self._openssl("req", *self._new_key(name), "-out", f"{name}.csr", "-subj", "/CN=test")
        (self.folder / f"{name}.ext").write_text(f"subjectAltName={subject}")
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                      "-extfile", f"{name}.ext", "-days", str(days), "-out", f"{name}.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        return context

    def _new_key(self, name):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key"]

    def _openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)
