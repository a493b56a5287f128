"""Endpoints below HTTP: connections that break, answers that are none, certificates that are wrong."""

import base64
import hashlib
import re
import socket
import ssl
import struct
import subprocess
import time

from .listener import Listener


class RawServer(Listener):
    """Reads each request whole, unless it is hasty, and does with its connection as told. Counts requests, and keeps their heads."""

    def __init__(self, answer=b"", hasty=False, resets=False, holds=False, tls=None):
        self.answer = answer
        self.hasty = hasty
        self.resets = resets
        self.holds = holds
        self.tls = tls
        self.requests = 0
        self.heads = []             # request line and headers, byte for byte, without the empty line
        self._held = []
        super().__init__()

    def close(self):
        super().close()
        for connection in self._held:
            connection.close()

    def _talk(self, connection):
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            head = connection.recv(1) if self.hasty else _read_request(connection)
            if not head:
                return connection.close()
            self.heads.append(head)
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
    """Its head; nothing when the other side goes before its request is complete."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return b""
        data += more
    head, body = data.split(b"\r\n\r\n", 1)
    left = int(re.search(rb"(?i)content-length: *(\d+)", head)[1]) - len(body)
    while left > 0:
        more = connection.recv(65536)
        if not more:
            return b""
        left -= len(more)
    return head


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
    """An authority for one test, and certificates of its for servers and clients."""

    LATE = 4102444800       # with the year 2099

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.authority = self._self_signed("ca", "/CN=Test CA")

    def server(self, name, subject="IP:127.0.0.1", days=2, begins=None, ends=None):
        """What a TLS server needs; expired with negative days, `begins` as openssl writes times, `ends` a Unix time."""
        self._issue(name, subject, days, begins, ends)
        return self.context(name)

    def self_signed_server(self, name):
        self._self_signed(name, "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1")
        return self.context(name)

    def client(self, name, days=2, ends=None):
        """The files that a client shows; `ends` is a Unix time."""
        self._issue(name, "DNS:fanfare", days, ends=ends)
        return {"certificate": self.path(f"{name}.pem"), "key": self.path(f"{name}.key")}

    def end(self, name):
        """Its Unix time."""
        return ssl.cert_time_to_seconds(self._openssl("x509", "-in", f"{name}.pem", "-noout", "-enddate").decode().strip().partition("=")[2])

    def pin(self, name):
        """As `tls.pins` has it."""
        public = self._openssl("x509", "-in", f"{name}.pem", "-pubkey", "-noout")
        key = self._openssl("pkey", "-pubin", "-outform", "der", stdin=public)
        return "sha256//" + base64.b64encode(hashlib.sha256(key).digest()).decode()

    def path(self, name):
        return str(self.folder / name)

    def _issue(self, name, subject, days, begins=None, ends=None):
        self._openssl("req", *self._new_key(name), "-out", f"{name}.csr", "-subj", "/CN=test")
        (self.folder / f"{name}.ext").write_text(f"subjectAltName={subject}")
        if begins or ends:
            return self._issue_from(name, begins or "20200101000000Z", ends or self.LATE)
        self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                      "-extfile", f"{name}.ext", "-days", str(days), "-out", f"{name}.pem")

    def _issue_from(self, name, begins, ends):
        """`openssl x509` only issues from now on, for whole days."""
        (self.folder / "ca.cnf").write_text(
            "[ca]\ndefault_ca=it\n[it]\ndatabase=index\nnew_certs_dir=.\nrand_serial=yes\nunique_subject=no\ndefault_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n")
        (self.folder / "index").touch()
        self._openssl("ca", "-batch", "-notext", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key", "-in", f"{name}.csr",
                      "-extfile", f"{name}.ext", "-startdate", begins, "-enddate", time.strftime("%Y%m%d%H%M%SZ", time.gmtime(ends)), "-out", f"{name}.pem")

    def _self_signed(self, name, subject, *more):
        self._openssl("req", "-x509", *self._new_key(name), "-out", f"{name}.pem", "-subj", subject, "-days", "2", *more)
        return self.path(f"{name}.pem")

    def context(self, name):
        """Another one for a certificate that was issued before."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path(f"{name}.pem"), self.path(f"{name}.key"))
        return context

    def _new_key(self, name):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key"]

    def _openssl(self, *words, stdin=None):
        return subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True, input=stdin).stdout
