"""What the embedded cluster lacks: TLS and SASL, in front of its one broker.

A connection is let through once it has authenticated. Until then three requests of Kafka's protocol are answered here; afterwards
frames are passed on, and where the broker says its address, the gate's is put in its place. Who came with a token that ends has to
authenticate again before that (KIP-368): whatever else is asked later closes the connection, as with a real broker.
"""

import base64
import hashlib
import hmac
import os
import socket
import struct
import threading
import time

from .listener import Listener

METADATA, FIND_COORDINATOR, SASL_HANDSHAKE, API_VERSIONS, SASL_AUTHENTICATE = 3, 10, 17, 18, 36
AUTHENTICATION_FAILED = 58
ITERATIONS = 4096


class KafkaGate(Listener):
    def __init__(self, broker_port, tls, user, password):
        self.broker_port = broker_port
        self.tls = tls
        self.user, self.password = user.encode(), password.encode()
        self.seconds_left = None        # of OAUTHBEARER: how long a token lasts, by its text; nothing for one that is not taken
        self.passed, self.refused = 0, 0
        self.renewed, self.outlived = 0, 0      # sessions that went on with another token, and those that were closed without
        self.sessions = []
        self.shown = []                 # what came with OAUTHBEARER: fields by name
        super().__init__()

    def _talk(self, connection):
        try:
            with self.tls.wrap_socket(connection, server_side=True) as client, socket.create_connection(("127.0.0.1", self.broker_port)) as broker:
                session = _Session(self, client)
                outcome = self._authenticates(session, broker)
                if not outcome:
                    self.refused += outcome is False
                    return
                self.passed += 1
                self.sessions.append(session)
                asked = {}
                threading.Thread(target=self._answers, args=(broker, session, asked), daemon=True).start()
                while request := _frame(client):
                    key, _, correlation = struct.unpack_from(">hhi", request)
                    if key in (SASL_HANDSHAKE, SASL_AUTHENTICATE):
                        if (outcome := session.take(request)) is not None:
                            self.renewed += outcome
                            self.refused += not outcome
                    elif session.has_ended:
                        self.outlived += 1
                        return
                    else:
                        asked[correlation] = key
                        _send(broker, request)
        except OSError:
            pass        # one of the two has gone

    def _answers(self, broker, session, asked):
        try:
            while answer := _frame(broker):
                if asked.pop(struct.unpack_from(">i", answer)[0], None) in (METADATA, FIND_COORDINATOR):
                    answer = answer.replace(struct.pack(">i", self.broker_port), struct.pack(">i", self.port))
                session.send(answer)
        except OSError:
            pass
        finally:
            session.client.close()

    def ends_sessions(self):
        """Whatever connections ask next closes them, unless they authenticate again."""
        for session in self.sessions:
            session.lasts(0)

    def _authenticates(self, session, broker):
        while request := _frame(session.client):
            key, version = struct.unpack_from(">hh", request)
            if key == API_VERSIONS:
                _send(broker, request)
                session.send(_with_sasl(_frame(broker), version))
            elif (outcome := session.take(request)) is not None:
                return outcome
        return None     # gone before

    def _plain(self):
        given = yield
        yield (b"" if given == b"\0" + self.user + b"\0" + self.password else None), True

    def _scram(self):
        """RFC 5802, as SCRAM-SHA-256."""
        first = (yield).partition(b"n,,")[2]
        fields = dict(field.split(b"=", 1) for field in first.split(b","))
        nonce, salt = fields[b"r"] + base64.b64encode(os.urandom(12)), os.urandom(16)
        challenge = b"r=%b,s=%b,i=%d" % (nonce, base64.b64encode(salt), ITERATIONS)
        final = yield challenge, False
        without_proof, _, proof = final.rpartition(b",p=")
        signed = b",".join([first, challenge, without_proof])
        salted = hashlib.pbkdf2_hmac("sha256", self.password, salt, ITERATIONS)
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        signature = hmac.digest(hashlib.sha256(client_key).digest(), signed, "sha256")
        expected = bytes(a ^ b for a, b in zip(client_key, signature))
        server = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), signed, "sha256")
        is_right = fields[b"n"] == self.user and base64.b64decode(proof) == expected
        yield (b"v=" + base64.b64encode(server) if is_right else None), True


    def _bearer(self, session):
        """RFC 7628."""
        given = yield
        fields = dict(field.partition(b"=")[::2] for field in given.split(b"\x01")[1:] if field)
        fields = {name.decode(): value.decode() for name, value in fields.items()}
        self.shown.append(fields)
        left = self.seconds_left(fields.get("auth", "").removeprefix("Bearer ")) if given.startswith(b"n,,\x01") else None
        if left is None:
            yield b'{"status":"invalid_token"}', False
            yield None, True
        session.lasts(left)
        yield b"", True


class _Session:
    """One connection's authentication, which may come again while requests go on."""

    def __init__(self, gate, client):
        self.gate = gate
        self.client = client
        self.lock = threading.Lock()
        self.steps = None
        self.lifetime = None
        self.end = None

    @property
    def has_ended(self):
        return self.end is not None and time.monotonic() > self.end

    def lasts(self, seconds):
        self.lifetime = seconds
        self.end = time.monotonic() + seconds

    def send(self, answer):
        with self.lock:
            _send(self.client, answer)

    def take(self, request):
        """Answers a request of SASL. Whether it has come to an end, and to which."""
        key, version, correlation, name = struct.unpack_from(">hhih", request)
        body = request[10 + max(name, 0):]
        if key == SASL_HANDSHAKE:
            mechanism = body[2:2 + struct.unpack_from(">h", body)[0]]
            kinds = {b"PLAIN": self.gate._plain, b"OAUTHBEARER": lambda: self.gate._bearer(self)}
            self.steps = kinds.get(mechanism, self.gate._scram)()
            next(self.steps)
            self.send(struct.pack(">ihih", correlation, 0, 1, len(mechanism)) + mechanism)
            return None
        if key != SASL_AUTHENTICATE:
            return None
        challenge, is_done = self.steps.send(body[4:])
        error = 0 if challenge is not None else AUTHENTICATION_FAILED
        challenge = challenge or b""
        lifetime = struct.pack(">q", int((self.lifetime or 0) * 1000)) if version >= 1 else b""
        # In the words of a real broker.
        reason = b"Authentication failed during authentication due to invalid credentials with SASL mechanism"
        message = struct.pack(">h", len(reason)) + reason if error else struct.pack(">h", -1)
        self.send(struct.pack(">ih", correlation, error) + message + struct.pack(">i", len(challenge)) + challenge + lifetime)
        return not error if is_done or error else None


def _frame(connection):
    """The next one; nothing when the other side has gone."""
    size = _exactly(connection, 4)
    return size and _exactly(connection, struct.unpack(">i", size)[0])


def _exactly(connection, count):
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            return b""
        data += more
    return data


def _send(connection, frame):
    connection.sendall(struct.pack(">i", len(frame)) + frame)


def _with_sasl(answer, version):
    """An ApiVersions response with the two requests that the broker does not know."""
    if struct.unpack_from(">h", answer, 4)[0] != 0:
        return answer
    added = [(SASL_HANDSHAKE, 0, 1), (SASL_AUTHENTICATE, 0, 1)]
    if version < 3:
        (count,) = struct.unpack_from(">i", answer, 6)
        return answer[:6] + struct.pack(">i", count + len(added)) + b"".join(struct.pack(">hhh", *api) for api in added) + answer[10:]
    # A compact array: its length plus one, in one byte as long as that is below 128.
    assert answer[6] + len(added) < 128
    return answer[:6] + bytes([answer[6] + len(added)]) + b"".join(struct.pack(">hhhB", *api, 0) for api in added) + answer[7:]
